// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-generalise-products: products with, and rows of, what is no weight of the
// model, as operations that take any array.
//
//   %y = tz.matmul %x, %w
//       : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
//
// becomes, where %w is an argument or computed,
//
//   %y = tz.contract "tk,nk->tn" %x, %w
//       : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_GENERALISEPRODUCTS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// Products read the formats and layouts of the model's weights; one of another
/// shape is refused by name, and so are blocks that are none.
bool staysWeight(Value value) {
  return tz::isWeight(value) ||
         isa<tz::BlockType>(getElementTypeOrSelf(value.getType()));
}

void generalise(IRRewriter &rewriter, tz::MatmulOp op) {
  rewriter.setInsertionPoint(op);
  rewriter.replaceOpWithNewOp<tz::ContractOp>(op, op.getType(), "tk,nk->tn",
                                              op.getInput(), op.getWeight());
}

void generalise(IRRewriter &rewriter, tz::EmbeddingOp op) {
  rewriter.setInsertionPoint(op);
  auto type = cast<RankedTensorType>(op.getType());
  auto table = cast<RankedTensorType>(op.getWeight().getType());
  Value rows = tz::GatherOp::create(
      rewriter, op.getLoc(), type.clone(table.getElementType()), op.getWeight(),
      op.getIds(), /*axis=*/0, /*each=*/false);
  if (rows.getType() != type)
    rows = tz::ElementwiseOp::create(rewriter, op.getLoc(), type,
                                     tz::ElementwiseFunction::Cast, rows);
  rewriter.replaceOp(op, rows);
}

struct GeneraliseProducts : impl::GeneraliseProductsBase<GeneraliseProducts> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](Operation *op) {
      if (auto product = dyn_cast<tz::MatmulOp>(op);
          product && !staysWeight(product.getWeight()))
        generalise(rewriter, product);
      else if (auto rows = dyn_cast<tz::EmbeddingOp>(op);
               rows && !staysWeight(rows.getWeight()))
        generalise(rewriter, rows);
    });
  }
};

} // namespace
} // namespace terrazzo
