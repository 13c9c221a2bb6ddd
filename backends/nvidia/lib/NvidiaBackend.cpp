// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The nvidia backend's hooks and its plugin entry.
#include "TzNvidia/Nvidia.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Codegen/SimtKernel.h"
#include "terrazzo/Target/Plugin.h"
#include "llvm/ADT/TypeSwitch.h"
#include <mutex>

#include "TzNvidia/NvidiaDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "TzNvidia/NvidiaAttributes.cpp.inc"

using namespace mlir;

namespace terrazzo::tz_nvidia {

namespace {

class NvidiaBackend : public TargetBackend {
public:
  using TargetBackend::TargetBackend;

  FailureOr<Attribute> resolve(StringRef arch, DictionaryAttr,
                               EmitErrorFn emitError) const final {
    FailureOr<TargetAttr> target = resolveTarget(getContext(), arch, emitError);
    if (failed(target))
      return failure();
    return Attribute(*target);
  }

  plan::TargetSpecAttr spec(Attribute target) const final {
    return buildSpec(cast<TargetAttr>(target));
  }

  std::string cacheKey(Attribute target) const final {
    const Ptxas &ptxas = Ptxas::get();
    return cast<TargetAttr>(target).getTargetString() +
           " " TERRAZZO_PLUGIN_VERSION " llvm " LLVM_VERSION_STRING " ptxas " +
           (ptxas.path.empty() ? "none" : ptxas.version);
  }

  void getDependentDialects(DialectRegistry &registry) const final {
    // Exactly what the pipeline's passes say that they create, so that none is
    // forgotten.
    OpPassManager manager(ModuleOp::getOperationName());
    buildLower(manager, TargetAttr());
    manager.getDependentDialects(registry);
  }

  FailureOr<plan::KernelConfigAttr> configure(plan::KernelOp kernel,
                                              int64_t maxSize) const final {
    auto target = cast<TargetAttr>(kernel.getTarget());
    codegen::SimtLimits limits;
    limits.lanes = kWarp;
    limits.scratchBytes = architectureOf(target).sharedPerBlock;
    limits.fragments = fragmentsOf(target);
    return codegen::configureSimtKernel(kernel, maxSize, limits);
  }

  void buildLower(OpPassManager &manager, Attribute target) const final {
    manager.addPass(codegen::createTzLowerSimtKernel());
    manager.addPass(codegen::createTileLowerFragments());
    manager.addPass(createLowerContractPass(cast_or_null<TargetAttr>(target)));
    manager.addPass(createLowerLoadsPass(cast_or_null<TargetAttr>(target)));
    manager.addPass(createCanonicalizerPass());
    manager.addPass(createCSEPass());
    manager.addPass(createSCFToControlFlowPass());
    manager.addPass(createLowerToLLVMPass());
    manager.addPass(createReconcileUnrealizedCastsPass());
    manager.addPass(createWrapEntryPass());
  }

  FailureOr<Object> serialize(ModuleOp kernel, StringRef name, Attribute target,
                              const Dump &dump) const final {
    return compilePtx(kernel, name, cast<TargetAttr>(target), dump);
  }

  FailureOr<Artifact> link(ArrayRef<Object> objects, Attribute target,
                           const Dump &) const final {
    return linkBlob(getContext(), objects, cast<TargetAttr>(target));
  }
};

} // namespace

void TzNvidiaDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "TzNvidia/NvidiaAttributes.cpp.inc"
      >();
  addInterfaces<NvidiaBackend>();
}

} // namespace terrazzo::tz_nvidia

static void registerNvidia(mlir::DialectRegistry &registry) {
  registry.insert<terrazzo::tz_nvidia::TzNvidiaDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
  // For the developer tools.
  static std::once_flag once;
  std::call_once(once, [] {
    mlir::registerPass(
        [] { return terrazzo::tz_nvidia::createLowerContractPass(); });
    mlir::registerPass(
        [] { return terrazzo::tz_nvidia::createLowerLoadsPass(); });
    mlir::registerPass(terrazzo::tz_nvidia::createLowerToLLVMPass);
    mlir::registerPass(terrazzo::tz_nvidia::createWrapEntryPass);
  });
}

TERRAZZO_DEFINE_PLUGIN("nvidia", registerNvidia)
