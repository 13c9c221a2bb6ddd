// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-cpu-wrap-entry: the runtime's kernel ABI. Runs when the kernel's function
// has become LLVM's, with each one-dimensional memref as five arguments
// (allocated and aligned pointer, offset, size, stride):
//
//   llvm.func @k(%a0: !llvm.ptr, %a1: !llvm.ptr, %a2: i64, %a3: i64, %a4: i64,
//   ...)
// becomes
//   llvm.func internal @k.body(...)
//   llvm.func @k(%bindings: !llvm.ptr, %sizes: !llvm.ptr, %begin: i64, %end:
//   i64, %scratch: !llvm.ptr)
#include "TzCpu/Cpu.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace terrazzo::tz_cpu {

namespace {

struct WrapEntryPass
    : public PassWrapper<WrapEntryPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WrapEntryPass)
  StringRef getArgument() const final { return "tz-cpu-wrap-entry"; }
  StringRef getDescription() const final {
    return "give kernels the runtime's calling convention";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (!function.isExternal())
        wrap(function);
  }

  static void wrap(LLVM::LLVMFuncOp body) {
    OpBuilder b(body);
    Location loc = body.getLoc();
    std::string name = body.getName().str();
    body.setName(name + ".body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setAlwaysInline(true);
    Type pointer = LLVM::LLVMPointerType::get(b.getContext()),
         i64 = b.getI64Type();
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                    {pointer, pointer, i64, i64, pointer});
    auto entry = LLVM::LLVMFuncOp::create(b, loc, name, type);
    Block *block = entry.addEntryBlock(b);
    b.setInsertionPointToStart(block);
    Value zero = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(0));
    Value one = LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(1));
    SmallVector<Value> arguments;
    auto memory = [&](Value base) {
      arguments.append({base, base, zero, zero, one});
    };
    // Besides the bindings there are the sizes, two indices and the scratch.
    int64_t bindings =
        (static_cast<int64_t>(body.getNumArguments()) - 5 - 2 - 5) / 5;
    for (int64_t i = 0; i < bindings; ++i) {
      Value slot =
          LLVM::GEPOp::create(b, loc, pointer, pointer, block->getArgument(0),
                              ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
      memory(LLVM::LoadOp::create(b, loc, pointer, slot));
    }
    memory(block->getArgument(1));
    arguments.append({block->getArgument(2), block->getArgument(3)});
    memory(block->getArgument(4));
    LLVM::CallOp::create(b, loc, body, arguments);
    LLVM::ReturnOp::create(b, loc, ValueRange());
  }
};

} // namespace

std::unique_ptr<Pass> createWrapEntryPass() {
  return std::make_unique<WrapEntryPass>();
}

} // namespace terrazzo::tz_cpu
