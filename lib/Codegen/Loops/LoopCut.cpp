// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/LoopCut.h"

using namespace mlir;

namespace terrazzo::codegen {

/// The iterations of each loop: of the result's dimensions, then of operands'.
static SmallVector<AffineExpr> countsOf(const LoopCut &cut) {
  SmallVector<AffineExpr> counts(cut.dims.back());
  counts.resize(cut.nest.sizes.size());
  for (auto [dims, map] : llvm::zip(cut.dims, cut.nest.operands))
    for (auto [dim, expression] : llvm::zip(dims, map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression))
        if (AffineExpr &count = counts[loop.getPosition()]; !count)
          count = dim;
  SmallVector<AffineExpr> all;
  for (ArrayRef<AffineExpr> dims : ArrayRef(cut.dims).drop_back())
    llvm::append_range(all, dims);
  for (auto [loop, size] : llvm::enumerate(cut.nest.sizes))
    if (!ShapedType::isDynamic(size))
      counts[loop] = getAffineConstantExpr(size, cut.op->getContext());
    else if (!counts[loop])
      counts[loop] = cut.nest.derivedSize(loop).replaceSymbols(all);
  return counts;
}

std::optional<ProductLoops> LoopCut::findProduct() const {
  if (nest.function != tz::ElementwiseFunction::Mul ||
      nest.combiner != tz::Combiner::Sum || !inner ||
      nest.sizes.size() - nest.parallel != 1 || nest.operands.size() != 2)
    return std::nullopt;
  auto isFloat = [](Value value) {
    Type element = getElementTypeOrSelf(value.getType());
    return element.isF32() || element.isF16() || element.isBF16();
  };
  bool floats = getElementTypeOrSelf(op->getResult(0).getType()).isF32();
  for (Value operand : op->getOperands())
    floats &= isFloat(operand) && !operand.getDefiningOp<tz::ScalarOp>();
  auto has = [&](unsigned operand, unsigned loop) {
    return nest.operands[operand].isFunctionOfDim(loop);
  };
  ProductLoops found{0, *inner, nest.parallel, 0, 1};
  if (has(0, *inner) == has(1, *inner))
    return std::nullopt;
  if (has(0, *inner))
    std::swap(found.rowsOperand, found.columnsOperand);
  bool rows = false;
  for (unsigned loop = 0; loop < nest.parallel; ++loop)
    if (loop != *inner && nest.sizes[loop] != 1 &&
        has(found.rowsOperand, loop) && !has(found.columnsOperand, loop)) {
      found.rows = loop;
      rows = true;
    }
  return floats && rows && has(0, found.depth) && has(1, found.depth)
             ? std::optional(found)
             : std::nullopt;
}

/// Has workgroups count a loop, where that is possible.
bool LoopCut::count(unsigned loop, int64_t block) {
  auto size = dyn_cast<AffineSymbolExpr>(counts[loop]);
  if (size && tiles[size.getPosition()] == 0)
    tiles[size.getPosition()] = block;
  else if (auto number = dyn_cast<AffineConstantExpr>(counts[loop]))
    factor *= llvm::divideCeil(number.getValue(), block);
  else
    return false;
  outer.push_back({loop, block});
  return true;
}

LoopCut::LoopCut(tz::LoopOp loops, const tz::Sizes &sizes, ProductBlock block)
    : op(loops.getOperation()), nest(loops.getLoops()), inner(nest.inner()) {
  for (Value operand : op->getOperands()) {
    dims.push_back(llvm::to_vector(sizes.of(operand)));
    auto producer = operand.getDefiningOp<tz::LoopOp>();
    producers.push_back(producer ? std::make_unique<LoopCut>(producer, sizes)
                                 : nullptr);
  }
  dims.push_back(llvm::to_vector(sizes.of(op->getResult(0))));
  counts = countsOf(*this);
  tiles.resize(sizes.names().size());
  for (unsigned loop = nest.parallel; loop < nest.sizes.size(); ++loop)
    reduced.push_back(loop);
  if (block.rows)
    product = findProduct();
  bool several = false; // workgroups
  for (unsigned loop = 0; loop < nest.parallel; ++loop) {
    bool rows = product && loop == product->rows;
    if (inner == loop || nest.line() == loop)
      continue;
    if (count(loop, rows ? block.rows : 1))
      several |= nest.sizes[loop] != 1;
    else if (!rows)
      rest.push_back(loop);
  }
  if (inner && product)
    count(*inner, block.columns);
  else if (inner && !several && nest.line() != inner)
    count(*inner, kLoopBlock);
}

DictionaryAttr ProductTile::toAttr(MLIRContext *context) const {
  Builder b(context);
  return b.getDictionaryAttr(
      {b.getNamedAttr("tile_columns", b.getI64IntegerAttr(columns)),
       b.getNamedAttr("tile_rows", b.getI64IntegerAttr(rows))});
}

ProductTile ProductTile::fromAttr(DictionaryAttr attr) {
  auto rows = attr ? attr.getAs<IntegerAttr>("tile_rows") : IntegerAttr(),
       columns = attr ? attr.getAs<IntegerAttr>("tile_columns") : IntegerAttr();
  if (!rows || !columns || rows.getInt() < 1 || columns.getInt() < kLanes)
    return {};
  return {rows.getInt(), columns.getInt()};
}

} // namespace terrazzo::codegen
