// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a contraction kernel for workgroups of many threads. A workgroup takes
// one group of columns of one section and one block of rows: the prologue on
// its rows, its columns of every product of the section, the epilogue on them.
// Column groups count fastest: group + groups * block of rows.
#include "SimtProducts.h"
#include "terrazzo/Codegen/BlockFormats.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// Which tile of the workgroup's memory each value of a section lies in: the
/// products in the first ones; a value of the epilogue in that of an operand
/// that nobody else needs, else in one of its own. Results of the kernel lie
/// where the kernel's caller wants them.
struct SectionTiles {
  SectionTiles(Section &section, ArrayRef<Value> results) {
    for (tz::MatmulOp matmul : section.matmuls)
      tileOf[matmul.getResult()] = count++;
    for (Operation *op : section.epilogue) {
      Value result = op->getResult(0);
      if (isa<tz::ScalarOp, tz::CacheAppendOp>(op) ||
          kernelResultOf(result, results))
        continue;
      Value operand =
          isa<tz::ReshapeOp>(op) ? op->getOperand(0) : lastUseOf(op, results);
      auto found = operand ? tileOf.find(operand) : tileOf.end();
      if (found != tileOf.end())
        tileOf[result] = found->second;
      else if (!isa<tz::ReshapeOp>(op))
        tileOf[result] = count++;
    }
  }

  /// An operand in a tile that `op` may overwrite; null: none.
  Value lastUseOf(Operation *op, ArrayRef<Value> results) const {
    for (Value operand : op->getOperands()) {
      if (!tileOf.contains(operand) || kernelResultOf(operand, results))
        continue;
      bool last = operand.hasOneUse();
      for (Value whole = operand; last;) {
        auto reshape = whole.getDefiningOp<tz::ReshapeOp>();
        if (!reshape)
          break;
        whole = reshape.getInput();
        last = whole.hasOneUse() && !kernelResultOf(whole, results);
      }
      if (last)
        return operand;
    }
    return {};
  }

  DenseMap<Value, int64_t> tileOf;
  int64_t count = 0;
};

} // namespace

SimtContractionScratch::SimtContractionScratch(KernelForm &form,
                                               const SimtConfig &config,
                                               ArrayRef<Value> results) {
  ScratchPlan plan;
  plan.reserve(kSumsBytes, 1);
  for (Operation *op : form.prologue)
    for (Value result : op->getResults())
      if (needsPlace(result, results))
        values.push_back(
            {result, plan.reserve(
                         config.groupRows * rowElements(result.getType()), 4)});
  int64_t count = 0;
  for (Section &section : form.sections)
    count = std::max(count, SectionTiles(section, results).count);
  int64_t tile = config.groupRows * config.groupColumns;
  if (config.matrix) {
    activations = plan.reserve(MatrixProduct::activationElements(config), 2);
    int64_t words = 0;
    for (Section &section : form.sections)
      for (tz::MatmulOp matmul : section.matmuls)
        words = std::max(words, MatrixProduct::weightWords(
                                    config, cast<RankedTensorType>(
                                                matmul.getWeight().getType())));
    blocks = plan.reserve(words, 4);
  } else {
    activations = plan.reserve(
        VectorProduct::activationElements(config, form.depth()), 4);
    partial = plan.reserve(VectorProduct::splits(config) * tile, 4);
  }
  tiles = plan.reserve(count * tile, 4);
  size = plan.size();
}

namespace {

class SimtContraction {
public:
  SimtContraction(SimtFrame &frame, KernelForm &form, ArrayRef<Value> results)
      : frame(frame), e(frame.e), rows(frame.rows), config(frame.config),
        form(form), results(results), scratch(form, config, results) {
    for (Value result : results)
      if (rows.hasPlace(result))
        resultPlaces[result] = rows.placeOf(result);
  }

  void emit() {
    int64_t groups = countSimtColumnGroups(form, config);
    Value group = e.rem(frame.workgroup, groups);
    rowBegin = e.mul(e.div(frame.workgroup, groups), config.groupRows);
    rowCount = e.min(e.sub(frame.tokens, rowBegin), e.index(config.groupRows));
    if (frame.maxSize == 1)
      rowCount = e.index(1);
    emitPrologue();
    ProductInput input{rows.placeOf(form.input()), rowBegin, rowCount,
                       form.depth()};
    if (!config.matrix)
      activations =
          VectorProduct::loadActivations(frame, input, scratch.activations);
    int64_t first = 0;
    for (Section &section : form.sections) {
      int64_t count = llvm::divideCeil(section.columns, config.groupColumns);
      auto body = [&] {
        emitSection(section, input,
                    e.mul(e.sub(group, e.index(first)), config.groupColumns));
      };
      if (form.sections.size() == 1)
        body();
      else
        e.when(e.both(e.less(e.index(first - 1), group),
                      e.less(group, e.index(first + count))),
               body);
      first += count;
    }
  }

private:
  RowWindow window(Value column, int64_t width, Value valid = {}) {
    return {rowBegin, column, width, valid, rowCount, config.groupRows};
  }

  void emitPrologue() {
    for (auto [value, offset] : scratch.values) {
      int64_t columns = rowElements(value.getType());
      rows.place(value, {frame.view(e.getF32Type(), offset,
                                    config.groupRows * columns),
                         e.sub(e.index(0), e.mul(rowBegin, columns)), columns});
    }
    rows.emitAll(form.prologue, window(Value(), 0));
  }

  void emitSection(Section &section, const ProductInput &input, Value column) {
    int64_t tileSize = config.groupRows * config.groupColumns;
    for (auto [i, matmul] : llvm::enumerate(section.matmuls)) {
      ProductWeight weight{cast<RankedTensorType>(matmul.getWeight().getType()),
                           rows.placeOf(matmul.getWeight()).memory, column};
      Value tile = frame.view(e.getF32Type(), scratch.tiles + i * tileSize * 4,
                              tileSize);
      if (config.matrix)
        MatrixProduct(frame, scratch.activations, scratch.blocks)
            .emit(input, weight, tile);
      else
        VectorProduct(frame, activations, scratch.partial)
            .emit(input, weight, tile);
    }
    emitEpilogue(section, column);
  }

  void emitEpilogue(Section &section, Value column) {
    int64_t columns = config.groupColumns,
            tileSize = config.groupRows * columns;
    // The tile's element (0, 0) stands for row rowBegin and column `column` of
    // the whole product.
    Value origin = e.sub(e.sub(e.index(0), e.mul(rowBegin, columns)), column);
    auto tilePlace = [&](int64_t tile) {
      return Place{frame.view(e.getF32Type(),
                              scratch.tiles + tile * tileSize * 4, tileSize),
                   origin, columns};
    };
    SectionTiles tiles(section, results);
    for (tz::MatmulOp matmul : section.matmuls)
      rows.place(matmul.getResult(),
                 tilePlace(tiles.tileOf.lookup(matmul.getResult())));
    for (Operation *op : section.epilogue) {
      Value result = op->getResult(0);
      auto tile = tiles.tileOf.find(result);
      if (tile != tiles.tileOf.end())
        rows.place(result, tilePlace(tile->second));
      else if (isa<tz::ReshapeOp>(op))
        rows.place(result, rows.placeOf(op->getOperand(0)));
      else
        rows.place(result, placeOfResult(result));
    }
    Value valid;
    if (section.columns % columns)
      valid = e.min(e.sub(e.index(section.columns), column), e.index(columns));
    RowWindow cut = window(column, columns, valid);
    for (Operation *op : section.epilogue)
      if (!isa<tz::ReshapeOp, tz::ScalarOp>(op))
        rows.emit(op, cut);
    for (tz::MatmulOp matmul : section.matmuls)
      if (resultOf(matmul.getResult()))
        rows.copy(rows.placeOf(matmul.getResult()),
                  placeOfResult(matmul.getResult()), cut);
  }

  /// The kernel's result that `value` is, itself or reshaped; null when it is
  /// none.
  Value resultOf(Value value) { return kernelResultOf(value, results); }
  Place placeOfResult(Value value) {
    if (auto append = value.getDefiningOp<tz::CacheAppendOp>())
      return rows.placeOf(append.getCache());
    return resultPlaces.lookup(resultOf(value));
  }

  SimtFrame &frame;
  SimtEmitter &e;
  RowEmitter &rows;
  const SimtConfig &config;
  KernelForm &form;
  ArrayRef<Value> results;
  SimtContractionScratch scratch;
  /// Places of the kernel's results, before the epilogue's tiles take their
  /// names.
  DenseMap<Value, Place> resultPlaces;
  Value rowBegin, rowCount, activations;
};

} // namespace

void lowerSimtContraction(SimtFrame &frame, KernelForm &form,
                          ArrayRef<Value> results) {
  SimtContraction(frame, form, results).emit();
}

} // namespace terrazzo::codegen
