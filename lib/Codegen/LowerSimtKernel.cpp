// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-lower-simt-kernel: the shell of a kernel for one thread of a workgroup,
// around the body that its form asks for.
#include "KernelShell.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Codegen/SimtKernel.h"
#include "terrazzo/Dialect/Tile/Tile.h"

using namespace mlir;

namespace terrazzo::codegen {

#define GEN_PASS_DEF_TZLOWERSIMTKERNEL
#include "terrazzo/Codegen/Passes.h.inc"

namespace {

/// What a binding of this type is in memory: packed weights are words, all else
/// its elements; with `bytes` both are bytes.
MemRefType memoryType(Type type, bool bytes) {
  Type element;
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (auto cache = dyn_cast<tz::CacheType>(type))
    element = cache.getElementType();
  else if (bytes || tensor.getEncoding())
    element = IntegerType::get(type.getContext(), bytes ? 8 : 32);
  else
    element = memoryElement(tensor.getElementType());
  return MemRefType::get({ShapedType::kDynamic}, element);
}

class LowerSimtKernel : public impl::TzLowerSimtKernelBase<LowerSimtKernel> {
public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto config = module->getAttrOfType<plan::KernelConfigAttr>("plan.config");
    auto maxSize = module->getAttrOfType<IntegerAttr>("plan.max_size");
    FailureOr<SimtConfig> options =
        config ? SimtConfig::fromAttr(config.getOptions())
               : FailureOr<SimtConfig>(failure());
    if (failed(options) || !maxSize) {
      module.emitError("kernel lacks 'plan.max_size', or a 'plan.config' "
                       "with the options of a workgroup of threads");
      return signalPassFailure();
    }
    for (auto function :
         llvm::make_early_inc_range(module.getOps<tz::FuncOp>()))
      if (failed(lower(function, *options, maxSize.getInt())))
        return signalPassFailure();
  }

private:
  LogicalResult lower(tz::FuncOp function, const SimtConfig &config,
                      int64_t maxSize) {
    FailureOr<KernelForm> form = analyseKernel(function);
    if (failed(form))
      return failure();
    auto results = llvm::to_vector(
        function.getBody().front().getTerminator()->getOperands());
    bool bytes = form->kind == KernelForm::ConvertLayout;
    unsigned sizeCount = form->sizes.names().size() + 1;
    func::FuncOp shell = buildShell(function, results, bytes, sizeCount);
    Block &entry = shell.getBody().front();
    SimtEmitter e(function.getLoc(), OpBuilder::atBlockEnd(&entry),
                  config.threads, config.lanes);
    SmallVector<Value> values;
    for (Value size : entry.getArguments().take_back(sizeCount))
      values.push_back(e.create<arith::IndexCastOp>(e.getIndexType(), size));
    KernelSizes sizes(std::move(values));
    Value scratch = e.create<gpu::DynamicSharedMemoryOp>(MemRefType::get(
        {ShapedType::kDynamic}, e.getI8Type(), MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(e.getContext(),
                                   gpu::AddressSpace::Workgroup)));
    Value tokens = rowsInCall(e, *form, sizes, maxSize);
    Value workgroup =
        e.create<gpu::BlockIdOp>(e.getIndexType(), gpu::Dimension::x);
    ThreadDistribution threads(
        e, viewScratch(e, scratch, e.getF32Type(), 0, kSumsBytes / 4));
    RowEmitter rows(threads, sizes.cacheRows());
    SimtFrame frame{e,      rows,      config,  sizes,
                    tokens, workgroup, scratch, maxSize};
    placeBindings(e, rows, function, results, entry);
    emitBody(frame, *form, results);
    e.createOp<func::ReturnOp>();
    function.erase();
    return success(rows.succeeded());
  }

  void emitBody(SimtFrame &frame, KernelForm &form, ArrayRef<Value> results) {
    switch (form.kind) {
    case KernelForm::Row:
      return lowerSimtRow(frame, form, results);
    case KernelForm::Contraction:
      return lowerSimtContraction(frame, form, results);
    case KernelForm::Attention:
      placeAttention(frame.rows, form);
      return lowerSimtAttention(frame, form);
    case KernelForm::ConvertLayout:
      return lowerSimtConvertLayout(frame, form);
    case KernelForm::Loops:
      placeReshapes(frame.rows, form);
      return lowerSimtLoops(frame, form);
    }
  }

  /// The function with the bindings' memory as arguments, then the sizes.
  func::FuncOp buildShell(tz::FuncOp function, ArrayRef<Value> results,
                          bool bytes, unsigned sizeCount) {
    OpBuilder builder(function);
    SmallVector<Type> types;
    for (Type type : function.getArgumentTypes())
      types.push_back(memoryType(type, bytes));
    for (Value result : results)
      if (!isa<tz::CacheType>(result.getType()))
        types.push_back(memoryType(result.getType(), bytes));
    types.append(sizeCount, builder.getI64Type());
    auto shell =
        func::FuncOp::create(builder, function.getLoc(), function.getName(),
                             builder.getFunctionType(types, {}));
    shell.addEntryBlock();
    return shell;
  }
};

} // namespace

} // namespace terrazzo::codegen
