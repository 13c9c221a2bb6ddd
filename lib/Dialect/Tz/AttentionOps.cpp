// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of rotary position, caches and attention.
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Dialect/Tz/Tz.h"

using namespace mlir;

namespace terrazzo::tz {

LogicalResult RopeOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (input != getResult().getType() || input.getRank() != 3)
    return emitOpError("takes and gives [tokens, heads, dim], got ") << input;
  int64_t rotated = getRotated();
  if (rotated <= 0 || rotated % 2 != 0 || rotated > input.getShape()[2])
    return emitOpError("rotates ")
           << rotated << " values of " << input.getShape()[2]
           << "; an even number up to that is possible";
  if (getFactors() &&
      cast<RankedTensorType>(getFactors().getType()).getShape()[0] !=
          rotated / 2)
    return emitOpError("needs rotated/2 = ") << rotated / 2 << " factors";
  return success();
}

LogicalResult CacheAppendOp::verify() {
  auto rows = cast<RankedTensorType>(getRows().getType());
  CacheType cache = getCache().getType();
  if (cache != getResult().getType())
    return emitOpError("changes the cache's type");
  if (rows.getRank() != 3 || rows.getShape()[1] != cache.getHeads() ||
      rows.getShape()[2] != cache.getDim())
    return emitOpError("cannot append ") << rows << " to " << cache;
  return success();
}

LogicalResult AttentionOp::verify() {
  auto query = cast<RankedTensorType>(getQuery().getType());
  CacheType keys = getKeys().getType(), values = getValues().getType();
  if (query.getRank() != 3)
    return emitOpError("takes [tokens, heads, dim], got ") << query;
  auto [rows, heads] = std::pair(query.getShape()[0], query.getShape()[1]);
  if (RankedTensorType::get({rows, heads, values.getDim()},
                            query.getElementType()) != getResult().getType())
    return emitOpError("gives [tokens, heads, dim of the values], got ")
           << getResult().getType();
  if (keys.getHeads() != values.getHeads() ||
      keys.getRows() != values.getRows() ||
      keys.getElementType() != values.getElementType())
    return emitOpError("has keys of ") << keys << " but values of " << values;
  if (query.getShape()[2] != keys.getDim() || keys.getHeads() <= 0 ||
      query.getShape()[1] % keys.getHeads() != 0)
    return emitOpError("cannot share ")
           << keys << " among queries of " << query;
  if (static_cast<int64_t>(getWindow()) < 0)
    return emitOpError("has a negative window");
  return success();
}

} // namespace terrazzo::tz
