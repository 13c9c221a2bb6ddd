// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SimtProducts.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/SimtWeights.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Depths whose blocks are copied together: a whole number of blocks.
static int64_t chunkDepth(RankedTensorType type) {
  auto block = dyn_cast<tz::BlockType>(type.getElementType());
  return block ? std::max<int64_t>(MatrixProduct::kStage, block.getValues())
               : MatrixProduct::kStage;
}

/// Words of the sixteen rows' blocks that are copied together; 0: none are,
/// they are read where they lie.
static int64_t chunkWordsOf(RankedTensorType type) {
  auto block = dyn_cast<tz::BlockType>(type.getElementType());
  if (!block || !PackedRows(type).blocksFollow())
    return 0;
  return FragmentCode::rows * block.getBytes() *
         (chunkDepth(type) / block.getValues()) / 4;
}

int64_t MatrixProduct::weightWords(const SimtConfig &config,
                                   RankedTensorType type) {
  return 2 * config.groupColumns / FragmentCode::rows * chunkWordsOf(type);
}

MatrixProduct::MatrixProduct(SimtFrame &frame, int64_t offset, int64_t blocks)
    : frame(frame), e(frame.e), config(frame.config), unit(e, config.matrix),
      activations(
          frame.view(unit.operandType(), offset, activationElements(config))),
      blocks(blocks) {
  ownGroups =
      llvm::divideCeil(config.groupColumns / FragmentCode::rows, e.subgroups());
  fragments = config.groupRows / unit.columns();
}

void MatrixProduct::loadStage(const ProductInput &input, Value depth,
                              Value to) {
  constexpr int64_t quads = kStage / 4;
  e.each(config.groupRows * quads, [&](Value i) {
    Value row = e.div(i, quads), quad = e.rem(i, quads);
    Value inside = e.less(row, input.rowCount);
    Value source =
        e.add(input.rowBegin, e.min(row, e.sub(input.rowCount, e.index(1))));
    Value k = e.add(depth, e.mul(quad, 4));
    SmallVector<Value> values;
    if (input.depth % 4 == 0) {
      if (input.depth % kStage)
        inside = e.both(inside, e.less(k, e.index(input.depth)));
      Value at = frame.rows.at(input.place, source,
                               e.min(k, e.index(input.depth - 4)));
      Value x = e.loadVector(input.place.memory, at, 4);
      for (int64_t o = 0; o < 4; ++o)
        values.push_back(e.choose(inside, e.element(x, o), e.f32(0)));
    } else {
      for (int64_t o = 0; o < 4; ++o) {
        Value column = e.add(k, o);
        Value there = e.both(inside, e.less(column, e.index(input.depth)));
        Value x =
            e.load(input.place.memory,
                   frame.rows.at(input.place, source,
                                 e.min(column, e.index(input.depth - 1))));
        values.push_back(e.choose(there, x, e.f32(0)));
      }
    }
    // Neighbouring depths stay neighbours wherever the unit wants them.
    Value line = e.add(e.add(to, e.mul(row, kStride)),
                       e.mul(e.div(quad, 4), FragmentCode::depth));
    Value inQuad = e.rem(quad, 4);
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value x =
          unit.toOperand(e.vectorOf({values[2 * pair], values[2 * pair + 1]}));
      // storedAt is affine in the quad for each place inside it.
      int64_t base = unit.storedAt(2 * pair),
              step = unit.storedAt(4 + 2 * pair) - base;
      e.storeVector(x, activations,
                    e.add(line, e.add(e.mul(inQuad, step), base)));
    }
  });
}

Value MatrixProduct::groupOf(const ProductWeight &weight, Value inTile) {
  Value group = e.add(e.div(weight.column, FragmentCode::rows), inTile);
  // Groups that are not there repeat the last one and are never stored.
  return e.min(group, e.index(llvm::divideCeil(weight.type.getShape()[0],
                                               FragmentCode::rows) -
                              1));
}

void MatrixProduct::copyChunk(const ProductWeight &weight, Value chunk) {
  int64_t groups = config.groupColumns / FragmentCode::rows;
  int64_t units = chunkWords / 4;
  int64_t lastWord = PackedRows(weight.type).groupBytes() / 4 - 4;
  Value buffer = e.mul(e.rem(chunk, 2), groups * chunkWords);
  e.each(groups * units, [&](Value i) {
    Value group = e.div(i, units), unit4 = e.mul(e.rem(i, units), 4);
    // Blocks beyond the last repeat it; what they multiply is zero.
    Value word =
        e.min(e.add(e.mul(chunk, chunkWords), unit4), e.index(lastWord));
    Value from =
        e.add(sixteenOf(e, weight.type, groupOf(weight, group)).origin, word);
    e.createOp<tile::CopyOp>(weight.words, from, words,
                             e.add(buffer, e.mul(i, 4)));
  });
  e.createOp<tile::CommitCopiesOp>();
}

SmallVector<Value> MatrixProduct::leftOf(const ProductWeight &weight,
                                         int64_t own, Value part) {
  int64_t groups = config.groupColumns / FragmentCode::rows;
  Value inTile = e.add(e.subgroup, own * e.subgroups());
  Value source = weight.words;
  SixteenRows sixteen;
  if (chunkWords) {
    Value chunk = e.div(part, chunkParts);
    Value buffer = e.mul(e.rem(chunk, 2), groups * chunkWords);
    Value group = e.min(inTile, e.index(groups - 1));
    sixteen = {e.add(buffer, e.mul(group, chunkWords)), e.index(0)};
    part = e.rem(part, chunkParts);
    source = words;
  } else {
    sixteen = sixteenOf(e, weight.type, groupOf(weight, inTile));
  }
  SmallVector<SmallVector<Value>> quads(2);
  for (auto [row, number] : unit.quads()) {
    SmallVector<Value> wanted = {number, e.add(number, 4)};
    SmallVector<Value> values =
        unpackFloats(e, weight.type, source, {sixteen, row, part, 1}, wanted);
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> four;
      for (int64_t o = 0; o < 4; ++o)
        four.push_back(e.element(values[4 * half + o], 0));
      quads[half].push_back(unit.toOperand(e.vectorOf(four)));
    }
  }
  return {unit.leftFromQuads(quads[0]), unit.leftFromQuads(quads[1])};
}

SmallVector<Value> MatrixProduct::multiplyStage(const ProductInput &input,
                                                const ProductWeight &weight,
                                                Value stage,
                                                ValueRange carried) {
  SmallVector<Value> sums(carried.begin(), carried.end());
  // Two buffers take turns, so one barrier a stage is enough: who writes the
  // next one has seen everybody leave it.
  Value from = e.mul(e.rem(stage, 2), config.groupRows * kStride);
  loadStage(input, e.mul(stage, kStage), from);
  e.barrier();
  constexpr int64_t partsOfStage = kStage / 32;
  for (int64_t p = 0; p < partsOfStage; ++p) {
    // A part beyond the depth meets zeros.
    Value part = e.min(e.add(e.mul(stage, partsOfStage), p),
                       e.index(countParts(weight.type) - 1));
    SmallVector<SmallVector<Value>> left;
    for (int64_t own = 0; own < ownGroups; ++own)
      left.push_back(leftOf(weight, own, part));
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t n = 0; n < fragments; ++n) {
        Value at = e.add(from, n * unit.columns() * kStride + 32 * p +
                                   FragmentCode::depth * half);
        Value right = unit.loadRight(activations, at, kStride);
        for (int64_t own = 0; own < ownGroups; ++own) {
          Value &sum = sums[own * fragments + n];
          sum = unit.multiply(left[own][half], right, sum);
        }
      }
  }
  return sums;
}

void MatrixProduct::store(ValueRange sums, Value tile) {
  SmallVector<FragmentCode::Position> positions = unit.positions();
  for (int64_t own = 0; own < ownGroups; ++own) {
    Value group = e.add(e.subgroup, own * e.subgroups());
    e.when(e.less(group, e.index(config.groupColumns / FragmentCode::rows)),
           [&] {
             for (int64_t n = 0; n < fragments; ++n) {
               SmallVector<Value> elements =
                   unit.elements(sums[own * fragments + n]);
               for (auto [element, position] : llvm::zip(elements, positions)) {
                 Value row = e.add(position.column, n * unit.columns());
                 Value column =
                     e.add(e.mul(group, FragmentCode::rows), position.row);
                 e.store(element, tile,
                         e.add(e.mul(row, config.groupColumns), column));
               }
             }
           });
  }
}

void MatrixProduct::emit(const ProductInput &input, const ProductWeight &weight,
                         Value tile) {
  int64_t stages = llvm::divideCeil(input.depth, kStage);
  chunkWords = chunkWordsOf(weight.type);
  chunkParts = chunkDepth(weight.type) / 32;
  int64_t stagesOfChunk = chunkDepth(weight.type) / kStage;
  int64_t chunks = llvm::divideCeil(stages, stagesOfChunk);
  if (chunkWords) {
    words =
        frame.view(e.getI32Type(), blocks, weightWords(config, weight.type));
    copyChunk(weight, e.index(0));
  }
  SmallVector<Value> sums(ownGroups * fragments, unit.zero());
  sums = e.loop(e.index(0), e.index(chunks), 1, sums,
                [&](Value chunk, ValueRange carried) {
                  if (chunkWords) {
                    e.createOp<tile::WaitCopiesOp>(0);
                    e.barrier();
                    Value next = e.add(chunk, 1);
                    e.when(e.less(next, e.index(chunks)),
                           [&] { copyChunk(weight, next); });
                  }
                  Value first = e.mul(chunk, stagesOfChunk);
                  if (stagesOfChunk == 1)
                    return multiplyStage(input, weight, first, carried);
                  return e.loop(first, e.add(first, stagesOfChunk), 1, carried,
                                [&](Value stage, ValueRange inner) {
                                  return multiplyStage(input, weight, stage,
                                                       inner);
                                });
                });
  store(sums, tile);
  e.barrier();
}

} // namespace terrazzo::codegen
