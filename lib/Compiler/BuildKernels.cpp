// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "BuildKernels.h"
#include "StageDump.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>

using namespace mlir;

namespace terrazzo {

std::string writeReproducer(Operation *op, StringRef name,
                            StringRef directory) {
  SmallString<256> path(directory);
  if (path.empty())
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  llvm::sys::path::append(path, "terrazzo-reproducer-" + name + ".mlir");
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return {};
  op->print(file, OpPrintingFlags().useLocalScope());
  file << "\n";
  return std::string(path);
}

namespace {

constexpr uint64_t kPageBytes = 4096;

/// Verifies what each of core's own passes leaves behind, and remembers the
/// first that made something invalid of valid IR, so that no plugin is blamed
/// for it.
class CorePassCheck : public PassInstrumentation {
public:
  CorePassCheck(std::string &broken) : broken(broken) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    valid = codegen::isCorePass(pass->getArgument()) && succeeded(verify(op));
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (valid && broken.empty() && failed(verify(op)))
      broken = pass->getArgument();
  }

private:
  std::string &broken;
  bool valid = false; ///< before one of core's passes
};

class KernelBuild {
public:
  KernelBuild(ModuleOp module, Attribute target, const Dump &dump,
              const ObjectCache &cache, Reports &reports)
      : module(module), target(target), dump(dump), cache(cache),
        reports(reports), backend(*getBackend(target)) {}

  FailureOr<Artifact> run() {
    for (auto kernel : module.getOps<plan::KernelOp>())
      if (kernel.getTarget() == target)
        kernels.push_back(kernel);
    objects.resize(kernels.size());
    isBroken.resize(kernels.size());
    loadDialects();
    auto order = llvm::to_vector(llvm::seq<size_t>(0, kernels.size()));
    // The longest first, so that no thread is left alone with one at the end.
    llvm::sort(order, [&](size_t a, size_t b) {
      size_t first = weightOf(kernels[a]), second = weightOf(kernels[b]);
      return first != second ? first > second : a < b;
    });
    if (failed(failableParallelForEach(
            module.getContext(), order,
            [&](size_t index) { return compileSafely(index); }))) {
      if (!reports.sawUserError())
        writeReproducers();
      return failure();
    }
    FailureOr<Artifact> artifact = backend.link(objects, target, dump);
    if (failed(artifact) && reports.sawUserError())
      return failure();
    if (failed(artifact))
      return module.emitError("the kernels could not be linked by the plugin "
                              "behind ")
             << target;
    if (std::string fault = faultOf(*artifact); !fault.empty())
      return module.emitError("the plugin behind ")
             << target << " broke the contract when it linked: " << fault;
    return artifact;
  }

private:
  /// Loads what the pipeline's passes create; kernels are lowered in parallel,
  /// and loading then would be a race.
  void loadDialects() {
    DialectRegistry registry;
    backend.getDependentDialects(registry);
    PassManager manager(module.getContext(), ModuleOp::getOperationName());
    backend.buildLower(manager, target);
    manager.getDependentDialects(registry);
    MLIRContext *context = module.getContext();
    context->appendDialectRegistry(registry);
    for (StringRef dialect : registry.getDialectNames())
      context->getOrLoadDialect(dialect);
  }

  /// A guess at how long a kernel takes to compile.
  static size_t weightOf(plan::KernelOp kernel) {
    size_t weight = 0;
    kernel.getModule().walk([&](Operation *op) {
      weight += isa<tz::MatmulOp>(op) ? 20 : isa<tz::AttentionOp>(op) ? 40 : 1;
    });
    return weight;
  }

  LogicalResult compileSafely(size_t index) {
    LogicalResult result = failure();
    llvm::CrashRecoveryContext recovery;
    if (!recovery.RunSafely([&] { result = compile(index); }))
      result = kernels[index].emitError("@")
               << kernels[index].getSymName()
               << ": the compiler crashed while it lowered this kernel";
    isBroken[index] = failed(result);
    if (failed(result))
      return failure();
    reports.progress("kernels", ++done, kernels.size());
    return success();
  }

  void writeReproducers() {
    for (size_t index = 0; index < kernels.size(); ++index) {
      if (!isBroken[index])
        continue;
      std::string path;
      // What crashed may have left the context in any state.
      llvm::CrashRecoveryContext().RunSafely([&] {
        path = writeReproducer(kernels[index], kernels[index].getSymName(),
                               dump.directory);
      });
      if (!path.empty())
        kernels[index].emitWarning("a reproducer was written to ") << path;
    }
  }

  LogicalResult compile(size_t index) {
    plan::KernelOp kernel = kernels[index];
    StringRef name = kernel.getSymName();
    OwningOpRef<ModuleOp> body(kernel.getModule().clone());
    (*body)->setAttr("plan.config", kernel.getConfigAttr());
    (*body)->setAttr("plan.target", target);
    (*body)->setAttr(kKernelMaxSizeAttr, kernel->getAttr(kKernelMaxSizeAttr));
    // What is dumped has to be made.
    std::string key = dump ? std::string() : cache.keyOf(*body);
    if (std::optional<Object> known = cache.find(key, name)) {
      objects[index] = std::move(*known);
      return success();
    }
    PassManager manager(module.getContext(), ModuleOp::getOperationName());
    // Once at the end is enough to blame the plugin.
    manager.enableVerifier(false);
    std::string broken;
    manager.addInstrumentation(std::make_unique<CorePassCheck>(broken));
    if (dump) {
      auto stages = std::make_unique<StageDump>(dump.directory, name);
      stages->write(*body, "kernel");
      manager.addInstrumentation(std::move(stages));
    }
    backend.buildLower(manager, target);
    LogicalResult lowered = manager.run(*body);
    if (!broken.empty())
      return kernel.emitError("Terrazzo's own pass '")
             << broken << "' lowered @" << name
             << " to IR that does not verify";
    if (failed(lowered))
      return kernel.emitError("@")
             << name << " could not be lowered by the plugin behind " << target;
    if (failed(verify(*body)))
      return kernel.emitError("the plugin behind ")
             << target << " broke the contract: it lowered @" << name
             << " to IR that does not verify";
    FailureOr<Object> object = backend.serialize(*body, name, target, dump);
    if (failed(object))
      return kernel.emitError("@")
             << name << " could not be turned into code by the plugin behind "
             << target;
    if (object->kernel != name || object->bytes.empty())
      return kernel.emitError("the plugin behind ")
             << target << " broke the contract: its object for @" << name
             << (object->bytes.empty() ? " is empty" : " has another name");
    cache.keep(key, *object);
    objects[index] = std::move(*object);
    return success();
  }

  /// How `artifact` breaks the contract of TargetBackend::link; empty: it does
  /// not.
  std::string faultOf(const Artifact &artifact) const {
    uint64_t end = 0;
    for (const Segment &segment : artifact.segments) {
      if (segment.address % kPageBytes != 0 || segment.address < end)
        return "a segment is not on a page of its own";
      if (segment.bytes.size() > segment.memorySize)
        return "a segment's bytes exceed its memory";
      end = segment.address + segment.memorySize;
    }
    for (plan::KernelOp kernel : kernels) {
      auto entry = llvm::find_if(artifact.entries, [&](const auto &entry) {
        return entry.first == kernel.getSymName();
      });
      if (entry == artifact.entries.end())
        return ("no entry for @" + kernel.getSymName()).str();
      if (llvm::none_of(artifact.segments, [&](const Segment &segment) {
            return entry->second >= segment.address &&
                   entry->second < segment.address + segment.bytes.size();
          }))
        return ("the entry of @" + kernel.getSymName() +
                " lies outside the image")
            .str();
    }
    return factsFault(artifact);
  }

  /// The same for the facts about kernels.
  std::string factsFault(const Artifact &artifact) const {
    constexpr size_t mostLines = 32, longestLine = 200;
    for (const auto &[name, lines] : artifact.facts) {
      if (llvm::none_of(kernels, [&](plan::KernelOp kernel) {
            return kernel.getSymName() == name;
          }))
        return "facts about @" + name + ", which is no kernel";
      if (lines.size() > mostLines ||
          llvm::any_of(lines, [](const std::string &line) {
            return line.empty() || line.size() > longestLine;
          }))
        return "facts about @" + name + " that are too many, empty or too long";
    }
    return {};
  }

  ModuleOp module;
  Attribute target;
  const Dump &dump;
  const ObjectCache &cache;
  Reports &reports;
  const TargetBackend &backend;
  SmallVector<plan::KernelOp> kernels;
  std::vector<Object> objects;
  std::vector<char> isBroken; ///< written by several threads
  std::atomic<size_t> done = 0;
};

} // namespace

FailureOr<Artifact> buildKernels(ModuleOp module, Attribute target,
                                 const Dump &dump, const ObjectCache &cache,
                                 Reports &reports) {
  return KernelBuild(module, target, dump, cache, reports).run();
}

} // namespace terrazzo
