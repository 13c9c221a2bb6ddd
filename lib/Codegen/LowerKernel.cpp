// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-lower-kernel: the shell of a kernel (its bindings as flat memory) around
// the body that its form asks for.
#include "KernelShell.h"
#include "terrazzo/Codegen/KernelFrame.h"
#include "terrazzo/Codegen/Passes.h"
#include "terrazzo/Dialect/Plan/Plan.h"

using namespace mlir;

namespace terrazzo::codegen {

#define GEN_PASS_DEF_TZLOWERKERNEL
#include "terrazzo/Codegen/Passes.h.inc"

/// What a binding of this type is in memory: packed weights are bytes, and with
/// `bytes` all others too.
static MemRefType memoryType(Type type, bool bytes) {
  Type element;
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (auto cache = dyn_cast<tz::CacheType>(type))
    element = cache.getElementType();
  else if (bytes || tensor.getEncoding())
    element = IntegerType::get(type.getContext(), 8);
  else
    element = memoryElement(tensor.getElementType());
  return MemRefType::get({ShapedType::kDynamic}, element);
}

namespace {

struct LowerKernel : public impl::TzLowerKernelBase<LowerKernel> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto config = module->getAttrOfType<plan::KernelConfigAttr>("plan.config");
    auto maxSize = module->getAttrOfType<IntegerAttr>("plan.max_size");
    if (!config || !maxSize) {
      module.emitError("kernel has no 'plan.config' or no 'plan.max_size'");
      return signalPassFailure();
    }
    for (auto function :
         llvm::make_early_inc_range(module.getOps<tz::FuncOp>()))
      if (failed(lower(function, config, maxSize.getInt())))
        return signalPassFailure();
  }

  LogicalResult lower(tz::FuncOp function, plan::KernelConfigAttr config,
                      int64_t maxSize) {
    FailureOr<KernelForm> form = analyseKernel(function);
    if (failed(form))
      return failure();
    ContractionConfig contraction;
    if (form->kind == KernelForm::Contraction) {
      FailureOr<ContractionConfig> parsed =
          ContractionConfig::fromAttr(config.getOptions());
      if (failed(parsed))
        return function.emitError(
            "kernel's config lacks the options of a contraction");
      contraction = *parsed;
    }
    auto results = llvm::to_vector(
        function.getBody().front().getTerminator()->getOperands());
    func::FuncOp shell =
        buildShell(function, results, form->kind == KernelForm::ConvertLayout);
    Block &entry = shell.getBody().front();
    Emitter emitter(function.getLoc(), OpBuilder::atBlockEnd(&entry));
    unsigned extra = entry.getNumArguments() - 4;
    Value given = entry.getArgument(extra);
    SmallVector<Value> values;
    for (unsigned i = 0; i <= form->sizes.names().size(); ++i)
      values.push_back(emitter.create<arith::IndexCastOp>(
          emitter.getIndexType(), emitter.load(given, emitter.index(i))));
    KernelSizes sizes(std::move(values));
    VectorDistribution vectors(emitter);
    RowEmitter rows(vectors, sizes.cacheRows());
    placeBindings(emitter, rows, function, results, entry);
    KernelFrame frame{emitter,
                      rows,
                      sizes,
                      rowsInCall(emitter, *form, sizes, maxSize),
                      entry.getArgument(extra + 1),
                      entry.getArgument(extra + 2),
                      entry.getArgument(extra + 3),
                      maxSize};
    switch (form->kind) {
    case KernelForm::Row:
      lowerRowKernel(frame, *form, results);
      break;
    case KernelForm::Contraction:
      lowerContraction(frame, *form, contraction, results);
      break;
    case KernelForm::Attention:
      placeAttention(rows, *form);
      lowerAttention(frame, *form);
      break;
    case KernelForm::ConvertLayout:
      lowerConvertLayout(frame, *form);
      break;
    case KernelForm::Loops:
      placeReshapes(rows, *form);
      lowerLoops(frame, *form, ProductTile::fromAttr(config.getOptions()));
      break;
    }
    emitter.createOp<func::ReturnOp>();
    function.erase();
    return success(rows.succeeded());
  }

  /// The function with the bindings' memory as arguments.
  func::FuncOp buildShell(tz::FuncOp function, ArrayRef<Value> results,
                          bool bytes) {
    OpBuilder builder(function);
    SmallVector<Type> types;
    for (Type type : function.getArgumentTypes())
      types.push_back(memoryType(type, bytes));
    for (Value result : results)
      if (!isa<tz::CacheType>(result.getType()))
        types.push_back(memoryType(result.getType(), bytes));
    auto flat = [&](Type element) {
      return MemRefType::get({ShapedType::kDynamic}, element);
    };
    types.append({flat(builder.getI64Type()), builder.getIndexType(),
                  builder.getIndexType(), flat(builder.getI8Type())});
    auto shell =
        func::FuncOp::create(builder, function.getLoc(), function.getName(),
                             builder.getFunctionType(types, {}));
    shell.addEntryBlock();
    return shell;
  }
};

} // namespace

} // namespace terrazzo::codegen
