// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows from a fragment's maps. They are small: lanes and elements are
// counted through.
#include "terrazzo/Codegen/FragmentCode.h"
#include "terrazzo/Codegen/KernelSizes.h"
#include <map>
#include <set>

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// Elements of a lane's left fragment that hold four depths of one row, and
/// those depths, smallest first.
struct QuadElements {
  SmallVector<int64_t, 4> elements, depths;
};

SmallVector<QuadElements> quadsOf(tile::FragmentAttr shape, int64_t lane) {
  int64_t held = shape.getRows() * shape.getDepth() / shape.getLanes();
  std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> rows;
  for (int64_t i = 0; i < held; ++i) {
    SmallVector<int64_t, 2> place = shape.getLeft().compose({lane, i});
    rows[place[0]].push_back({place[1], i});
  }
  SmallVector<QuadElements> quads;
  for (auto &[row, depths] : rows) {
    llvm::sort(depths);
    for (size_t i = 0; i + 4 <= depths.size(); i += 4) {
      quads.emplace_back();
      for (auto [depth, element] : ArrayRef(depths).slice(i, 4)) {
        quads.back().depths.push_back(depth);
        quads.back().elements.push_back(element);
      }
    }
  }
  return quads;
}

/// The elements of a lane's quads.
SmallVector<SmallVector<int64_t, 4>> elementsOf(tile::FragmentAttr shape,
                                                int64_t lane) {
  SmallVector<SmallVector<int64_t, 4>> elements;
  for (const QuadElements &quad : quadsOf(shape, lane))
    elements.push_back(quad.elements);
  return elements;
}

/// Whether numbers that lie side by side in a quad do so in each of these, in
/// words of two.
bool keepPairs(ArrayRef<SmallVector<int64_t, 4>> quads) {
  return llvm::all_of(quads, [](ArrayRef<int64_t> places) {
    return places[0] % 2 == 0 && places[1] == places[0] + 1 &&
           places[2] % 2 == 0 && places[3] == places[2] + 1;
  });
}

/// The first depths of all quads, each a number's.
SmallVector<int64_t> firstDepths(tile::FragmentAttr shape) {
  std::set<int64_t> firsts;
  for (int64_t lane = 0; lane < shape.getLanes(); ++lane)
    for (const QuadElements &quad : quadsOf(shape, lane))
      firsts.insert(quad.depths[0]);
  return {firsts.begin(), firsts.end()};
}

/// Where a right operand has each depth of a quad, quad by quad.
SmallVector<SmallVector<int64_t, 4>> depthsOf(tile::FragmentAttr shape,
                                              ArrayRef<int64_t> firsts) {
  SmallVector<SmallVector<int64_t, 4>> depths(firsts.size());
  for (int64_t lane = 0; lane < shape.getLanes(); ++lane)
    for (const QuadElements &quad : quadsOf(shape, lane))
      depths[llvm::find(firsts, quad.depths[0]) - firsts.begin()] = quad.depths;
  return depths;
}

/// Whether all lanes hold their quads in the same elements, and all bits that
/// change the rows of sums do so for each element: what is said of lane 0 and
/// element 0 is true of all.
bool areAllLanesAlike(tile::FragmentAttr shape) {
  int64_t held = shape.getRows() * shape.getColumns() / shape.getLanes();
  auto rowOf = [&](int64_t lane, int64_t i) {
    return shape.getSums().compose({lane, i})[0];
  };
  auto first = elementsOf(shape, 0);
  for (int64_t lane = 1; lane < shape.getLanes(); ++lane) {
    if (elementsOf(shape, lane) != first)
      return false;
    // Rows lie as far from the first element's in every lane.
    for (int64_t i = 1; i < held; ++i)
      if (rowOf(lane, i) - rowOf(lane, 0) != rowOf(0, i) - rowOf(0, 0))
        return false;
  }
  return true;
}

/// The bits of a lane's number that leave the rows of its sums as they are.
int64_t sharedBits(tile::FragmentAttr shape) {
  int64_t bits = 0;
  for (int64_t bit = 1; bit < shape.getLanes(); bit *= 2) {
    bool same = true;
    for (int64_t lane = 0; lane < shape.getLanes(); ++lane)
      same &= shape.getSums().compose({lane, 0})[0] ==
              shape.getSums().compose({lane ^ bit, 0})[0];
    bits |= same ? bit : 0;
  }
  return bits;
}

} // namespace

const char *FragmentCode::whyNotUsed(tile::FragmentAttr shape) {
  if (!shape.getElements() || !shape.getLeft())
    return "it does not say who holds what";
  if (shape.getRows() != rows || shape.getDepth() != depth)
    return "kernels take fragments of 16 rows and 16 depths";
  if (!shape.getElements().isF16() && !shape.getElements().isBF16())
    return "kernels multiply f16 and bf16";
  if (16 % shape.getColumns())
    return "its columns are no part of 16";
  SmallVector<int64_t> firsts = firstDepths(shape);
  if (firsts.size() != depth / 4)
    return "lanes hold no quads of the left side";
  auto depths = depthsOf(shape, firsts);
  for (size_t q = 0; q < depths.size(); ++q)
    for (int64_t j = 0; j < 4; ++j)
      if (depths[q][j] != depths[0][j] + int64_t(q) * firsts[1])
        return "quads of the left side are not evenly apart";
  if (firsts[0] != 0 || !keepPairs(elementsOf(shape, 0)) || !keepPairs(depths))
    return "neighbouring depths are no neighbours in the left side";
  if (!areAllLanesAlike(shape))
    return "lanes hold their elements in different orders";
  int64_t bits = sharedBits(shape);
  if (!llvm::isShiftedMask_64(bits))
    return "no neighbouring bits of lanes share a row";
  return nullptr;
}

FragmentCode::FragmentCode(SimtEmitter &e, tile::FragmentAttr shape)
    : e(e), shape(shape) {
  findQuads();
  findRows();
}

Value FragmentCode::placeOf(AffineExpr place, int64_t i) const {
  MLIRContext *context = e.getContext();
  place = place.replaceDims(
      {getAffineDimExpr(0, context), getAffineConstantExpr(i, context)});
  return emitExpression(
      e, place, [&](AffineExpr) { return e.lane; }, /*natural=*/true);
}

void FragmentCode::findQuads() {
  SmallVector<int64_t> firsts = firstDepths(shape);
  for (ArrayRef<int64_t> depths : depthsOf(shape, firsts))
    llvm::append_range(stored, depths);
  quadDistance = firsts[1];
  quadElements = elementsOf(shape, 0);
}

Value FragmentCode::toOperand(Value x) const {
  return e.create<arith::TruncFOp>(e.likeWith(x, operandType()), x);
}

SmallVector<FragmentCode::Quad> FragmentCode::quads() const {
  SmallVector<Quad> quads;
  for (ArrayRef<int64_t> places : quadElements) {
    AffineExpr row = shape.getLeft().getResult(0),
               first = shape.getLeft().getResult(1);
    quads.push_back({placeOf(row, places[0]),
                     placeOf(first.floorDiv(quadDistance), places[0])});
  }
  return quads;
}

SmallVector<FragmentCode::Position> FragmentCode::positions() const {
  SmallVector<Position> positions;
  for (size_t i = 0; i < rowNumbers.size(); ++i)
    positions.push_back({placeOf(shape.getSums().getResult(0), int64_t(i)),
                         placeOf(shape.getSums().getResult(1), int64_t(i))});
  return positions;
}

void FragmentCode::findRows() {
  int64_t held = shape.getRows() * shape.getColumns() / shape.getLanes();
  SmallVector<int64_t> seen;
  for (int64_t i = 0; i < held; ++i) {
    int64_t row = shape.getSums().compose({0, i})[0];
    auto *found = llvm::find(seen, row);
    rowNumbers.push_back(found - seen.begin());
    if (found == seen.end())
      seen.push_back(row);
  }
  rowCount = int64_t(seen.size());
  int64_t bits = sharedBits(shape);
  sharing = {bits & -bits, int64_t(llvm::bit_floor(uint64_t(bits)))};
}

Value FragmentCode::leftFromQuads(ArrayRef<Value> values) const {
  SmallVector<Value> words(2 * values.size());
  for (auto [value, places] : llvm::zip(values, quadElements)) {
    Value pairs = e.create<vector::BitCastOp>(
        VectorType::get({2}, e.getI32Type()), value);
    for (int64_t pair = 0; pair < 2; ++pair)
      words[places[2 * pair] / 2] = e.element(pairs, pair);
  }
  auto type = VectorType::get({4 * int64_t(values.size())}, operandType());
  return e.create<vector::BitCastOp>(type, e.vectorOf(words));
}

Value FragmentCode::loadLeft(Value memory, Value at, int64_t stride) const {
  auto type = VectorType::get({rows * depth / shape.getLanes()}, operandType());
  return e.create<tile::LoadFragmentOp>(type, /*right=*/false, memory, at,
                                        shape, stride, /*transposed=*/false);
}

Value FragmentCode::loadRight(Value memory, Value at, int64_t stride,
                              bool transposed) const {
  auto type =
      VectorType::get({columns() * depth / shape.getLanes()}, operandType());
  return e.create<tile::LoadFragmentOp>(type, /*right=*/true, memory, at, shape,
                                        stride, transposed);
}

Value FragmentCode::zero() const {
  return e.create<arith::ConstantOp>(e.getZeroAttr(
      VectorType::get({rows * columns() / shape.getLanes()}, e.getF32Type())));
}

Value FragmentCode::multiply(Value left, Value right, Value accumulator) const {
  return e.create<tile::ContractOp>(accumulator.getType(), accumulator, left,
                                    right, shape, uint64_t(0));
}

SmallVector<Value> FragmentCode::elements(Value accumulator) const {
  SmallVector<Value> elements;
  for (size_t i = 0; i < rowNumbers.size(); ++i)
    elements.push_back(e.element(accumulator, int64_t(i)));
  return elements;
}

} // namespace terrazzo::codegen
