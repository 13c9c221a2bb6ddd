// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles. Generation (one row) and small batches multiply integers straight from
// the blocks, because they wait for memory; chunks unpack columns once and use
// whichever product is fastest for many rows.
#include "TzCpu/Cpu.h"
#include "terrazzo/Codegen/KernelFrame.h"
#include "terrazzo/Codegen/LoopCut.h"
#include "terrazzo/Codegen/PackedRows.h"

using namespace mlir;
using namespace terrazzo::codegen;

namespace terrazzo::tz_cpu {

static bool allBlocks(KernelForm &form) {
  for (Section &section : form.sections)
    for (tz::MatmulOp matmul : section.matmuls)
      if (!isa<tz::BlockType>(
              cast<RankedTensorType>(matmul.getWeight().getType())
                  .getElementType()))
        return false;
  return true;
}

static int64_t largestUnit(KernelForm &form) {
  int64_t unit = 1;
  for (Section &section : form.sections)
    unit = std::max(unit, section.unit);
  return unit;
}

/// Columns of a workgroup for a chunk: the first of `widths` that divides the
/// columns into an even number of groups, so that two workers have the same.
static int64_t chunkColumns(KernelForm &form, ArrayRef<int64_t> widths) {
  for (int64_t width : widths)
    if (llvm::all_of(form.sections, [&](Section &section) {
          return section.columns % (2 * width) == 0;
        }))
      return width;
  return 64;
}

static void chooseFloatTile(ContractionConfig &config, TargetAttr target) {
  // About 24 accumulators, as many vectors wide as divide the group; AVX2 has
  // 16 registers of half the width.
  int64_t width = config.groupColumns % 64 == 0   ? 64
                  : config.groupColumns % 48 == 0 ? 48
                  : config.groupColumns % 32 == 0 ? 32
                                                  : 16;
  if (!target.hasAvx512())
    width = 16;
  config.tileColumns = width;
  config.tileRows = target.hasAvx512() ? 24 / (width / 16) : 6;
}

static ContractionConfig chooseTiles(KernelForm &form, int64_t maxSize,
                                     TargetAttr target) {
  ContractionConfig config;
  int64_t unit = largestUnit(form);
  bool blocks = allBlocks(form);
  if (maxSize <= 8) {
    int64_t widest = 0;
    for (Section &section : form.sections)
      widest = std::max(widest, section.columns);
    config.groupColumns = unit > 1 ? unit : widest >= 4096 ? 64 : 16;
    config.dot = blocks ? ContractionConfig::Int8 : ContractionConfig::F32;
    config.tileRows = maxSize == 1 ? 1 : target.hasAvx512() ? 4 : 2;
    // All rows at once, so that a float weight passes once.
    if (!blocks && maxSize > 1 && target.hasAvx512())
      config.tileRows = 8;
    config.blockRows = maxSize == 1 ? 1 : 8;
    return config;
  }
  // Eight rows of three vectors waste nothing of the usual lengths; unpacked
  // panels are made for wider groups.
  config.groupColumns = unit > 1 ? unit
                        : blocks ? chunkColumns(form, {64, 96, 48, 32})
                                 : chunkColumns(form, {48, 96, 64, 32});
  config.dot = !blocks                 ? ContractionConfig::F32
               : target.isFast("bf16") ? ContractionConfig::BF16
                                       : ContractionConfig::Int8;
  if (config.dot == ContractionConfig::Int8)
    config.tileRows = target.hasAvx512() ? 4 : 2;
  else
    chooseFloatTile(config, target);
  config.blockRows =
      (48 + config.tileRows - 1) / config.tileRows * config.tileRows;
  return config;
}

FailureOr<plan::KernelConfigAttr>
configureKernel(plan::KernelOp kernel, int64_t maxSize, TargetAttr target) {
  auto function = cast<tz::FuncOp>(kernel.getFunction().getOperation());
  FailureOr<KernelForm> form = analyseKernel(function);
  if (failed(form))
    return failure();
  MLIRContext *context = kernel.getContext();
  auto results = llvm::to_vector(
      function.getBody().front().getTerminator()->getOperands());
  auto config = [&](int64_t factor, ArrayRef<int64_t> tiles, int64_t scratch,
                    DictionaryAttr options = {}) {
    return plan::KernelConfigAttr::get(context, factor, tiles, scratch,
                                       options);
  };
  switch (form->kind) {
  case KernelForm::Row:
    return config(1, {1}, rowScratch(*form, results));
  case KernelForm::Attention: {
    int64_t heads = cast<RankedTensorType>(form->attention.getQuery().getType())
                        .getShape()[1];
    return config(heads, {attentionRows(maxSize)},
                  attentionScratch(form->attention, maxSize));
  }
  case KernelForm::ConvertLayout: {
    PackedRows packed(cast<RankedTensorType>(form->convert.getType()));
    return config(packed.groups(), {}, 0);
  }
  case KernelForm::Loops: {
    // About 24 accumulators, as for float weights.
    ProductTile tile{6, target.hasAvx512() ? 64 : 16};
    LoopCut cut(form->loops, form->sizes, codegen::kVectorBlock);
    if (!cut.product)
      return config(cut.factor, cut.tiles, 0);
    return config(cut.factor, cut.tiles, productScratch(cut, tile),
                  tile.toAttr(context));
  }
  case KernelForm::Contraction:
    break;
  }
  ContractionConfig tiles = chooseTiles(*form, maxSize, target);
  if (tiles.groupColumns % kLanes)
    return kernel.emitError("the cpu backend works on heads in multiples of 16 "
                            "values, this kernel's have ")
           << tiles.groupColumns;
  int64_t scratch = ContractionScratch(*form, tiles, maxSize, results).size;
  return config(countWorkgroups(*form, tiles), {}, scratch,
                tiles.toAttr(context));
}

} // namespace terrazzo::tz_cpu
