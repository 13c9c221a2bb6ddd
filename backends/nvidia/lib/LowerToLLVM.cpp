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
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
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

constexpr StringLiteral kMemoryName = "__dynamic_shmem";

/// The workgroup's memory is one external array whose size a launch says;
/// upstream's pattern wants a gpu.module around the kernel.
struct LowerWorkgroupMemory
    : public ConvertOpToLLVMPattern<gpu::DynamicSharedMemoryOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(gpu::DynamicSharedMemoryOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getType());
    Value base = LLVM::AddressOfOp::create(
        rewriter, loc,
        LLVM::LLVMPointerType::get(
            getContext(), static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared)),
        kMemoryName);
    Type index = getIndexType();
    auto number = [&](int64_t value) {
      return createIndexAttrConstant(rewriter, loc, index, value);
    };
    auto memory = MemRefDescriptor::poison(
        rewriter, loc, getTypeConverter()->convertType(type));
    memory.setAllocatedPtr(rewriter, loc, base);
    memory.setAlignedPtr(rewriter, loc, base);
    memory.setOffset(rewriter, loc, number(0));
    memory.setSize(rewriter, loc, 0, number(0));
    memory.setStride(rewriter, loc, 0, number(1));
    rewriter.replaceOp(op, {memory});
    return success();
  }
};

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
    declareMemory();
    if (failed(simplifyVectors()) || failed(lowerArithmetic(converter)) ||
        failed(lowerOthers(converter)))
      return signalPassFailure();
  }

  void declareMemory() {
    ModuleOp module = getOperation();
    // What lies in it is cut at multiples of up to 128 bytes.
    constexpr uint64_t alignment = 128;
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    LLVM::GlobalOp::create(
        b, module.getLoc(), LLVM::LLVMArrayType::get(b.getI8Type(), 0),
        /*isConstant=*/false, LLVM::Linkage::External, kMemoryName, Attribute(),
        alignment, static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
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
    constexpr int preferred = 10;
    patterns.add<LowerWorkgroupMemory>(converter, PatternBenefit(preferred));
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
};

} // namespace

std::unique_ptr<Pass> createLowerToLLVMPass() {
  return std::make_unique<LowerToLLVMPass>();
}

} // namespace terrazzo::tz_nvidia
