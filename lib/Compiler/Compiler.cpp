// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of a compilation: plugins, model, then for each target a plan and
// its code, then the package.
#include "terrazzo/Compiler/Compiler.h"
#include "BuildKernels.h"
#include "FillPackage.h"
#include "LoadModel.h"
#include "Reports.h"
#include "StageDump.h"
#include "mlir/Pass/PassManager.h"
#include "terrazzo/Target/PluginRegistry.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <chrono>

using namespace mlir;

namespace terrazzo {
namespace {

Error internalError(StringRef what) {
  return Error{ExitCode::Internal,
               "TZ0599",
               what.str(),
               "",
               "",
               "please report this, with the model and the command line"};
}

/// The plugin that runs what a device cannot.
constexpr llvm::StringLiteral kFallback = "cpu";

class Compilation {
public:
  Compilation(const CompileOptions &options, CompileListener &listener)
      : options(options), context(MLIRContext::Threading::ENABLED),
        reports(&context, listener) {
    // Users know tensors, not operations.
    context.printOpOnDiagnostic(false);
  }

  Expected<CompileResult> run() {
    auto start = std::chrono::steady_clock::now();
    if (Status status = compile(); !status)
      return reports.takeError(status.takeError());
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    return std::move(result);
  }

private:
  static bool isDevice(StringRef target) {
    return pluginOfTarget(target) != kFallback;
  }

  Status compile() {
    if (Status status = checkOutput(); !status)
      return status;
    if (Status status = loadPlugins(); !status)
      return status;
    reports.progress("import", 0, 1);
    reports.enterStage("TZ0501", ExitCode::ModelNotSupported, "");
    Expected<LoadedModel> loaded = loadModel(options.model, &context);
    if (!loaded)
      return loaded.takeError();
    model = std::move(*loaded);
    reports.setModel(model.name);
    reports.progress("import", 1, 1);
    if (options.emit == CompileOptions::Emit::Tz)
      return print(*model.module);
    if (Status status = resolveTargets(); !status)
      return status;
    PackageFiller filler(model, *model.module, options);
    for (Attribute target : targets) {
      Status status = compileFor(target, filler);
      if (!status || options.emit == CompileOptions::Emit::Plan)
        return status;
    }
    filler.finish(result.placement, reports.remarks());
    reports.progress("package", 0, 1);
    if (Status status = write(filler); !status)
      return status;
    llvm::sys::fs::file_size(options.output, result.bytes);
    reports.progress("package", 1, 1);
    return {};
  }

  /// What a runtime would refuse is an error of the module.
  Status write(PackageFiller &filler) {
    auto bytes = exec::serializePackage(filler.package(), filler.code());
    if (!bytes)
      return bytes.takeError();
    if (Status status = exec::checkPackage(*bytes, options.output); !status)
      return Error{ExitCode::ModelNotSupported,
                   "TZ0504",
                   "no runtime could use the package",
                   model.name,
                   status.error().why,
                   "a smaller function, or smaller sizes in 'tz.sizes'"};
    return exec::writePackage(*bytes, options.output);
  }

  /// The package is renamed into place, which would replace a device or a
  /// folder.
  Status checkOutput() const {
    namespace fs = llvm::sys::fs;
    if (options.emit != CompileOptions::Emit::Package ||
        !fs::exists(options.output) || fs::is_regular_file(options.output))
      return {};
    return Error{
        ExitCode::Failure, "TZ0503", "the output is not a regular file",
        options.output,    "",       "give the package's path, like model.tzp"};
  }

  Status loadPlugins() {
    DialectRegistry registry;
    registry.insert<tz::TzDialect, plan::PlanDialect>();
    for (StringRef target : options.targets)
      if (Status status = plugins.loadById(pluginOfTarget(target)); !status)
        return status;
    // Where a target's operations go that it cannot run; without the plugin
    // they have no other place.
    if (!options.unsupportedIsError && llvm::any_of(options.targets, isDevice))
      fallsBack = bool(plugins.loadById(kFallback));
    plugins.appendDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<tz::TzDialect, plan::PlanDialect>();
    return {};
  }

  Status resolveTargets() {
    reports.enterStage("TZ0412", ExitCode::TargetUnavailable,
                       "`terrazzo targets` lists what is available");
    for (StringRef name : options.targets) {
      auto emit = [&] { return emitError(UnknownLoc::get(&context)); };
      FailureOr<Attribute> target = resolveTarget(&context, name, emit);
      if (failed(target))
        return Error{ExitCode::TargetUnavailable,
                     "TZ0412",
                     "the target '" + name.str() + "' is not available",
                     "",
                     "",
                     "`terrazzo targets` lists what is available"};
      if (llvm::is_contained(targets, *target))
        continue;
      targets.push_back(*target);
    }
    resolveFallback();
    return {};
  }

  /// The processor that the user named beside the device, or else this one.
  void resolveFallback() {
    if (!fallsBack)
      return;
    for (Attribute target : targets)
      if (!isDevice(cast<TargetAttrInterface>(target).getTargetString()))
        fallback = target;
    if (fallback)
      return;
    // A processor that the plugin does not know runs nothing.
    ScopedDiagnosticHandler quiet(&context,
                                  [](Diagnostic &) { return success(); });
    auto emit = [&] { return emitError(UnknownLoc::get(&context)); };
    if (FailureOr<Attribute> own = resolveTarget(&context, kFallback, emit);
        succeeded(own))
      fallback = *own;
  }

  Status compileFor(Attribute target, PackageFiller &filler) {
    std::string name = cast<TargetAttrInterface>(target).getTargetString();
    result.targets.push_back(name);
    OwningOpRef<ModuleOp> planned(model.module->clone());
    SmallVector<Attribute> places{target};
    if (fallback && isDevice(name))
      places.push_back(fallback);
    (*planned)->setAttr(kTargetsAttr, ArrayAttr::get(&context, places));
    if (Status status = makePlan(*planned, name); !status)
      return status;
    if (options.emit == CompileOptions::Emit::Plan)
      return print(*planned);
    for (auto line : (*planned)
                         ->getAttrOfType<ArrayAttr>(kPlacementAttr)
                         .getAsRange<StringAttr>())
      result.placement.push_back(line.str());
    reports.enterStage("TZ0520", ExitCode::Internal,
                       "please report this, with the reproducer");
    Dump dump{dumpFolder("kernels", name)};
    ObjectCache cache(options.objectCache);
    std::vector<TargetArtifact> built;
    for (Attribute place : places) {
      size_t kernels = llvm::count_if(
          planned->getOps<plan::KernelOp>(),
          [&](plan::KernelOp kernel) { return kernel.getTarget() == place; });
      if (kernels == 0 && place != target)
        continue;
      FailureOr<Artifact> artifact =
          buildKernels(*planned, place, dump, cache, reports);
      if (failed(artifact))
        return internalError("the kernels could not be compiled");
      result.kernels += kernels;
      built.push_back({place, std::move(*artifact)});
    }
    filler.addVariant(*planned, built);
    return {};
  }

  Status makePlan(ModuleOp module, StringRef target) {
    reports.enterStage("TZ0510", ExitCode::ModelNotSupported,
                       "another target may run it");
    reports.progress("plan", 0, 1);
    PassManager manager(&context, ModuleOp::getOperationName());
    buildPlanPipeline(manager, options.unsupportedIsError);
    if (std::string folder = dumpFolder("", target); !folder.empty()) {
      auto stages = std::make_unique<StageDump>(folder, "stage");
      stages->write(module, "import");
      manager.addInstrumentation(std::move(stages));
    }
    LogicalResult planned = failure();
    llvm::CrashRecoveryContext recovery;
    if (!recovery.RunSafely([&] { planned = manager.run(module); })) {
      std::string path =
          writeReproducer(*model.module, "plan", options.dumpDirectory);
      Error error = internalError("the compiler crashed while it planned");
      if (!path.empty())
        error.why = "a reproducer was written to " + path;
      return error;
    }
    if (failed(planned))
      return internalError("the model could not be planned");
    reports.progress("plan", 1, 1);
    return {};
  }

  /// A folder below the dump directory, made when it is missing; one for each
  /// target when there are several.
  std::string dumpFolder(StringRef part, StringRef target) {
    if (options.dumpDirectory.empty())
      return {};
    SmallString<256> path(options.dumpDirectory);
    if (targets.size() > 1)
      llvm::sys::path::append(path, target);
    llvm::sys::path::append(path, part);
    if (std::error_code error = llvm::sys::fs::create_directories(path)) {
      reports.report(Severity::Warning,
                     Error{ExitCode::Failure, "TZ0530",
                           "cannot write intermediate results",
                           std::string(path), error.message(), ""});
      return {};
    }
    return std::string(path);
  }

  Status print(ModuleOp module) {
    llvm::raw_string_ostream stream(result.text);
    module.print(stream, OpPrintingFlags().enableDebugInfo(
                             options.emit == CompileOptions::Emit::Tz));
    stream << "\n";
    return {};
  }

  const CompileOptions &options;
  PluginRegistry plugins;
  MLIRContext context;
  Reports reports;
  LoadedModel model;
  SmallVector<Attribute> targets;
  bool fallsBack = false;
  Attribute fallback; ///< null: there is none
  CompileResult result;
};

} // namespace

Expected<CompileResult> compileModel(const CompileOptions &options,
                                     CompileListener &listener) {
  // MLIR's objects take long to take apart and the process ends soon.
  auto *compilation = new Compilation(options, listener);
  return compilation->run();
}

} // namespace terrazzo
