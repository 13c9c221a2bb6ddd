// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration, builders and verifiers of the tile dialect.
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Dialect/Tile/Tile.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "terrazzo/Dialect/Tile/TileDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Tile/TileAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Tile/TileOps.cpp.inc"

namespace terrazzo::tile {

namespace {

/// Fragments are long and the same all over a kernel.
struct TileAliases : public OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attr, raw_ostream &stream) const override {
    auto fragment = dyn_cast<FragmentAttr>(attr);
    if (!fragment || !fragment.getLeft())
      return AliasResult::NoAlias;
    stream << "fragment";
    return AliasResult::FinalAlias;
  }
};

} // namespace

void TileDialect::initialize() {
  addInterfaces<TileAliases>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "terrazzo/Dialect/Tile/TileAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "terrazzo/Dialect/Tile/TileOps.cpp.inc"
      >();
}

/// What code generation knows of a packed weight's blocks; null when there are
/// none.
static const codegen::FormatInfo *blocksOf(Type weight) {
  auto type = dyn_cast<RankedTensorType>(weight);
  auto block =
      type ? dyn_cast<tz::BlockType>(type.getElementType()) : tz::BlockType();
  bool packed = block && type.getRank() == 2 &&
                isa_and_present<tz::PackedLayout>(type.getEncoding());
  return packed ? &codegen::getFormatInfo(block.getFormat()) : nullptr;
}

void UnpackOp::build(OpBuilder &builder, OperationState &state,
                     RankedTensorType weight, Value memory, Value origin,
                     Value first, Value block, int64_t part) {
  Type fragment = VectorType::get({64}, builder.getI8Type());
  Type scale = VectorType::get({16}, builder.getF32Type());
  int64_t groups = blocksOf(weight)->groupsPerPart;
  build(builder, state, SmallVector<Type>(8, fragment),
        SmallVector<Type>(groups, scale), SmallVector<Type>(groups, scale),
        weight, memory, origin, first, block, part);
}

LogicalResult UnpackOp::verify() {
  const codegen::FormatInfo *info = blocksOf(getWeight());
  if (!info)
    return emitOpError("unpacks ")
           << getWeight() << ", which is no packed weight of blocks";
  int64_t part = getPart();
  if (part < 0 || part >= info->values / 32)
    return emitOpError("unpacks part ")
           << part << " of a block that has " << info->values / 32;
  if (getFragments().size() != 8 ||
      static_cast<int64_t>(getScales().size()) != info->groupsPerPart ||
      getMinimums().size() != getScales().size())
    return emitOpError("gives 8 fragments and ")
           << info->groupsPerPart << " scales and minimums for this format";
  return success();
}

void UnpackLaneOp::build(OpBuilder &builder, OperationState &state,
                         RankedTensorType weight, Value memory, Value origin,
                         Value first, Value row, Value block, Value part,
                         ValueRange wanted, int64_t rows) {
  Type fragment = VectorType::get({rows}, builder.getI32Type());
  Type scale = VectorType::get({rows}, builder.getF32Type());
  int64_t groups = blocksOf(weight)->groupsPerPart;
  build(builder, state, SmallVector<Type>(wanted.size(), fragment),
        SmallVector<Type>(groups, scale), SmallVector<Type>(groups, scale),
        weight, memory, origin, first, row, block, part, wanted, rows);
}

LogicalResult UnpackLaneOp::verify() {
  const codegen::FormatInfo *info = blocksOf(getWeight());
  if (!info)
    return emitOpError("unpacks ")
           << getWeight() << ", which is no packed weight of blocks";
  if (getRows() != 1 && getRows() != 4)
    return emitOpError("unpacks ") << getRows() << " rows, not 1 or 4";
  if (getFragments().size() != getWanted().size() ||
      static_cast<int64_t>(getScales().size()) != info->groupsPerPart ||
      getMinimums().size() != getScales().size())
    return emitOpError("gives as many fragments as are wanted, and ")
           << info->groupsPerPart << " scales and minimums for this format";
  return success();
}

/// Whether all elements of a fragment have a lane, each one.
static bool holdsAll(AffineMap map, int64_t lanes, int64_t first,
                     int64_t second) {
  if (map.getNumDims() != 2 || map.getNumSymbols() != 0 ||
      map.getNumResults() != 2 || (first * second) % lanes)
    return false;
  llvm::SmallBitVector seen(first * second);
  for (int64_t lane = 0; lane < lanes; ++lane)
    for (int64_t i = 0; i < first * second / lanes; ++i) {
      // A division by zero has no value.
      SmallVector<Attribute, 2> found;
      Builder b(map.getContext());
      if (failed(map.constantFold({b.getIndexAttr(lane), b.getIndexAttr(i)},
                                  found)))
        return false;
      int64_t place[] = {cast<IntegerAttr>(found[0]).getInt(),
                         cast<IntegerAttr>(found[1]).getInt()};
      if (place[0] < 0 || place[0] >= first || place[1] < 0 ||
          place[1] >= second || seen.test(place[0] * second + place[1]))
        return false;
      seen.set(place[0] * second + place[1]);
    }
  return true;
}

LogicalResult FragmentAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t rows, int64_t columns, int64_t depth,
                                   int64_t lanes, Type elements, AffineMap left,
                                   AffineMap right, AffineMap sums) {
  constexpr int64_t most = 1024;
  for (int64_t size : {rows, columns, depth, lanes})
    if (size < 1 || size > most)
      return emitError() << "a fragment's sizes are from 1 to " << most
                         << ", not " << size;
  if (!left && !right && !sums)
    return success();
  auto refuse = [&](StringRef which) {
    return emitError() << "'" << which
                       << "' does not lead each element of each lane to a "
                          "place of its own in the fragment";
  };
  if (!left || !holdsAll(left, lanes, rows, depth))
    return refuse("left");
  if (!right || !holdsAll(right, lanes, depth, columns))
    return refuse("right");
  if (!sums || !holdsAll(sums, lanes, rows, columns))
    return refuse("sums");
  return success();
}

LogicalResult LoadFragmentOp::verify() {
  FragmentAttr shape = getFragment();
  bool left = !getRight();
  int64_t held = (left ? shape.getRows() : shape.getColumns()) *
                 shape.getDepth() / shape.getLanes();
  auto type = cast<VectorType>(getResult().getType());
  if (!shape.getElements() || type.getNumElements() != held ||
      type.getElementType() != shape.getElements() ||
      getMemory().getType().getElementType() != shape.getElements())
    return emitOpError("loads ") << held << " elements a lane of " << shape
                                 << " from memory of them, not " << type;
  if (getStride() < 1 || getStride() % 8)
    return emitOpError("has lines ")
           << getStride() << " elements apart, which is no multiple of 8";
  return success();
}

LogicalResult CopyOp::verify() {
  Type element = getMemory().getType().getElementType();
  if (getSource().getType().getElementType() != element ||
      !element.isIntOrFloat() ||
      !llvm::is_contained({8, 16, 32, 64}, element.getIntOrFloatBitWidth()))
    return emitOpError("copies elements of 8 to 64 bits, alike on both sides, "
                       "not ")
           << getSource().getType() << " to " << getMemory().getType();
  return success();
}

LogicalResult ContractOp::verify() {
  FragmentAttr shape = getFragment();
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
  bool meant = !shape.getElements() || shape.getElements() == left;
  if (left != right || !meant || (!integers && !floats))
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
