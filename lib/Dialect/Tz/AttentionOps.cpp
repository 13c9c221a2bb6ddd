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
  auto positions = cast<RankedTensorType>(getPosition().getType());
  if (positions.getRank() == 1 &&
      positions.getShape()[0] != input.getShape()[0])
    return emitOpError("takes a position for each row, got ") << positions;
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

/// Rows ('?': not known), heads and width of keys or values.
static std::array<int64_t, 3> extentsOf(Type type) {
  if (auto cache = dyn_cast<CacheType>(type))
    return {cache.getRows(), cache.getHeads(), cache.getDim()};
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return {shape[0], shape[1], shape[2]};
}

int64_t AttentionOp::getKeyHeads() { return extentsOf(getKeys().getType())[1]; }
int64_t AttentionOp::getKeyDim() { return extentsOf(getKeys().getType())[2]; }
int64_t AttentionOp::getValueDim() {
  return extentsOf(getValues().getType())[2];
}

/// Keys and values are of one kind, with as many rows and heads.
static LogicalResult verifyKeysAndValues(AttentionOp op) {
  Type keys = op.getKeys().getType(), values = op.getValues().getType();
  auto elementOf = [](Type type) {
    auto cache = dyn_cast<CacheType>(type);
    return cache ? cache.getElementType()
                 : cast<RankedTensorType>(type).getElementType();
  };
  for (Type type : {keys, values})
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && tensor.getRank() != 3)
      return op.emitOpError("takes keys and values of [rows, heads, dim], got ")
             << type;
  auto [keyRows, keyHeads, keyDim] = extentsOf(keys);
  auto [valueRows, valueHeads, valueDim] = extentsOf(values);
  if (isa<CacheType>(keys) != isa<CacheType>(values) || keyRows != valueRows ||
      keyHeads != valueHeads || elementOf(keys) != elementOf(values))
    return op.emitOpError("has keys of ")
           << keys << " but values of " << values;
  ArrayRef<int64_t> query =
      cast<RankedTensorType>(op.getQuery().getType()).getShape();
  for (int64_t size : {query[1], query[2], keyHeads, keyDim, valueDim})
    if (size <= 0)
      return op.emitOpError("has a number of heads, or a width, that is 0 or "
                            "not known; only rows may change");
  return success();
}

/// What says which rows are seen.
static LogicalResult verifySeen(AttentionOp op) {
  if (static_cast<int64_t>(op.getWindow()) < 0)
    return op.emitOpError("has a negative window");
  if (op.getWindow() && !op.getPosition())
    return op.emitOpError("has a window, but no position that it ends at");
  if (CacheType cache = op.getKeyCache();
      cache && ShapedType::isDynamic(cache.getRows()) && !op.getPosition() &&
      !op.getEnd())
    return op.emitOpError("does not know how many rows ")
           << cache << " holds: a position or 'to' says it";
  ArrayRef<int64_t> query =
      cast<RankedTensorType>(op.getQuery().getType()).getShape();
  int64_t rows = query[0];
  if (op.getBias()) {
    auto bias = cast<RankedTensorType>(op.getBias().getType());
    int64_t keyRows = extentsOf(op.getKeys().getType())[0];
    if ((bias.getShape()[0] != 1 && bias.getShape()[0] != query[1]) ||
        (bias.getShape()[1] != 1 && bias.getShape()[1] != rows) ||
        bias.getShape()[2] != keyRows || op.getKeyCache())
      return op.emitOpError(
                 "takes a bias [heads or 1, rows or 1, key rows] over "
                 "keys that are no cache, got ")
             << bias;
  }
  if (op.getSinks())
    if (auto sinks = cast<RankedTensorType>(op.getSinks().getType());
        sinks.getShape()[0] != query[1])
      return op.emitOpError("takes a sink for each head, got ") << sinks;
  for (Value range : {op.getFirst(), op.getEnd()})
    if (range && cast<RankedTensorType>(range.getType()).getShape()[0] != rows)
      return op.emitOpError("takes a range for each query row, got ")
             << range.getType();
  return success();
}

LogicalResult AttentionOp::verify() {
  auto query = cast<RankedTensorType>(getQuery().getType());
  if (query.getRank() != 3)
    return emitOpError("takes [tokens, heads, dim], got ") << query;
  if (failed(verifyKeysAndValues(*this)))
    return failure();
  auto [rows, heads] = std::pair(query.getShape()[0], query.getShape()[1]);
  if (RankedTensorType::get({rows, heads, getValueDim()},
                            query.getElementType()) != getResult().getType())
    return emitOpError("gives [tokens, heads, dim of the values], got ")
           << getResult().getType();
  int64_t keyHeads = getKeyHeads();
  if (query.getShape()[2] != getKeyDim() || keyHeads <= 0 ||
      heads % keyHeads != 0)
    return emitOpError("cannot share ")
           << getKeys().getType() << " among queries of " << query;
  return verifySeen(*this);
}

LogicalResult AttentionOp::readProperties(DialectBytecodeReader &reader,
                                          OperationState &state) {
  auto &properties = state.getOrAddProperties<Properties>();
  if (failed(reader.readAttribute(properties.scale)) ||
      failed(reader.readOptionalAttribute(properties.soft_cap)) ||
      failed(reader.readOptionalAttribute(properties.window)))
    return failure();
  auto version = reader.getDialectVersion<TzDialect>();
  const auto *written =
      succeeded(version) ? static_cast<const TzVersion *>(*version) : nullptr;
  if (written && written->major == 0 && written->minor < 2) {
    // Query, keys, values and position.
    llvm::copy(ArrayRef<int32_t>{1, 1, 1, 1, 0, 0, 0, 0},
               properties.operandSegmentSizes.begin());
    return success();
  }
  return reader.readSparseArray(
      llvm::MutableArrayRef(properties.operandSegmentSizes));
}

void AttentionOp::writeProperties(DialectBytecodeWriter &writer) {
  auto &properties = getProperties();
  writer.writeAttribute(properties.scale);
  writer.writeOptionalAttribute(properties.soft_cap);
  writer.writeOptionalAttribute(properties.window);
  writer.writeSparseArray(ArrayRef(properties.operandSegmentSizes));
}

} // namespace terrazzo::tz
