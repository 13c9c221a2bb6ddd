// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How kernels are cut for workgroups of many threads.
#include "terrazzo/Codegen/SimtKernel.h"
#include "terrazzo/Codegen/LoopCut.h"
#include "terrazzo/Codegen/PackedRows.h"

using namespace mlir;

namespace terrazzo::codegen {

DictionaryAttr SimtConfig::toAttr(MLIRContext *context) const {
  Builder b(context);
  NamedAttrList entries;
  entries.append("group_columns", b.getI64IntegerAttr(groupColumns));
  entries.append("group_rows", b.getI64IntegerAttr(groupRows));
  entries.append("lanes", b.getI64IntegerAttr(lanes));
  if (matrix)
    entries.append("matrix", matrix);
  entries.append("threads", b.getI64IntegerAttr(threads));
  return entries.getDictionary(context);
}

FailureOr<SimtConfig> SimtConfig::fromAttr(DictionaryAttr attr) {
  SimtConfig config;
  if (!attr)
    return failure();
  for (auto [name, value] : {std::pair("group_columns", &config.groupColumns),
                             std::pair("group_rows", &config.groupRows),
                             std::pair("lanes", &config.lanes),
                             std::pair("threads", &config.threads)}) {
    auto entry = attr.getAs<IntegerAttr>(name);
    if (!entry || entry.getInt() <= 0)
      return failure();
    *value = entry.getInt();
  }
  if (Attribute matrix = attr.get("matrix")) {
    config.matrix = dyn_cast<tile::FragmentAttr>(matrix);
    if (!config.matrix || FragmentCode::whyNotUsed(config.matrix) ||
        config.matrix.getLanes() != config.lanes ||
        config.groupRows % config.matrix.getColumns())
      return failure();
  }
  if (config.threads % config.lanes)
    return failure();
  return config;
}

Value viewScratch(Emitter &e, Value scratch, Type element, int64_t offset,
                  int64_t count) {
  auto space = cast<MemRefType>(scratch.getType()).getMemorySpace();
  auto type = MemRefType::get({ShapedType::kDynamic}, element,
                              MemRefLayoutAttrInterface(), space);
  return e.create<memref::ViewOp>(type, scratch, e.index(offset),
                                  ValueRange{e.index(count)});
}

int64_t countSimtColumnGroups(KernelForm &form, const SimtConfig &config) {
  int64_t count = 0;
  for (Section &section : form.sections)
    count += llvm::divideCeil(section.columns, config.groupColumns);
  return count;
}

namespace {

/// Elements that signed indices of 32 bits can count.
LogicalResult checkSizes(plan::KernelOp kernel, tz::FuncOp function) {
  for (Type type : function.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.hasStaticShape() &&
        tensor.getNumElements() >= int64_t(1) << 31)
      return kernel.emitError("a tensor of ")
             << tensor.getNumElements()
             << " elements is more than a kernel's 32-bit indices reach";
  }
  return success();
}

class Chooser {
public:
  Chooser(KernelForm &form, int64_t maxSize, const SimtLimits &limits,
          ArrayRef<Value> results)
      : form(form), maxSize(maxSize), limits(limits), results(results) {
    config.lanes = limits.lanes;
  }

  /// The widest tiles whose scratch fits.
  FailureOr<int64_t> chooseContraction() {
    int64_t unit = 16;
    for (Section &section : form.sections)
      unit = std::max(unit, section.unit);
    if (maxSize > 1)
      config.matrix = fragmentFor([](tile::FragmentAttr) { return true; });
    config.threads = unit > 64 ? 256 : 128;
    if (unit % 16)
      return failure();
    config.groupColumns = unit > 16 ? unit : config.matrix ? 64 : narrow();
    SmallVector<int64_t> rows = {1};
    if (config.matrix)
      rows = {64, 32, 16, 8};
    else if (maxSize > 1)
      rows = {8, 4, 2, 1};
    for (int64_t count : rows) {
      config.groupRows = count;
      if (count > static_cast<int64_t>(
                      llvm::PowerOf2Ceil(std::max<int64_t>(maxSize, 8))) &&
          count > 8)
        continue;
      int64_t size = SimtContractionScratch(form, config, results).size;
      if (size <= limits.scratchBytes)
        return size;
    }
    return failure();
  }

  /// The first fragments of the chip that kernels have use for and that are
  /// wanted; null: none.
  tile::FragmentAttr
  fragmentFor(function_ref<bool(tile::FragmentAttr)> wanted) const {
    for (tile::FragmentAttr fragment : limits.fragments)
      if (!FragmentCode::whyNotUsed(fragment) && wanted(fragment) &&
          fragment.getLanes() == limits.lanes)
        return fragment;
    return {};
  }

  SimtConfig config;

private:
  /// Few columns a workgroup, so that a row of products occupies the whole
  /// chip.
  int64_t narrow() const {
    for (Section &section : form.sections)
      if (section.columns > 8192)
        return 64;
    return 16;
  }

  KernelForm &form;
  int64_t maxSize;
  const SimtLimits &limits;
  ArrayRef<Value> results;
};

} // namespace

FailureOr<plan::KernelConfigAttr>
configureSimtKernel(plan::KernelOp kernel, int64_t maxSize,
                    const SimtLimits &limits) {
  auto function = cast<tz::FuncOp>(kernel.getFunction().getOperation());
  FailureOr<KernelForm> form = analyseKernel(function);
  if (failed(form) || failed(checkSizes(kernel, function)))
    return failure();
  MLIRContext *context = kernel.getContext();
  auto results = llvm::to_vector(
      function.getBody().front().getTerminator()->getOperands());
  Chooser chooser(*form, maxSize, limits, results);
  SimtConfig &config = chooser.config;
  auto answer = [&](int64_t factor, ArrayRef<int64_t> tiles, int64_t scratch) {
    return plan::KernelConfigAttr::get(context, factor, tiles, scratch,
                                       config.toAttr(context));
  };
  switch (form->kind) {
  case KernelForm::Row:
    config.threads = 256;
    return answer(1, {1}, rowScratch(*form, results, kSumsBytes));
  case KernelForm::Attention: {
    int64_t heads = cast<RankedTensorType>(form->attention.getQuery().getType())
                        .getShape()[1];
    if (maxSize > 8)
      config.matrix = chooser.fragmentFor([&](tile::FragmentAttr fragment) {
        return takesMatrixAttention(form->attention, fragment);
      });
    config.groupRows = config.matrix ? 64 : 1;
    int64_t scratch = simtAttentionScratch(form->attention, config);
    while (config.matrix && scratch > limits.scratchBytes &&
           config.groupRows > 16) {
      config.groupRows /= 2;
      scratch = simtAttentionScratch(form->attention, config);
    }
    if (config.matrix && scratch > limits.scratchBytes) {
      config.matrix = {};
      config.groupRows = 1;
      scratch = simtAttentionScratch(form->attention, config);
    }
    if (config.matrix)
      config.threads = config.groupRows / FragmentCode::rows * config.lanes;
    return answer(heads, config.groupRows, scratch);
  }
  case KernelForm::ConvertLayout: {
    PackedRows packed(cast<RankedTensorType>(form->convert.getType()));
    return answer(packed.groups(), {}, kSumsBytes);
  }
  case KernelForm::Loops: {
    config.threads = 256;
    // Tiles are for those that are filled in some call.
    constexpr ProductBlock block{64, 64};
    LoopCut tiled(form->loops, form->sizes, block);
    auto fills = [&](unsigned loop) {
      auto count = dyn_cast<AffineConstantExpr>(tiled.counts[loop]);
      return (count ? count.getValue() : maxSize) >= 16;
    };
    if (tiled.product && fills(tiled.product->rows) &&
        fills(tiled.product->columns)) {
      config.groupRows = block.rows;
      config.groupColumns = block.columns;
      return answer(tiled.factor, tiled.tiles, simtProductScratch(block));
    }
    LoopCut cut(form->loops, form->sizes);
    if (std::optional<unsigned> line = cut.nest.line();
        cut.nest.share && line == cut.inner) {
      // A subgroup needs no barriers.
      auto count = dyn_cast<AffineConstantExpr>(cut.counts[*line]);
      if ((count ? count.getValue() : maxSize) <= 32 * config.lanes)
        config.threads = config.lanes;
    }
    return answer(cut.factor, cut.tiles, kSumsBytes);
  }
  case KernelForm::Contraction:
    break;
  }
  FailureOr<int64_t> scratch = chooser.chooseContraction();
  if (failed(scratch))
    return kernel.emitError("no tiles of this kernel fit a workgroup's ")
           << limits.scratchBytes << " bytes of memory";
  return answer(countSimtColumnGroups(*form, config), config.groupRows,
                *scratch);
}

} // namespace terrazzo::codegen
