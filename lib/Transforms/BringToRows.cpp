// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-bring-to-rows: what kernels of rows compute, on rows of f32 whatever the
// model has.
//
//   %y = tz.rms_norm %x, %w : (tensor<?x?x64xf16>, ...) -> tensor<?x?x64xf16>
//
// becomes
//
//   %0 = tz.elementwise cast(%x) : (tensor<?x?x64xf16>) -> tensor<?x?x64xf32>
//   %1 = tz.reshape %0 : tensor<?x?x64xf32> -> tensor<?x64xf32>
//   %2 = tz.rms_norm %1, %w : (tensor<?x64xf32>, ...) -> tensor<?x64xf32>
//   %3 = tz.reshape %2 {sizes = ["B", "T"]} : ... -> tensor<?x?x64xf32>
//   %y = tz.elementwise cast(%3) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf16>
#include "SizedFunctions.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_BRINGTOROWS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

class RowsOf {
public:
  RowsOf(tz::FuncOp func, const tz::Sizes &sizes)
      : func(func), sizes(sizes), builder(func) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(
             func.getBody().front().without_terminator())) {
      if (isa<tz::RmsNormOp, tz::LayerNormOp, tz::RopeOp, tz::MatmulOp,
              tz::EmbeddingOp, tz::AttentionOp, tz::CacheAppendOp,
              tz::ContractOp>(op))
        computeOnF32(&op);
      if (tz::rowNormOf(&op) && hasOtherRows(op.getResult(0)))
        flatten(&op, {0});
      if (auto elementwise = dyn_cast<tz::ElementwiseOp>(op))
        flattenElementwise(elementwise);
    }
  }

private:
  /// Whether a value's rows are no first dimension.
  static bool hasOtherRows(Value value) {
    auto type = typeOf(value);
    if (type.getRank() == 1)
      return !type.isDynamicDim(0);
    return !type.hasStaticShape() && !type.isDynamicDim(type.getRank() - 1) &&
           (type.getNumDynamicDims() > 1 || !type.isDynamicDim(0));
  }

  //===--- elements -------------------------------------------------------===//

  Value cast_(Value value, Type element) {
    auto type = RankedTensorType::get(typeOf(value).getShape(), element);
    Value result = tz::ElementwiseOp::create(
        builder, value.getLoc(), type, tz::ElementwiseFunction::Cast, value);
    known[result] = dimsOf(value);
    return result;
  }

  /// Arrays of other floats are cast; weights are read as they are.
  void computeOnF32(Operation *op) {
    builder.setInsertionPoint(op);
    auto isOther = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type && isa<FloatType>(type.getElementType()) &&
             !type.getElementType().isF32();
    };
    // Sums of products read any floats as they are, and are f64 where asked to.
    for (OpOperand &operand : op->getOpOperands())
      if (!isa<tz::ContractOp>(op) && isOther(operand.get()) &&
          !tz::isWeight(operand.get()))
        operand.set(cast_(operand.get(), builder.getF32Type()));
    for (OpResult result : op->getResults()) {
      bool wide =
          isa<tz::ContractOp>(op) && typeOf(result).getElementType().isF64();
      if (!isOther(result) || wide)
        continue;
      Type before = typeOf(result).getElementType();
      result.setType(RankedTensorType::get(typeOf(result).getShape(),
                                           builder.getF32Type()));
      builder.setInsertionPointAfter(op);
      Value back = cast_(result, before);
      result.replaceAllUsesExcept(back, back.getDefiningOp());
    }
  }

  //===--- rows -----------------------------------------------------------===//

  SmallVector<AffineExpr> dimsOf(Value value) {
    auto found = known.find(value);
    return found == known.end() ? llvm::to_vector(sizes.of(value))
                                : found->second;
  }

  /// [a, b, c] as [a * b, c]; a vector as one row.
  Value flat(Value value) {
    auto type = typeOf(value);
    ArrayRef<int64_t> leading = type.getShape().drop_back();
    int64_t rows = 1;
    for (int64_t size : leading)
      rows = ShapedType::isDynamic(rows) || ShapedType::isDynamic(size)
                 ? ShapedType::kDynamic
                 : rows * size;
    auto to = RankedTensorType::get({rows, type.getShape().back()},
                                    type.getElementType());
    return tz::ReshapeOp::create(builder, value.getLoc(), to, value);
  }

  /// Computes `op` on flat operands of these numbers, and gives its result its
  /// shape again.
  void flatten(Operation *op, ArrayRef<unsigned> operands) {
    Value result = op->getResult(0);
    auto type = typeOf(result);
    SmallVector<AffineExpr> dims = dimsOf(result);
    builder.setInsertionPoint(op);
    for (unsigned number : operands)
      op->setOperand(number, flat(op->getOperand(number)));
    builder.setInsertionPointAfter(op);
    SmallVector<Attribute> names;
    for (auto [size, dim] : llvm::zip(type.getShape(), dims))
      if (ShapedType::isDynamic(size))
        names.push_back(builder.getStringAttr(sizes.text(dim)));
    result.setType(typeOf(op->getOperand(operands[0])));
    Value back = tz::ReshapeOp::create(
        builder, op->getLoc(), type, result,
        names.empty() ? ArrayAttr() : builder.getArrayAttr(names));
    known[back] = dims;
    result.replaceAllUsesExcept(back, back.getDefiningOp());
  }

  /// Where each operand is as large as the result, or the same for all rows.
  void flattenElementwise(tz::ElementwiseOp op) {
    if (typeOf(op.getResult()).getRank() < 3 || !hasOtherRows(op.getResult()))
      return;
    SmallVector<unsigned> whole;
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      auto type = typeOf(input);
      if (!type.getElementType().isF32() && !tz::isWeight(input))
        return;
      if (type.getShape() == typeOf(op.getResult()).getShape())
        whole.push_back(i);
      else if (type.getRank() > 1 ||
               (type.getRank() == 1 && !tz::isWeight(input)))
        return;
    }
    if (!whole.empty() && typeOf(op.getResult()).getElementType().isF32())
      flatten(op, whole);
  }

  tz::FuncOp func;
  const tz::Sizes &sizes;
  OpBuilder builder;
  /// Of values that this pass has made.
  llvm::DenseMap<Value, SmallVector<AffineExpr>> known;
};

struct BringToRows : impl::BringToRowsBase<BringToRows> {
  using Base::Base;

  void runOnOperation() override {
    auto bring = [](tz::FuncOp func, const tz::Sizes &sizes) {
      RowsOf(func, sizes).run();
    };
    if (failed(eachSizedFunction(getOperation(), bring)))
      signalPassFailure();
  }
};

} // namespace
} // namespace terrazzo
