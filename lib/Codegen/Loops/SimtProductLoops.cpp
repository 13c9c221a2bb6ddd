// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of two computed arrays by the threads of a workgroup, in f32: parts
// of both sides pass through the workgroup's memory, sixteen depths at a time,
// and each thread keeps four by four sums in registers.
#include "terrazzo/Codegen/SimtKernel.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Depths that are in memory at once, and sums of a thread along each side.
static constexpr int64_t kDepth = 16, kOwn = 4;

/// From one depth to the next in memory: a gap spreads them over its banks.
static int64_t strideOf(int64_t lines) { return lines + 4; }

namespace {

/// Where the parts of both sides lie in a workgroup's scratch.
struct ProductScratch {
  explicit ProductScratch(ProductBlock block) {
    ScratchPlan plan;
    plan.reserve(kSumsBytes, 1);
    rows = plan.reserve(kDepth * strideOf(block.rows), 4);
    columns = plan.reserve(kDepth * strideOf(block.columns), 4);
    size = plan.size();
  }
  int64_t rows, columns, size;
};

class SimtProduct {
public:
  SimtProduct(SimtFrame &frame, const LoopCut &cut, LoopElements &places)
      : e(frame.e), cut(cut), loops(*cut.product), places(places),
        block{frame.config.groupRows, frame.config.groupColumns} {
    ProductScratch scratch(block);
    auto view = [&](int64_t offset, int64_t lines) {
      return frame.view(e.getF32Type(), offset, kDepth * strideOf(lines));
    };
    rows = {loops.rowsOperand, loops.rows, block.rows,
            view(scratch.rows, block.rows)};
    columns = {loops.columnsOperand, loops.columns, block.columns,
               view(scratch.columns, block.columns)};
    int64_t across = block.columns / kOwn;
    rowOfThread = e.mul(e.div(e.thread, across), kOwn);
    columnOfThread = e.mul(e.rem(e.thread, across), kOwn);
  }

  void run(Value workgroup) {
    indices = places.indicesOf(workgroup);
    // A workgroup has as much of a side as could be counted: a tile, or all.
    auto [firstRow, endRow] = places.rangeOf(loops.rows, indices);
    auto [firstColumn, endColumn] = places.rangeOf(loops.columns, indices);
    rows.end = endRow;
    columns.end = endColumn;
    places.each(
        cut.rest, indices, [&, firstRow = firstRow, firstColumn = firstColumn] {
          e.loop(firstRow, rows.end, block.rows, [&](Value row) {
            e.loop(firstColumn, columns.end, block.columns, [&](Value column) {
              rows.first = row;
              columns.first = column;
              emitTile();
            });
          });
        });
  }

private:
  /// One operand: its loop that runs along the tile, and its part in memory.
  struct Side {
    unsigned operand, loop;
    int64_t lines;
    Value memory, first = {}, end = {};
  };

  void emitTile() {
    Value depth = places.sizeOf(loops.depth);
    SmallVector<Value> sums(kOwn * kOwn, e.f32(0));
    sums = e.loop(e.index(0), depth, kDepth, sums,
                  [&](Value from, ValueRange carried) {
                    e.barrier();
                    load(rows, from, depth);
                    load(columns, from, depth);
                    e.barrier();
                    return e.loop(e.index(0), e.index(kDepth), 1, carried,
                                  [&](Value k, ValueRange inner) {
                                    return addDepth(k, inner);
                                  });
                  });
    store(sums);
  }

  /// Depths beyond the last are zeros, lines beyond theirs repeat it.
  void load(const Side &side, Value from, Value depth) {
    // Neighbouring threads take what lies side by side.
    bool alongDepth = places.strideOf(int(side.operand), loops.depth) == 1;
    e.each(side.lines * kDepth, [&](Value i) {
      Value line = alongDepth ? e.div(i, kDepth) : e.rem(i, side.lines),
            k = alongDepth ? e.rem(i, kDepth) : e.div(i, side.lines);
      Value at = e.add(from, k), last = e.sub(depth, e.index(1));
      indices[side.loop] =
          e.min(e.add(side.first, line), e.sub(side.end, e.index(1)));
      indices[loops.depth] = e.min(at, last);
      int operand = int(side.operand);
      Value x =
          places.toRegister(operand, e.load(places.memoryOf(operand),
                                            places.placeOf(operand, indices)));
      e.store(e.choose(e.less(at, depth), x, e.f32(0)), side.memory,
              e.add(e.mul(k, strideOf(side.lines)), line));
    });
  }

  SmallVector<Value> addDepth(Value k, ValueRange sums) {
    auto part = [&](const Side &side, Value own) {
      return e.loadVector(side.memory,
                          e.add(e.mul(k, strideOf(side.lines)), own), kOwn);
    };
    Value a = part(rows, rowOfThread), b = part(columns, columnOfThread);
    SmallVector<Value> next;
    for (int64_t i = 0; i < kOwn; ++i)
      for (int64_t j = 0; j < kOwn; ++j)
        next.push_back(
            e.fma(e.element(a, i), e.element(b, j), sums[i * kOwn + j]));
    return next;
  }

  void store(ArrayRef<Value> sums) {
    for (int64_t i = 0; i < kOwn; ++i)
      for (int64_t j = 0; j < kOwn; ++j) {
        Value row = e.add(rows.first, e.add(rowOfThread, i)),
              column = e.add(columns.first, e.add(columnOfThread, j));
        indices[loops.rows] = row;
        indices[loops.columns] = column;
        e.when(e.both(e.less(row, rows.end), e.less(column, columns.end)), [&] {
          places.store(sums[i * kOwn + j], indices, /*lanes=*/false, {});
        });
      }
  }

  SimtEmitter &e;
  const LoopCut &cut;
  const ProductLoops &loops;
  LoopElements &places;
  ProductBlock block;
  Side rows, columns;
  Value rowOfThread, columnOfThread; ///< within the tile
  SmallVector<Value> indices;
};

} // namespace

int64_t simtProductScratch(ProductBlock block) {
  return ProductScratch(block).size;
}

void lowerSimtProduct(SimtFrame &frame, const LoopCut &cut,
                      LoopElements &places) {
  SimtProduct(frame, cut, places).run(frame.workgroup);
}

} // namespace terrazzo::codegen
