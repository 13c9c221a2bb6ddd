// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-nvidia-wrap-entry: the entry that the device plugin launches. Runs when
// the kernel's function has become LLVM's, with each one-dimensional memref as
// five arguments (allocated and aligned pointer, offset, size, stride) and the
// sizes, all 64-bit, behind them:
//
//   llvm.func @k(%a0: !llvm.ptr, %a1: !llvm.ptr, %a2: i32, %a3: i32, %a4: i32,
//                ..., %size0: i64, ..., %cacheRows: i64)
// becomes
//   llvm.func internal @k.body(...) attributes {always_inline}
//   llvm.func @k(%binding: !llvm.ptr<1>, ..., %size0: i64, ..., %cacheRows:
//   i64)
//       attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>}
//
// and the module's attributes tell the threads of a block and the bindings.
#include "TzNvidia/Nvidia.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "terrazzo/Dialect/Plan/Plan.h"

using namespace mlir;

namespace terrazzo::tz_nvidia {

namespace {

struct WrapEntryPass
    : public PassWrapper<WrapEntryPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WrapEntryPass)
  StringRef getArgument() const final { return "tz-nvidia-wrap-entry"; }
  StringRef getDescription() const final {
    return "give kernels the parameters of a launch";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<LLVM::LLVMDialect, NVVM::NVVMDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto config = module->getAttrOfType<plan::KernelConfigAttr>("plan.config");
    IntegerAttr threads;
    if (config && config.getOptions())
      threads = config.getOptions().getAs<IntegerAttr>("threads");
    if (!threads) {
      module.emitError("kernel has no 'threads' among its config's options");
      return signalPassFailure();
    }
    for (auto function :
         llvm::make_early_inc_range(module.getOps<LLVM::LLVMFuncOp>()))
      if (!function.isExternal())
        wrap(function, threads.getInt(), config.getOptions());
  }

  void wrap(LLVM::LLVMFuncOp body, int64_t threads, DictionaryAttr options) {
    constexpr unsigned fields = 5;
    unsigned sizes = 0;
    for (Type type : llvm::reverse(body.getArgumentTypes())) {
      if (!type.isInteger(64))
        break;
      ++sizes;
    }
    OpBuilder b(body);
    Location loc = body.getLoc();
    std::string name = body.getName().str();
    unsigned bindings = (body.getNumArguments() - sizes) / fields;
    body.setName(name + ".body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setAlwaysInline(true);
    constexpr unsigned globalSpace = 1;
    Type global = LLVM::LLVMPointerType::get(b.getContext(), globalSpace),
         pointer = LLVM::LLVMPointerType::get(b.getContext());
    SmallVector<Type> types(bindings, global);
    types.append(sizes, b.getI64Type());
    auto entry = LLVM::LLVMFuncOp::create(
        b, loc, name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                    types));
    entry->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
    entry->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                   b.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
    // Kernels of matrix products keep their sums in registers and live by few
    // blocks; left alone, the assembler would spill for the sake of more.
    if (options.contains("matrix"))
      entry->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                     b.getI32IntegerAttr(1));
    Block *block = entry.addEntryBlock(b);
    b.setInsertionPointToStart(block);
    SmallVector<Value> arguments;
    for (unsigned i = 0; i < bindings; ++i) {
      Value base =
          LLVM::AddrSpaceCastOp::create(b, loc, pointer, block->getArgument(i));
      arguments.append({base, base});
      for (int64_t field : {0, 0, 1})
        arguments.push_back(LLVM::ConstantOp::create(
            b, loc, body.getArgumentTypes()[i * fields + 2],
            b.getI32IntegerAttr(static_cast<int32_t>(field))));
    }
    for (unsigned i = 0; i < sizes; ++i)
      arguments.push_back(block->getArgument(bindings + i));
    LLVM::CallOp::create(b, loc, body, arguments);
    LLVM::ReturnOp::create(b, loc, ValueRange());
    getOperation()->setAttr(kThreadsAttr, b.getI32IntegerAttr(threads));
    getOperation()->setAttr(kBindingsAttr, b.getI32IntegerAttr(bindings));
  }
};

} // namespace

std::unique_ptr<Pass> createWrapEntryPass() {
  return std::make_unique<WrapEntryPass>();
}

} // namespace terrazzo::tz_nvidia
