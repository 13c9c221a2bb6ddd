// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Codegen/KernelSizes.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace terrazzo::codegen {

PackedRows::PackedRows(RankedTensorType weight, int64_t indexBytes)
    : rows(weight.getShape()[0]),
      layout(cast<tz::PackedLayout>(weight.getEncoding())),
      indexBytes(indexBytes) {
  if (auto block = dyn_cast<tz::BlockType>(weight.getElementType())) {
    const FormatInfo &info = getFormatInfo(block.getFormat());
    blockBytes = info.bytes;
    blocks = weight.getShape()[1] / info.values;
    fields.assign(info.fields.begin(), info.fields.end());
  } else {
    blockBytes = weight.getElementTypeBitWidth() / 8;
    blocks = weight.getShape()[1];
    fields.push_back(getFloatField(blockBytes));
  }
}

AffineMap PackedRows::placesOf(const BlockField &field) const {
  return layout.getPlaces(
      {blocks, blockBytes, field.offset, field.bytes, field.unit()});
}

/// Whether a layout's map is one of (row, block, unit) to a byte.
static bool namesPlaces(AffineMap map) {
  return map.getNumDims() == 3 && map.getNumSymbols() == 0 &&
         map.getNumResults() == 1;
}

std::string PackedRows::fault() const {
  llvm::BitVector taken(groupBytes());
  Builder b(layout.getContext());
  for (const BlockField &field : fields) {
    AffineMap map = placesOf(field);
    if (!namesPlaces(map))
      return "its places are no map of (row, block, unit) to a byte";
    for (int64_t row = 0; row < groupRows(); ++row)
      for (int64_t block = 0; block < blocks; ++block)
        for (int64_t unit = 0; unit < field.bytes / field.unit(); ++unit) {
          auto index = [&](int64_t i) { return b.getIndexAttr(i); };
          SmallVector<Attribute> place;
          bool known = succeeded(
              map.constantFold({index(row), index(block), index(unit)}, place));
          int64_t at = known ? cast<IntegerAttr>(place[0]).getInt() : -1;
          if (at < 0 || at + field.unit() > groupBytes())
            return "units lie outside of their group of rows";
          if (taken.find_first_in(at, at + field.unit()) >= 0)
            return "two units lie on the same bytes";
          taken.set(at, at + field.unit());
        }
  }
  return "";
}

/// `place` of row `row` of sixteen that begin at a multiple of sixteen.
static AffineExpr amongSixteen(AffineExpr place, int64_t row) {
  AffineExpr own = getAffineDimExpr(0, place.getContext());
  return simplifyAffineExpr(place.replace(own, own * kLanes + row), 3, 0);
}

bool PackedRows::isReadable() const {
  return groupRows() > 0 && groupRows() % kLanes == 0 &&
         llvm::all_of(fields, [&](const BlockField &field) {
           AffineMap map = placesOf(field);
           if (!namesPlaces(map))
             return false;
           AffineExpr place = map.getResult(0), first = amongSixteen(place, 0);
           if (!first.isMultipleOf(kLanes))
             return false;
           for (int64_t row = 1; row < kLanes; ++row)
             if (simplifyAffineExpr(amongSixteen(place, row) - first, 3, 0) !=
                 row * field.unit())
               return false;
           return true;
         });
}

bool PackedRows::blocksFollow() const {
  return isReadable() && groupRows() == kLanes &&
         llvm::all_of(fields, [&](const BlockField &field) {
           AffineExpr place = placesOf(field).getResult(0),
                      block = getAffineDimExpr(1, place.getContext());
           return simplifyAffineExpr(place.replace(block, block + 1) - place, 3,
                                     0) == kLanes * blockBytes;
         });
}

SixteenRows PackedRows::find(Emitter &e, Value number) const {
  int64_t perGroup = groupRows() / kLanes;
  return {e.mul(e.div(number, perGroup), groupBytes() / indexBytes),
          e.mul(e.rem(number, perGroup), kLanes)};
}

Value PackedRows::unitAt(Emitter &e, const SixteenRows &rows,
                         const BlockField &field, Value block,
                         Value unit) const {
  return unitAt(e, rows.origin, field, rows.first, block, unit);
}

Value PackedRows::unitAt(Emitter &e, Value origin, const BlockField &field,
                         Value row, Value block, Value unit) const {
  SmallVector<Value> dims = {row, block, unit};
  SmallVector<AffineExpr> known;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    std::optional<int64_t> number = getConstantIntValue(dim);
    known.push_back(number ? getAffineConstantExpr(*number, e.getContext())
                           : getAffineDimExpr(i, e.getContext()));
  }
  AffineExpr place = simplifyAffineExpr(
      placesOf(field).getResult(0).replaceDims(known).floorDiv(indexBytes), 3,
      0);
  // What is the same for all units of a block is added once.
  int64_t constant = 0;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(place);
      sum && sum.getKind() == AffineExprKind::Add)
    if (auto number = dyn_cast<AffineConstantExpr>(sum.getRHS())) {
      constant = number.getValue();
      place = sum.getLHS();
    }
  Value at = emitExpression(
      e, place,
      [&](AffineExpr dim) {
        return dims[cast<AffineDimExpr>(dim).getPosition()];
      },
      /*natural=*/true);
  return e.add(e.add(origin, at), constant);
}

} // namespace terrazzo::codegen
