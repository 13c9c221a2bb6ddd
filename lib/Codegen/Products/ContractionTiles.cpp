// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/ContractionTiles.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Codegen/WeightFragments.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Weights stream from memory in order; a little ahead of use they are asked
/// for by hand, because the hardware's prefetcher stops at page boundaries.
static constexpr int64_t kPrefetchBytes = 4096;

/// A vector of one element.
static Value oneOf(Emitter &e, Value element) {
  return e.create<vector::BroadcastOp>(VectorType::get({1}, element.getType()),
                                       element);
}

/// Adds one part of a block to the accumulators of `rows` rows.
static void addPart(Emitter &e, const FormatInfo &info, tile::UnpackOp unpack,
                    const QuantisedRows &input, Value row, Value k,
                    MutableArrayRef<Value> accumulators) {
  int64_t groups = unpack.getScales().size(), perGroup = 8 / groups;
  VectorType four = VectorType::get({4}, e.getI8Type());
  auto shape = tile::FragmentAttr::get(e.getContext(), kLanes, 1, 4);
  for (auto [r, accumulator] : llvm::enumerate(accumulators)) {
    Value rowIndex = e.add(row, static_cast<int64_t>(r));
    Value word = e.div(e.add(e.mul(rowIndex, input.depth), k), 4);
    Value block = e.add(e.mul(rowIndex, input.depth / 32), e.div(k, 32));
    Value factor = e.load(input.scales, block);
    for (int64_t group = 0; group < groups; ++group) {
      Value products = e.i32Vector(0);
      for (int64_t g = group * perGroup; g < (group + 1) * perGroup; ++g) {
        Value x = oneOf(e, e.load(input.words, e.add(word, g)));
        products = e.create<tile::ContractOp>(
            products.getType(), products, unpack.getFragments()[g],
            e.create<vector::BitCastOp>(four, x), shape,
            static_cast<uint64_t>(info.bound));
      }
      Value sum = groups == 1
                      ? e.load(input.sums, block)
                      : e.load(input.halfSums, e.add(e.mul(block, 2), group));
      accumulator = e.create<tile::ScaleOp>(
          accumulator.getType(), accumulator, products,
          unpack.getScales()[group], factor, unpack.getMinimums()[group], sum);
    }
  }
}

void emitIntegerTile(Emitter &e, RankedTensorType weight, Value memory,
                     Value column, int64_t columns,
                     const ContractionConfig &config,
                     const QuantisedRows &input, Value row, Value tile,
                     Value to) {
  tz::BlockFormat format =
      cast<tz::BlockType>(weight.getElementType()).getFormat();
  const FormatInfo &info = getFormatInfo(format);
  PackedRows packed(weight);
  // How far the sixteen rows' next block is, where it follows.
  int64_t blockBytes = packed.blocksFollow() ? kLanes * info.bytes : 0;
  Value tiles = e.index(config.groupColumns / kLanes);
  if (columns % config.groupColumns) {
    Value left =
        e.div(e.add(e.sub(e.index(columns), column), kLanes - 1), kLanes);
    tiles = e.min(tiles, left);
  }
  e.loop(e.index(0), tiles, 1, [&](Value index) {
    SixteenRows own = packed.find(e, e.add(e.div(column, kLanes), index));
    SmallVector<Value> zeros(config.tileRows, e.f32Vector(0));
    SmallVector<Value> sums = e.loop(
        e.index(0), e.index(packed.blocks), 1, zeros,
        [&](Value block, ValueRange carried) {
          SmallVector<Value> accumulators(carried);
          Value from = e.add(own.origin, e.mul(block, blockBytes));
          for (int64_t line = 0; config.tileRows == 1 && line < blockBytes;
               line += 64)
            e.prefetch(memory, e.add(from, kPrefetchBytes + line));
          for (int64_t part = 0; part < info.values / 32; ++part) {
            auto unpack = e.createOp<tile::UnpackOp>(weight, memory, own.origin,
                                                     own.first, block, part);
            addPart(e, info, unpack, input, row,
                    e.add(e.mul(block, info.values), 32 * part), accumulators);
          }
          return accumulators;
        });
    for (auto [r, sum] : llvm::enumerate(sums))
      e.storeLanes(
          sum, tile,
          e.add(e.add(to, static_cast<int64_t>(r) * config.groupColumns),
                e.mul(index, kLanes)));
  });
}

void emitPanel(Emitter &e, RankedTensorType weight, Value memory, Value column,
               const ContractionConfig &config, Value panel) {
  int64_t depth = weight.getShape()[1], tile = config.tileColumns;
  bool pairs = config.dot == ContractionConfig::BF16;
  int64_t rows = (weight.getShape()[0] + kLanes - 1) / kLanes;
  Value groups = e.min(e.index(config.groupColumns / kLanes),
                       e.sub(e.index(rows), e.div(column, kLanes)));
  e.loop(e.index(0), groups, 1, [&](Value index) {
    Value group = e.add(e.div(column, kLanes), index);
    Value inTile = e.mul(e.rem(index, tile / kLanes), kLanes);
    Value base = e.mul(e.div(index, tile / kLanes), depth * tile);
    emitFloatColumns(
        e, weight, memory, group, [&](Value k, ArrayRef<Value> columns) {
          if (!pairs) {
            for (auto [i, values] : llvm::enumerate(columns))
              e.storeLanes(
                  values, panel,
                  e.add(base,
                        e.add(e.mul(e.add(k, static_cast<int64_t>(i)), tile),
                              inTile)));
            return;
          }
          VectorType narrow = e.lanesOf(e.getBF16Type());
          for (size_t i = 0; i < columns.size(); i += 2) {
            Value even = e.create<arith::TruncFOp>(narrow, columns[i]);
            Value odd = e.create<arith::TruncFOp>(narrow, columns[i + 1]);
            Value both = e.create<vector::InterleaveOp>(even, odd);
            Value at = e.add(
                base, e.add(e.mul(e.add(k, static_cast<int64_t>(i)), tile),
                            e.mul(inTile, 2)));
            e.createOp<vector::StoreOp>(both, panel, at);
          }
        });
  });
}

bool readsWeightInPlace(RankedTensorType weight,
                        const ContractionConfig &config) {
  // A panel of halves saves widening them again for every row but the first.
  Type element = weight.getElementType();
  bool halves = element.isF16() || element.isBF16();
  return config.dot == ContractionConfig::F32 &&
         (element.isF32() || (halves && config.blockRows == 1));
}

namespace {

/// The vectors of weights that one register tile multiplies.
class TileColumns {
public:
  /// Tile `index` of the workgroup.
  TileColumns(Emitter &e, const ContractionConfig &config,
              const FloatColumns &columns, int64_t depth, Value index)
      : e(e), columns(columns), width(config.tileColumns),
        perLane(config.dot == ContractionConfig::BF16 ? 2 : 1) {
    if (!columns.weight) {
      base = e.mul(index, depth * width);
      return;
    }
    packed.emplace(columns.weight);
    int64_t groups = llvm::divideCeil(columns.weight.getShape()[0], kLanes);
    Value first =
        e.add(e.div(columns.column, kLanes), e.mul(index, width / kLanes));
    for (int64_t v = 0; v < width / kLanes; ++v) {
      Value group = e.add(first, v);
      if (columns.weight.getShape()[0] % config.groupColumns)
        group = e.min(group, e.index(groups - 1));
      sixteens.push_back(packed->find(e, group));
    }
  }

  VectorType fragment() {
    return VectorType::get({kLanes * perLane}, perLane == 2
                                                   ? Type(e.getBF16Type())
                                                   : Type(e.getF32Type()));
  }

  /// At depth `k`, in steps of perLane.
  SmallVector<Value> at(Value k) {
    SmallVector<Value> result;
    if (columns.weight) {
      for (const SixteenRows &rows : sixteens) {
        Value at = packed->unitAt(e, rows, packed->fields[0], k, e.index(0));
        auto stored =
            VectorType::get({kLanes}, columns.weight.getElementType());
        result.push_back(e.toF32(e.create<vector::BitCastOp>(
            stored,
            e.loadBytes(columns.memory, at, kLanes * packed->blockBytes))));
      }
      return result;
    }
    Value at = e.add(base, e.mul(k, width * perLane));
    for (int64_t v = 0; v < width / kLanes; ++v)
      result.push_back(e.create<vector::LoadOp>(
          fragment(), columns.memory, e.add(at, v * kLanes * perLane)));
    return result;
  }

private:
  Emitter &e;
  const FloatColumns &columns;
  int64_t width, perLane;
  Value base; ///< in the panel
  std::optional<PackedRows> packed;
  SmallVector<SixteenRows> sixteens;
};

} // namespace

void emitFloatTile(Emitter &e, const ContractionConfig &config,
                   const FloatRows &input, const FloatColumns &columns,
                   Value row, int64_t depth, Value tile, Value to) {
  bool pairs = config.dot == ContractionConfig::BF16;
  int64_t perLane = pairs ? 2 : 1, width = config.tileColumns,
          vectors = width / kLanes;
  auto shape = tile::FragmentAttr::get(e.getContext(), kLanes, 1, perLane);
  SmallVector<Value> rows;
  for (int64_t r = 0; r < config.tileRows; ++r) {
    Value at = e.add(row, r);
    if (input.last)
      at = e.min(at, input.last);
    rows.push_back(e.add(input.base, e.mul(at, input.stride)));
  }
  e.loop(e.index(0), e.index(config.groupColumns / width), 1, [&](Value index) {
    TileColumns weights(e, config, columns, depth, index);
    SmallVector<Value> zeros(config.tileRows * vectors, e.f32Vector(0));
    SmallVector<Value> sums =
        e.loop(e.index(0), e.index(depth / perLane), 1, zeros,
               [&](Value k, ValueRange carried) {
                 SmallVector<Value> lanes = weights.at(k), result;
                 for (int64_t r = 0; r < config.tileRows; ++r) {
                   Value x = oneOf(e, e.load(input.memory, e.add(rows[r], k)));
                   if (pairs)
                     x = e.create<vector::BitCastOp>(
                         VectorType::get({2}, e.getBF16Type()), x);
                   for (int64_t v = 0; v < vectors; ++v)
                     result.push_back(e.create<tile::ContractOp>(
                         e.f32Lanes(), carried[r * vectors + v], lanes[v], x,
                         shape, uint64_t(0)));
                 }
                 return result;
               });
    for (int64_t r = 0; r < config.tileRows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.storeLanes(sums[r * vectors + v], tile,
                     e.add(e.add(to, r * config.groupColumns),
                           e.add(e.mul(index, width), v * kLanes)));
  });
}

} // namespace terrazzo::codegen
