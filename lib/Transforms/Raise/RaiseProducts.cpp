// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-raise-products: products and look-ups that use a weight as files store it,
// as products of rows and rows of that weight.
//
//   %y = tz.contract "btk,nk->btn" %x, %w
//       : (tensor<?x?x64xf32>, tensor<48x64xf32>) -> tensor<?x?x48xf32>
//
// becomes, where %w is a weight,
//
//   %0 = tz.reshape %x : tensor<?x?x64xf32> -> tensor<?x64xf32>
//   %1 = tz.matmul %0, %w : ... -> tensor<?x48xf32>
//   %y = tz.reshape %1 {sizes = ["B", "T"]} : ... -> tensor<?x?x48xf32>
#include "../SizedFunctions.h"
#include "Contractions.h"
#include "SizedBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_RAISEPRODUCTS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// Whether a product is "...k,nk->...n": rows of the left side with those of
/// the right.
bool isRowsTimesRows(tz::ContractOp op) {
  StringRef sides, result, left, right;
  std::tie(sides, result) = op.getDims().split("->");
  std::tie(left, right) = sides.split(',');
  return right.size() == 2 && left.size() >= 2 && left.back() == right.back() &&
         result.size() == left.size() && result.back() == right.front() &&
         result.drop_back() == left.drop_back() &&
         !left.contains(right.front());
}

class ProductRaiser {
public:
  ProductRaiser(IRRewriter &rewriter, const tz::Sizes &sizes)
      : rewriter(rewriter), sizes(sizes) {}

  void raise(tz::ContractOp op) {
    absorbTransposes(op);
    if (!tz::isWeight(op.getRight()) || !isRowsTimesRows(op))
      return;
    rewriter.setInsertionPoint(op);
    SizedBuilder b(rewriter, op.getLoc(), sizes);
    Sized x = b.of(op.getLeft());
    AffineExpr rows = b.product(ArrayRef(x.dims).drop_back());
    Sized flat = b.reshape(x, {rows, x.dims.back()});
    SmallVector<AffineExpr> dims = b.of(op.getResult()).dims;
    Type element = getElementTypeOrSelf(op.getResult().getType());
    SmallVector<AffineExpr> made = {rows, dims.back()};
    Sized product = b.made(tz::MatmulOp::create(rewriter, op.getLoc(),
                                                b.typeFor(made, element),
                                                flat.value, op.getRight()),
                           made);
    rewriter.replaceOp(op, b.reshape(product, dims).value);
  }

  void raise(tz::GatherOp op) {
    auto table = cast<RankedTensorType>(op.getInput().getType());
    Type index = getElementTypeOrSelf(op.getIndices().getType());
    if (!tz::isWeight(op.getInput()) || table.getRank() != 2 || op.getAxis() ||
        op.getEach() || !isa<FloatType>(table.getElementType()) ||
        !(index.isInteger(32) || index.isInteger(64)))
      return;
    rewriter.setInsertionPoint(op);
    SizedBuilder b(rewriter, op.getLoc(), sizes);
    Sized ids = b.of(op.getIndices());
    AffineExpr rows = b.product(ids.dims);
    Sized flat = b.reshape(ids, {rows});
    Type element = getElementTypeOrSelf(op.getResult().getType());
    SmallVector<AffineExpr> dims = {rows, b.number(table.getDimSize(1))};
    Sized found = b.made(tz::EmbeddingOp::create(rewriter, op.getLoc(),
                                                 b.typeFor(dims, element),
                                                 op.getInput(), flat.value),
                         dims);
    rewriter.replaceOp(op, b.reshape(found, b.of(op.getResult()).dims).value);
  }

private:
  IRRewriter &rewriter;
  KnownSizes sizes;
};

struct RaiseProducts : impl::RaiseProductsBase<RaiseProducts> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    auto raise = [&](tz::FuncOp func, const tz::Sizes &sizes) {
      ProductRaiser raiser(rewriter, sizes);
      for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
        if (auto product = dyn_cast<tz::ContractOp>(op))
          raiser.raise(product);
        else if (auto rows = dyn_cast<tz::GatherOp>(op))
          raiser.raise(rows);
      }
    };
    if (failed(eachSizedFunction(getOperation(), raise)))
      signalPassFailure();
  }
};

} // namespace
} // namespace terrazzo
