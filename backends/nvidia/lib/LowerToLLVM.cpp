// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-nvidia-lower-to-llvm: a kernel on memrefs, with operations of gpu, nvgpu,
// vector, math, arith and cf, to the dialects of LLVM and NVVM. Indices are 32
// bits wide; the workgroup's memory is address space 3.
#include "TzNvidia/Nvidia.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/GPUCommon/GPUCommonPass.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace terrazzo::tz_nvidia {

namespace {

struct LowerToLLVMPass
    : public PassWrapper<LowerToLLVMPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToLLVMPass)
  StringRef getArgument() const final { return "tz-nvidia-lower-to-llvm"; }
  StringRef getDescription() const final {
    return "turn a kernel on memrefs into the dialects of LLVM and NVVM";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect, NVVM::NVVMDialect, arith::ArithDialect,
                    vector::VectorDialect, memref::MemRefDialect,
                    nvgpu::NVGPUDialect>();
  }

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(32);
    LLVMTypeConverter converter(&getContext(), options);
    configureGpuToNVVMTypeConverter(converter);
    nvgpu::populateCommonGPUTypeAndAttributeConversions(converter);
    if (failed(simplifyVectors()) || failed(lowerArithmetic(converter)) ||
        failed(lowerOthers(converter)))
      return signalPassFailure();
    alignMemory();
  }

  /// Vectors that the conversion takes apart no further.
  LogicalResult simplifyVectors() {
    RewritePatternSet patterns(&getContext());
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
    vector::populateVectorShapeCastLoweringPatterns(patterns);
    vector::populateVectorBitCastLoweringPatterns(patterns);
    vector::populateVectorRankReducingFMAPattern(patterns);
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  /// By itself, because the patterns of gpu would make calls of libdevice.
  LogicalResult lowerArithmetic(LLVMTypeConverter &converter) {
    RewritePatternSet patterns(&getContext());
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<arith::ArithDialect, math::MathDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }

  LogicalResult lowerOthers(LLVMTypeConverter &converter) {
    RewritePatternSet patterns(&getContext());
    populateGpuToNVVMConversionPatterns(converter, patterns);
    populateNVGPUToNVVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    ConversionTarget target(getContext());
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
    target.addIllegalDialect<arith::ArithDialect, math::MathDialect,
                             gpu::GPUDialect, nvgpu::NVGPUDialect,
                             vector::VectorDialect, memref::MemRefDialect,
                             cf::ControlFlowDialect, func::FuncDialect>();
    return applyFullConversion(getOperation(), target, std::move(patterns));
  }

  /// The workgroup's memory is cut at multiples of 128 bytes.
  void alignMemory() {
    for (auto global : getOperation().getOps<LLVM::GlobalOp>())
      if (global.getAddrSpace() == NVVM::NVVMMemorySpace::Shared)
        global.setAlignment(128);
  }
};

} // namespace

std::unique_ptr<Pass> createLowerToLLVMPass() {
  return std::make_unique<LowerToLLVMPass>();
}

} // namespace terrazzo::tz_nvidia
