// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile of the result stays in registers while the depth runs: `rows` numbers
// of one operand, each spread over vectors, times `columns` numbers of the
// other side by side. Where those do not lie so they are brought into a panel
// first, so many depths at a time.
#include "ProductLoops.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Depths of a panel.
static constexpr int64_t kPanelDepth = 256;

/// Whether the columns lie side by side where they are.
static bool liesInPlace(const LoopCut &cut) {
  AffineMap map = cut.nest.operands[cut.product->columnsOperand];
  return map.getResults().back() ==
         getAffineDimExpr(cut.product->columns, cut.op->getContext());
}

int64_t productScratch(const LoopCut &cut, const ProductTile &tile) {
  ScratchPlan plan;
  if (!liesInPlace(cut))
    plan.reserve(kPanelDepth * tile.columns, 4);
  return plan.size();
}

namespace {

class ProductEmitter {
public:
  ProductEmitter(KernelFrame &frame, const LoopCut &cut, LoopElements &places,
                 const ProductTile &tile)
      : e(frame.e), cut(cut), loops(*cut.product), places(places), tile(tile) {
    if (!liesInPlace(cut))
      panel = frame.view(e.getF32Type(), 0, kPanelDepth * tile.columns);
  }

  void run(Value workgroup) {
    indices = places.indicesOf(workgroup);
    std::tie(firstRow, endRow) = places.rangeOf(loops.rows, indices);
    std::tie(firstColumn, endColumn) = places.rangeOf(loops.columns, indices);
    places.each(cut.rest, indices, [&] {
      e.loop(firstColumn, endColumn, tile.columns,
             [&](Value column) { emitColumns(column); });
    });
  }

private:
  /// All rows of the columns of one tile.
  void emitColumns(Value column) {
    Value zero = e.index(0), depth = places.sizeOf(loops.depth);
    auto size = dyn_cast<AffineConstantExpr>(cut.counts[loops.depth]);
    bool once = !panel || (size && size.getValue() <= kPanelDepth);
    if (once)
      return emitDepths(column, zero, depth, /*adds=*/false);
    eachTile(column, [&](Value row, ArrayRef<Value> masks) {
      for (int64_t r = 0; r < tile.rows; ++r)
        for (size_t v = 0; v < masks.size(); ++v)
          e.storeLanes(e.f32Vector(0), places.memoryOf(-1),
                       placeAt(row, r, column, v), masks[v]);
    });
    e.loop(zero, depth, kPanelDepth, [&](Value from) {
      emitDepths(column, from, e.min(e.add(from, kPanelDepth), depth),
                 /*adds=*/true);
    });
  }

  void emitDepths(Value column, Value from, Value to, bool adds) {
    if (panel)
      fillPanel(column, from, to);
    eachTile(column, [&](Value row, ArrayRef<Value> masks) {
      emitTile(row, column, masks, from, to, adds);
    });
  }

  /// The tiles of these columns, without masks where all columns are there.
  void eachTile(Value column,
                function_ref<void(Value row, ArrayRef<Value> masks)> body) {
    Value whole = e.less(e.add(column, tile.columns - 1), endColumn);
    int64_t vectors = tile.columns / kLanes;
    auto rows = [&](ArrayRef<Value> masks) {
      e.loop(firstRow, endRow, tile.rows, [&](Value row) { body(row, masks); });
    };
    e.when(
        whole, [&] { rows(SmallVector<Value>(vectors)); },
        [&] { rows(masksOf(column)); });
  }

  SmallVector<Value> masksOf(Value column) {
    SmallVector<Value> masks;
    Value left = e.sub(endColumn, column);
    for (int64_t v = 0; v < tile.columns / kLanes; ++v)
      masks.push_back(
          e.maskOf(e.max(e.sub(left, e.index(v * kLanes)), e.index(0))));
    return masks;
  }

  /// Rows behind the last one are that one again.
  Value rowAt(Value row, int64_t r) {
    return e.min(e.add(row, r), e.sub(endRow, e.index(1)));
  }

  /// Of the result.
  Value placeAt(Value row, int64_t r, Value column, int64_t v) {
    indices[loops.rows] = rowAt(row, r);
    indices[loops.columns] = e.add(column, v * kLanes);
    return places.placeOf(-1, indices);
  }

  void emitTile(Value row, Value column, ArrayRef<Value> masks, Value from,
                Value to, bool adds) {
    int64_t vectors = masks.size();
    SmallVector<Value> rows, targets, start;
    indices[loops.depth] = e.index(0);
    for (int64_t r = 0; r < tile.rows; ++r) {
      indices[loops.rows] = rowAt(row, r);
      rows.push_back(places.placeOf(loops.rowsOperand, indices));
      for (int64_t v = 0; v < vectors; ++v) {
        targets.push_back(placeAt(row, r, column, v));
        start.push_back(
            adds ? e.loadLanes(places.memoryOf(-1), targets.back(), masks[v])
                 : e.f32Vector(0));
      }
    }
    Value rowStep = places.distanceOf(loops.rowsOperand, loops.depth);
    SmallVector<Value> sums =
        e.loop(from, to, 1, start, [&](Value k, ValueRange carried) {
          SmallVector<Value> lanes = columnsAt(column, masks, from, k), result;
          for (int64_t r = 0; r < tile.rows; ++r) {
            Value x = e.splat(places.toRegister(
                loops.rowsOperand, e.load(places.memoryOf(loops.rowsOperand),
                                          e.add(rows[r], e.mul(k, rowStep)))));
            for (int64_t v = 0; v < vectors; ++v)
              result.push_back(e.fma(x, lanes[v], carried[r * vectors + v]));
          }
          return result;
        });
    for (auto [i, sum] : llvm::enumerate(sums))
      e.storeLanes(sum, places.memoryOf(-1), targets[i], masks[i % vectors]);
  }

  /// The columns of a tile at depth `k`.
  SmallVector<Value> columnsAt(Value column, ArrayRef<Value> masks, Value from,
                               Value k) {
    SmallVector<Value> lanes;
    if (panel) {
      Value at = e.mul(e.sub(k, from), tile.columns);
      for (size_t v = 0; v < masks.size(); ++v)
        lanes.push_back(e.loadLanes(panel, e.add(at, int64_t(v) * kLanes)));
      return lanes;
    }
    indices[loops.depth] = k;
    indices[loops.columns] = column;
    Value at = places.placeOf(loops.columnsOperand, indices);
    for (auto [v, mask] : llvm::enumerate(masks))
      lanes.push_back(
          places.toRegister(loops.columnsOperand,
                            e.loadLanes(places.memoryOf(loops.columnsOperand),
                                        e.add(at, int64_t(v) * kLanes), mask)));
    return lanes;
  }

  void fillPanel(Value column, Value from, Value to) {
    if (places.strideOf(loops.columnsOperand, loops.depth) == 1)
      return turnIntoPanel(column, from, to);
    Value memory = places.memoryOf(loops.columnsOperand);
    VectorType type =
        e.lanesOf(cast<MemRefType>(memory.getType()).getElementType());
    Value none = e.create<arith::ConstantOp>(e.getZeroAttr(type));
    Value step = places.distanceOf(loops.columnsOperand, loops.columns);
    Value apart = e.create<arith::MulIOp>(
        e.laneNumbers(),
        e.splat(e.create<arith::IndexCastOp>(e.getI32Type(), step)));
    SmallVector<Value> masks = masksOf(column);
    e.loop(from, to, 1, [&](Value k) {
      indices[loops.depth] = k;
      for (auto [v, mask] : llvm::enumerate(masks)) {
        indices[loops.columns] = e.add(column, int64_t(v) * kLanes);
        Value at = places.placeOf(loops.columnsOperand, indices);
        Value lanes = e.create<vector::GatherOp>(type, memory, ValueRange{at},
                                                 apart, mask, none);
        Value to =
            e.add(e.mul(e.sub(k, from), tile.columns), int64_t(v) * kLanes);
        e.storeLanes(places.toRegister(loops.columnsOperand, lanes), panel, to);
      }
    });
  }

  /// Where depths lie side by side: sixteen of them of sixteen columns at once.
  void turnIntoPanel(Value column, Value from, Value to) {
    Value last = e.sub(endColumn, e.index(1));
    e.loop(from, to, kLanes, [&](Value k) {
      indices[loops.depth] = k;
      Value whole = e.less(e.add(k, kLanes - 1), to);
      e.when(
          whole, [&] { turnBlocks(column, last, from, k, {}); },
          [&] { turnBlocks(column, last, from, k, e.maskOf(e.sub(to, k))); });
    });
  }

  void turnBlocks(Value column, Value last, Value from, Value k, Value mask) {
    e.loop(e.index(0), e.index(tile.columns), kLanes, [&](Value block) {
      SmallVector<Value> lanes;
      for (int64_t i = 0; i < kLanes; ++i) {
        indices[loops.columns] = e.min(e.add(e.add(column, block), i), last);
        Value at = places.placeOf(loops.columnsOperand, indices);
        lanes.push_back(places.toRegister(
            loops.columnsOperand,
            e.loadLanes(places.memoryOf(loops.columnsOperand), at, mask)));
      }
      transpose(lanes);
      Value to = e.add(e.mul(e.sub(k, from), tile.columns), block);
      for (int64_t i = 0; i < kLanes; ++i)
        e.storeLanes(lanes[i], panel, e.add(to, i * tile.columns));
    });
  }

  /// Sixteen vectors of sixteen lanes: in four steps, blocks of 8, 4, 2 and 1
  /// lanes that lie across the diagonal change places.
  void transpose(SmallVectorImpl<Value> &lanes) {
    for (int64_t distance = kLanes / 2; distance > 0; distance /= 2)
      for (int64_t i = 0; i < kLanes; ++i) {
        if (i & distance)
          continue;
        SmallVector<int64_t> low, high;
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          bool second = lane & distance;
          low.push_back(second ? kLanes + lane - distance : lane);
          high.push_back(second ? kLanes + lane : lane + distance);
        }
        Value a = lanes[i], b = lanes[i + distance];
        lanes[i] = e.create<vector::ShuffleOp>(a, b, low);
        lanes[i + distance] = e.create<vector::ShuffleOp>(a, b, high);
      }
  }

  Emitter &e;
  const LoopCut &cut;
  const ProductLoops &loops;
  LoopElements &places;
  const ProductTile &tile;
  Value panel; ///< null: columns lie side by side
  SmallVector<Value> indices;
  Value firstRow, endRow, firstColumn, endColumn;
};

} // namespace

void lowerProduct(KernelFrame &frame, const LoopCut &cut, LoopElements &places,
                  const ProductTile &tile, Value workgroup) {
  ProductEmitter(frame, cut, places, tile).run(workgroup);
}

} // namespace terrazzo::codegen
