// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Contractions.h"

using namespace mlir;

namespace terrazzo {

void absorbTransposes(tz::ContractOp op) {
  StringRef sides, result;
  std::tie(sides, result) = op.getDims().split("->");
  auto [left, right] = sides.split(',');
  std::string letters[] = {left.str(), right.str()}, made = result.str();
  bool changed = false;
  for (unsigned side : {0u, 1u})
    while (auto transpose =
               op->getOperand(side).getDefiningOp<tz::TransposeOp>()) {
      std::string before = letters[side];
      for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
        letters[side][from] = before[to];
      op->setOperand(side, transpose.getInput());
      changed = true;
    }
  if (changed)
    op.setDims(letters[0] + "," + letters[1] + "->" + made);
}

} // namespace terrazzo
