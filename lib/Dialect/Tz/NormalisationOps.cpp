// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of normalisation, and what its operations have in common.
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace terrazzo::tz {

std::optional<RowNorm> rowNormOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<RowNorm>>(op)
      .Case([](RmsNormOp norm) {
        return RowNorm{norm.getInput(), norm.getWeight(), Value(),
                       norm.getEpsilon().convertToDouble(), false};
      })
      .Case([](LayerNormOp norm) {
        return RowNorm{norm.getInput(), norm.getWeight(), norm.getBias(),
                       norm.getEpsilon().convertToDouble(), true};
      })
      .Default([](Operation *) { return std::nullopt; });
}

static LogicalResult verifyNorm(Operation *op) {
  RowNorm norm = *rowNormOf(op);
  auto input = cast<RankedTensorType>(norm.input.getType());
  if (input != op->getResult(0).getType())
    return op->emitOpError("result and input differ in type");
  if (!(norm.epsilon >= 0) || !std::isfinite(norm.epsilon))
    return op->emitOpError("has the epsilon ")
           << norm.epsilon << ", which is no number from 0 on";
  for (Value weight : {norm.weight, norm.bias})
    if (weight && (input.getRank() < 1 ||
                   input.getShape().back() !=
                       cast<RankedTensorType>(weight.getType()).getShape()[0]))
      return op->emitOpError("normalises rows of ")
             << input << " with a weight of " << weight.getType();
  return success();
}

LogicalResult RmsNormOp::verify() { return verifyNorm(*this); }
LogicalResult LayerNormOp::verify() { return verifyNorm(*this); }

} // namespace terrazzo::tz
