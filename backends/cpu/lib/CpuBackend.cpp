// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cpu backend's hooks and its plugin entry.
#include "TzCpu/Cpu.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Target/Plugin.h"
#include "llvm/ADT/TypeSwitch.h"

#include "TzCpu/CpuDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "TzCpu/CpuAttributes.cpp.inc"

using namespace mlir;

namespace terrazzo::tz_cpu {

namespace {

class CpuBackend : public TargetBackend {
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
    return cast<TargetAttr>(target).getTargetString() +
           " " TERRAZZO_PLUGIN_VERSION " llvm " LLVM_VERSION_STRING;
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
    return configureKernel(kernel, maxSize,
                           cast<TargetAttr>(kernel.getTarget()));
  }

  void buildLower(OpPassManager &manager, Attribute target) const final {
    manager.addPass(codegen::createTzLowerKernel());
    manager.addPass(codegen::createTileLowerFragments());
    manager.addPass(createLowerContractPass(cast_or_null<TargetAttr>(target)));
    manager.addPass(createLowerTransposePass());
    manager.addPass(createCSEPass());
    manager.addPass(createSCFToControlFlowPass());
    manager.addPass(createConvertVectorToLLVMPass());
    manager.addPass(createFinalizeMemRefToLLVMConversionPass());
    manager.addPass(createConvertMathToLLVMPass());
    manager.addPass(createArithToLLVMConversionPass());
    manager.addPass(createConvertControlFlowToLLVMPass());
    manager.addPass(createConvertFuncToLLVMPass());
    manager.addPass(createReconcileUnrealizedCastsPass());
    manager.addPass(createWrapEntryPass());
  }

  FailureOr<Object> serialize(ModuleOp kernel, StringRef name, Attribute target,
                              const Dump &dump) const final {
    return compileObject(kernel, name, cast<TargetAttr>(target), dump);
  }

  FailureOr<Artifact> link(ArrayRef<Object> objects, Attribute target,
                           const Dump &dump) const final {
    return linkImage(getContext(), objects, dump);
  }
};

} // namespace

void TzCpuDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "TzCpu/CpuAttributes.cpp.inc"
      >();
  addInterfaces<CpuBackend>();
}

} // namespace terrazzo::tz_cpu

static void registerCpu(mlir::DialectRegistry &registry) {
  registry.insert<terrazzo::tz_cpu::TzCpuDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  // For the developer tools.
  static std::once_flag once;
  std::call_once(once, [] {
    mlir::registerPass(
        [] { return terrazzo::tz_cpu::createLowerContractPass(); });
    mlir::registerPass(terrazzo::tz_cpu::createLowerTransposePass);
    mlir::registerPass(terrazzo::tz_cpu::createWrapEntryPass);
  });
}

TERRAZZO_DEFINE_PLUGIN("cpu", registerCpu)
