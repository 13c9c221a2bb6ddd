// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a contraction kernel: the prologue once per call, the input's rows
// converted to what the products take, then for each workgroup its columns of
// every product of a section, and the section's epilogue on them.
#include "terrazzo/Codegen/Activations.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/ContractionTiles.h"
#include "terrazzo/Codegen/KernelFrame.h"

using namespace mlir;

namespace terrazzo::codegen {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

//===------------------------------------------------------------------------------------------------------------===//
// Configuration
//===------------------------------------------------------------------------------------------------------------===//

static constexpr StringLiteral dotNames[] = {"int8", "bf16", "f32"};

DictionaryAttr ContractionConfig::toAttr(MLIRContext *context) const {
  Builder b(context);
  return b.getDictionaryAttr(
      {b.getNamedAttr("block_rows", b.getI64IntegerAttr(blockRows)),
       b.getNamedAttr("dot", b.getStringAttr(dotNames[dot])),
       b.getNamedAttr("group_columns", b.getI64IntegerAttr(groupColumns)),
       b.getNamedAttr("tile_columns", b.getI64IntegerAttr(tileColumns)),
       b.getNamedAttr("tile_rows", b.getI64IntegerAttr(tileRows))});
}

FailureOr<ContractionConfig> ContractionConfig::fromAttr(DictionaryAttr attr) {
  ContractionConfig config;
  auto number = [&](StringRef name, int64_t &value) {
    auto entry = attr ? attr.getAs<IntegerAttr>(name) : IntegerAttr();
    if (!entry || entry.getInt() <= 0)
      return failure();
    value = entry.getInt();
    return success();
  };
  auto dot = attr ? attr.getAs<StringAttr>("dot") : StringAttr();
  auto found = dot ? llvm::find(dotNames, dot.getValue()) : std::end(dotNames);
  if (found == std::end(dotNames) ||
      failed(number("block_rows", config.blockRows)) ||
      failed(number("group_columns", config.groupColumns)) ||
      failed(number("tile_columns", config.tileColumns)) ||
      failed(number("tile_rows", config.tileRows)))
    return failure();
  config.dot = static_cast<Dot>(found - std::begin(dotNames));
  return config;
}

int64_t countWorkgroups(KernelForm &form, const ContractionConfig &config) {
  int64_t count = 0;
  for (Section &section : form.sections)
    count += ceilDiv(section.columns, config.groupColumns);
  return count;
}

//===------------------------------------------------------------------------------------------------------------===//
// Scratch
//===------------------------------------------------------------------------------------------------------------===//

Value kernelResultOf(Value value, ArrayRef<Value> results) {
  if (llvm::is_contained(results, value))
    return value;
  for (Operation *user : value.getUsers())
    if (isa<tz::ReshapeOp>(user) &&
        llvm::is_contained(results, user->getResult(0)))
      return user->getResult(0);
  return {};
}

bool needsPlace(Value value, ArrayRef<Value> results) {
  Operation *op = value.getDefiningOp();
  // A value that is a result under another shape lies in that result.
  return !isa<tz::ReshapeOp, tz::ScalarOp, tz::CacheAppendOp>(op) &&
         !kernelResultOf(value, results);
}

ContractionScratch::ContractionScratch(KernelForm &form,
                                       const ContractionConfig &config,
                                       int64_t maxSize,
                                       ArrayRef<Value> results) {
  ScratchPlan plan;
  for (Operation *op : form.prologue)
    for (Value result : op->getResults())
      if (needsPlace(result, results))
        values.push_back(
            {result, plan.reserve(maxSize * rowElements(result.getType()), 4)});
  int64_t depth = form.depth();
  paddedRows = ceilDiv(maxSize, config.tileRows) * config.tileRows;
  size_t products = 0;
  for (Section &section : form.sections)
    products = std::max(products, section.matmuls.size());
  if (config.dot == ContractionConfig::Int8) {
    activations = plan.reserve(paddedRows * depth, 1);
    scales = plan.reserve(paddedRows * depth / 32, 4);
    sums = plan.reserve(paddedRows * depth / 32, 4);
    halfSums = plan.reserve(paddedRows * depth / 16, 4);
  } else {
    bool pairs = config.dot == ContractionConfig::BF16, panelled = false;
    for (Section &section : form.sections)
      for (tz::MatmulOp matmul : section.matmuls)
        panelled |= !readsWeightInPlace(
            cast<RankedTensorType>(matmul.getWeight().getType()), config);
    activations = plan.reserve(pairs ? paddedRows * depth : 0, 2);
    panels = plan.reserve(panelled ? products * config.groupColumns * depth : 0,
                          pairs ? 2 : 4);
  }
  tiles = plan.reserve(products * config.blockRows * config.groupColumns, 4);
  size_t intermediates = 0;
  for (Section &section : form.sections)
    intermediates = std::max(intermediates, section.epilogue.size());
  epilogue =
      plan.reserve(intermediates * config.blockRows * config.groupColumns, 4);
  size = plan.size();
}

//===------------------------------------------------------------------------------------------------------------===//
// Emission
//===------------------------------------------------------------------------------------------------------------===//

namespace {

class ContractionEmitter {
public:
  ContractionEmitter(KernelFrame &frame, KernelForm &form,
                     const ContractionConfig &config, ArrayRef<Value> results)
      : frame(frame), e(frame.e), rows(frame.rows), form(form), config(config),
        results(results), scratch(form, config, frame.maxSize, results),
        depth(form.depth()) {}

  void emit() {
    emitPrologue();
    emitActivations();
    int64_t first = 0;
    for (Section &section : form.sections) {
      int64_t count = ceilDiv(section.columns, config.groupColumns);
      Value from = e.max(frame.begin, e.index(first)),
            to = e.min(frame.end, e.index(first + count));
      e.loop(from, to, 1, [&](Value workgroup) {
        emitGroup(section,
                  e.mul(e.sub(workgroup, e.index(first)), config.groupColumns));
      });
      first += count;
    }
  }

private:
  void emitPrologue() {
    for (auto [value, offset] : scratch.values) {
      int64_t columns = rowElements(value.getType());
      rows.place(value,
                 {frame.view(e.getF32Type(), offset, frame.maxSize * columns),
                  e.index(0), columns});
    }
    if (llvm::all_of(form.prologue, [](Operation *op) {
          return isa<tz::ReshapeOp, tz::ScalarOp>(op);
        }))
      return rows.emitAll(form.prologue, {});
    e.loop(e.index(0), frame.tokens, 1,
           [&](Value row) { rows.emitAll(form.prologue, {row}); });
  }

  void emitActivations() {
    Place input = rows.placeOf(form.input());
    int64_t count = scratch.paddedRows * depth;
    if (config.dot == ContractionConfig::Int8) {
      quantised = {frame.view(e.getI8Type(), scratch.activations, count),
                   frame.view(e.getI32Type(), scratch.activations, count / 4),
                   frame.view(e.getF32Type(), scratch.scales, count / 32),
                   frame.view(e.getF32Type(), scratch.sums, count / 32),
                   frame.view(e.getF32Type(), scratch.halfSums, count / 16),
                   depth};
      e.loop(e.index(0), frame.tokens, 1,
             [&](Value row) { quantiseRow(e, rows, input, row, quantised); });
      return;
    }
    if (config.dot == ContractionConfig::F32) {
      floats = {input.memory, input.base, input.stride,
                e.sub(frame.tokens, e.index(1))};
      return;
    }
    Value memory = frame.view(e.getBF16Type(), scratch.activations, count);
    e.loop(e.index(0), frame.tokens, 1, [&](Value row) {
      convertRow(e, rows, input, row, memory, depth, depth);
    });
    // Pairs of bf16 are broadcast as one word.
    floats = {frame.view(e.getI32Type(), scratch.activations, count / 2),
              e.index(0), depth / 2, Value()};
  }

  /// The weight's columns from `column` on, as they lie or in the panel of the
  /// section's product `number`.
  FloatColumns columnsOf(tz::MatmulOp matmul, size_t number, Value column) {
    auto weight = cast<RankedTensorType>(matmul.getWeight().getType());
    if (readsWeightInPlace(weight, config))
      return {weightMemory(matmul), weight, column};
    bool pairs = config.dot == ContractionConfig::BF16;
    int64_t size = config.groupColumns * depth;
    Value panel =
        frame.view(pairs ? Type(e.getBF16Type()) : Type(e.getF32Type()),
                   scratch.panels + number * size * (pairs ? 2 : 4), size);
    emitPanel(e, weight, weightMemory(matmul), column, config, panel);
    return {panel};
  }

  /// All products and the epilogue of one section for the columns from `column`
  /// on.
  void emitGroup(Section &section, Value column) {
    bool integers = config.dot == ContractionConfig::Int8;
    SmallVector<FloatColumns> weights;
    for (auto [i, matmul] : llvm::enumerate(section.matmuls))
      if (!integers)
        weights.push_back(columnsOf(matmul, i, column));
    int64_t tileSize = config.blockRows * config.groupColumns;
    e.loop(e.index(0), frame.tokens, config.blockRows, [&](Value blockRow) {
      Value blockEnd = e.min(e.add(blockRow, config.blockRows), frame.tokens);
      for (auto [i, matmul] : llvm::enumerate(section.matmuls)) {
        Value tile = frame.view(e.getF32Type(),
                                scratch.tiles + i * tileSize * 4, tileSize);
        e.loop(blockRow, blockEnd, config.tileRows, [&](Value row) {
          Value to = e.mul(e.sub(row, blockRow), config.groupColumns);
          if (integers)
            emitIntegerTile(
                e, cast<RankedTensorType>(matmul.getWeight().getType()),
                weightMemory(matmul), column, section.columns, config,
                quantised, row, tile, to);
          else
            emitFloatTile(e, config, floats, weights[i], row, depth, tile, to);
        });
      }
      emitEpilogue(section, column, blockRow, blockEnd);
    });
  }

  void emitEpilogue(Section &section, Value column, Value blockRow,
                    Value blockEnd) {
    int64_t columns = config.groupColumns,
            tileSize = config.blockRows * columns;
    // The tile's element (0, 0) stands for row blockRow and column `column` of
    // the whole product.
    Value origin = e.sub(e.sub(e.index(0), e.mul(blockRow, columns)), column);
    for (auto [i, matmul] : llvm::enumerate(section.matmuls))
      rows.place(matmul.getResult(),
                 {frame.view(e.getF32Type(), scratch.tiles + i * tileSize * 4,
                             tileSize),
                  origin, columns});
    for (auto [i, op] : llvm::enumerate(section.epilogue)) {
      Value result = op->getResult(0);
      if (isa<tz::ReshapeOp>(op))
        rows.place(result, rows.placeOf(op->getOperand(0)));
      else if (isResult(result) || isa<tz::CacheAppendOp>(op))
        rows.place(result, placeOfResult(result));
      else
        rows.place(result,
                   {frame.view(e.getF32Type(),
                               scratch.epilogue + i * tileSize * 4, tileSize),
                    origin, columns});
    }
    Value valid;
    if (section.columns % columns)
      valid = e.min(e.sub(e.index(section.columns), column), e.index(columns));
    e.loop(blockRow, blockEnd, 1, [&](Value row) {
      RowWindow window{row, column, columns, valid};
      for (Operation *op : section.epilogue)
        if (!isa<tz::ReshapeOp>(op))
          rows.emit(op, window);
      for (tz::MatmulOp matmul : section.matmuls)
        if (isResult(matmul.getResult()))
          rows.copy(rows.placeOf(matmul.getResult()),
                    placeOfResult(matmul.getResult()), window);
    });
  }

  Value resultOf(Value value) { return kernelResultOf(value, results); }
  bool isResult(Value value) { return static_cast<bool>(resultOf(value)); }
  Place placeOfResult(Value value) {
    if (auto append = value.getDefiningOp<tz::CacheAppendOp>())
      return rows.placeOf(append.getCache());
    return frameResults.lookup(resultOf(value));
  }

  Value weightMemory(tz::MatmulOp matmul) {
    return rows.placeOf(matmul.getWeight()).memory;
  }

  KernelFrame &frame;
  Emitter &e;
  RowEmitter &rows;
  KernelForm &form;
  const ContractionConfig &config;
  ArrayRef<Value> results;
  ContractionScratch scratch;
  int64_t depth;
  QuantisedRows quantised;
  FloatRows floats;

public:
  /// Places of the kernel's results, before the epilogue's tiles take their
  /// names.
  DenseMap<Value, Place> frameResults;
};

} // namespace

void lowerContraction(KernelFrame &frame, KernelForm &form,
                      const ContractionConfig &config,
                      ArrayRef<Value> results) {
  ContractionEmitter emitter(frame, form, config, results);
  for (Value result : results)
    if (frame.rows.hasPlace(result))
      emitter.frameResults[result] = frame.rows.placeOf(result);
  emitter.emit();
}

} // namespace terrazzo::codegen
