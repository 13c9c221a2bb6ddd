// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of products with weights.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"

using namespace mlir;

namespace terrazzo::tz {

static LogicalResult verifyWeight(Operation *op, RankedTensorType weight) {
  if (weight.getRank() != 2 || !weight.hasStaticShape())
    return op->emitOpError("takes a weight of two fixed dimensions, got ")
           << weight;
  if (auto block = dyn_cast<BlockType>(weight.getElementType()))
    if (weight.getShape()[1] % block.getValues() != 0)
      return op->emitOpError("has rows of ")
             << weight.getShape()[1]
             << " values, which is not a multiple of the block's "
             << block.getValues();
  return success();
}

LogicalResult MatmulOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (failed(verifyWeight(*this, weight)))
    return failure();
  if (input.getRank() != 2 || result.getRank() != 2 ||
      input.getShape()[0] != result.getShape()[0] ||
      input.getShape()[1] != weight.getShape()[1] ||
      result.getShape()[1] != weight.getShape()[0])
    return emitOpError("cannot multiply ")
           << input << " by " << weight << " into " << result;
  return success();
}

LogicalResult EmbeddingOp::verify() {
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto ids = cast<RankedTensorType>(getIds().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (failed(verifyWeight(*this, weight)))
    return failure();
  if (result.getRank() != 2 || result.getShape()[0] != ids.getShape()[0] ||
      result.getShape()[1] != weight.getShape()[1])
    return emitOpError("cannot gather ")
           << result << " from " << weight << " by " << ids;
  return success();
}

} // namespace terrazzo::tz
