// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration, builders and verifiers of the tile dialect.
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Dialect/Tile/Tile.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "terrazzo/Dialect/Tile/TileDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Tile/TileAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Tile/TileOps.cpp.inc"

namespace terrazzo::tile {

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "terrazzo/Dialect/Tile/TileAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "terrazzo/Dialect/Tile/TileOps.cpp.inc"
      >();
}

void UnpackOp::build(OpBuilder &builder, OperationState &state,
                     tz::BlockFormat format, Value memory, Value offset,
                     int64_t part) {
  Type fragment = VectorType::get({64}, builder.getI8Type());
  Type scale = VectorType::get({16}, builder.getF32Type());
  int64_t groups = codegen::getFormatInfo(format).groupsPerPart;
  build(builder, state, SmallVector<Type>(8, fragment),
        SmallVector<Type>(groups, scale), SmallVector<Type>(groups, scale),
        tz::BlockFormatAttr::get(builder.getContext(), format), memory, offset,
        builder.getI64IntegerAttr(part));
}

LogicalResult UnpackOp::verify() {
  const codegen::FormatInfo &info = codegen::getFormatInfo(getFormat());
  int64_t part = getPart();
  if (part < 0 || part >= info.values / 32)
    return emitOpError("unpacks part ")
           << part << " of a block that has " << info.values / 32;
  if (getFragments().size() != 8 ||
      static_cast<int64_t>(getScales().size()) != info.groupsPerPart ||
      getMinimums().size() != getScales().size())
    return emitOpError("gives 8 fragments and ")
           << info.groupsPerPart << " scales and minimums for this format";
  return success();
}

void UnpackLaneOp::build(OpBuilder &builder, OperationState &state,
                         tz::BlockFormat format, Value memory, Value offset,
                         Value row, Value part, ValueRange wanted,
                         int64_t rows) {
  Type fragment = VectorType::get({rows}, builder.getI32Type());
  Type scale = VectorType::get({rows}, builder.getF32Type());
  int64_t groups = codegen::getFormatInfo(format).groupsPerPart;
  build(builder, state, SmallVector<Type>(wanted.size(), fragment),
        SmallVector<Type>(groups, scale), SmallVector<Type>(groups, scale),
        tz::BlockFormatAttr::get(builder.getContext(), format), memory, offset,
        row, part, wanted, builder.getI64IntegerAttr(rows));
}

LogicalResult UnpackLaneOp::verify() {
  const codegen::FormatInfo &info = codegen::getFormatInfo(getFormat());
  if (getRows() != 1 && getRows() != 4)
    return emitOpError("unpacks ") << getRows() << " rows, not 1 or 4";
  if (getFragments().size() != getWanted().size() ||
      static_cast<int64_t>(getScales().size()) != info.groupsPerPart ||
      getMinimums().size() != getScales().size())
    return emitOpError("gives as many fragments as are wanted, and ")
           << info.groupsPerPart << " scales and minimums for this format";
  return success();
}

LogicalResult ContractOp::verify() {
  FragmentAttr shape = getFragment();
  for (int64_t size : {shape.getRows(), shape.getColumns(), shape.getDepth(),
                       shape.getLanes()})
    if (size < 1)
      return emitOpError("has a size below 1 in ") << shape;
  auto check = [&](Value value, int64_t rows, int64_t columns) {
    auto type = cast<VectorType>(value.getType());
    if (type.getNumElements() * shape.getLanes() == rows * columns)
      return success();
    return LogicalResult(emitOpError("holds ")
                         << rows << " x " << columns << " elements in "
                         << shape.getLanes() << " lanes, not " << type);
  };
  if (failed(check(getAccumulator(), shape.getRows(), shape.getColumns())) ||
      failed(check(getLeft(), shape.getRows(), shape.getDepth())) ||
      failed(check(getRight(), shape.getDepth(), shape.getColumns())))
    return failure();
  Type left = getElementTypeOrSelf(getLeft().getType()),
       right = getElementTypeOrSelf(getRight().getType());
  Type sum = getElementTypeOrSelf(getAccumulator().getType());
  bool integers = left.isInteger(8) && sum.isInteger(32);
  bool floats = (left.isF32() || left.isF16() || left.isBF16()) && sum.isF32();
  if (left != right || (!integers && !floats))
    return emitOpError("multiplies ")
           << left << " by " << right << " into " << sum;
  return success();
}

LogicalResult ScaleOp::verify() {
  if (!getMinimum() != !getSum())
    return emitOpError(
        "has a minimum without a sum, or a sum without a minimum");
  return success();
}

} // namespace terrazzo::tile
