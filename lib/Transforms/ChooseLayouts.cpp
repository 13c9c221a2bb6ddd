// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-choose-layouts: one layout per weight and target, as the encoding of the
// results of tz.use_weight that products and gathers read. What reads a weight
// otherwise keeps it as it stands in the file.
#include "Remarks.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_CHOOSELAYOUTS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

struct ChooseLayouts : impl::ChooseLayoutsBase<ChooseLayouts> {
  using Base::Base;

  void runOnOperation() override {
    sizesOf.clear();
    auto targets = getOperation()->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!targets || targets.empty() || !getBackend(targets[0])) {
      getOperation().emitError("tz-choose-layouts: the module has no target "
                               "whose plugin is loaded in 'plan.targets'");
      return signalPassFailure();
    }
    llvm::MapVector<std::pair<StringAttr, Attribute>,
                    SmallVector<tz::UseWeightOp>>
        uses;
    for (auto func : getOperation().getOps<tz::FuncOp>())
      func.walk([&](tz::UseWeightOp use) {
        Attribute own = use->getAttr(kTargetAttr);
        uses[{use.getWeightAttr().getAttr(), own ? own : targets[0]}].push_back(
            use);
      });
    for (auto &[key, ops] : uses)
      if (failed(choose(key.first, ops, key.second)))
        return signalPassFailure();
  }

  static bool isPackedUse(OpOperand &use) {
    if (auto matmul = dyn_cast<tz::MatmulOp>(use.getOwner()))
      return &use == &matmul.getWeightMutable();
    if (auto embedding = dyn_cast<tz::EmbeddingOp>(use.getOwner()))
      return &use == &embedding.getWeightMutable();
    return false;
  }

  /// The operation that serves the packed uses of `op` alone, `op` itself or a
  /// copy; null when there are none.
  static tz::UseWeightOp splitPackedUses(tz::UseWeightOp op) {
    if (llvm::none_of(op.getResult().getUses(), isPackedUse))
      return {};
    if (llvm::all_of(op.getResult().getUses(), isPackedUse))
      return op;
    auto own = cast<tz::UseWeightOp>(OpBuilder(op).clone(*op));
    op.getResult().replaceUsesWithIf(own.getResult(), isPackedUse);
    return own;
  }

  /// Rows of a product or a gather in its function's largest call.
  int64_t mostRows(Operation *op) {
    auto func = op->getParentOfType<tz::FuncOp>();
    auto [sizes, isNew] = sizesOf.try_emplace(func);
    if (isNew)
      if (FailureOr<tz::Sizes> found = tz::Sizes::infer(func); succeeded(found))
        sizes->second = std::move(*found);
    auto most = func->getAttrOfType<DenseI64ArrayAttr>(kMaxSizesAttr);
    AffineExpr rows = codegen::rowsOf(op, sizes->second);
    return rows && most ? tz::boundOf(rows, most) : 1;
  }

  /// What is wrong with a plugin's own layout, seen on a few blocks of a group;
  /// empty: nothing.
  static std::string faultOf(RankedTensorType type, tz::PackedLayout layout) {
    if (!layout || isa<tz::LayoutAttr>(layout))
      return "";
    if (type.getRank() != 2 || layout.getGroupRows() < 1)
      return "weights of two dimensions are packed, in groups of rows";
    auto block = dyn_cast<tz::BlockType>(type.getElementType());
    SmallVector<int64_t> shape = {layout.getGroupRows(),
                                  3 * (block ? block.getValues() : 1)};
    return codegen::PackedRows(
               RankedTensorType::get(shape, type.getElementType(), layout))
        .fault();
  }

  LogicalResult choose(StringAttr name, ArrayRef<tz::UseWeightOp> ops,
                       Attribute target) {
    SmallVector<WeightUse> users;
    SmallVector<tz::UseWeightOp> packed;
    for (tz::UseWeightOp op : ops) {
      for (OpOperand &use : op.getResult().getUses())
        if (isPackedUse(use))
          users.push_back({use.getOwner(), mostRows(use.getOwner())});
      if (tz::UseWeightOp own = splitPackedUses(op))
        packed.push_back(own);
    }
    if (packed.empty())
      return success();
    auto type = cast<RankedTensorType>(tz::UseWeightOp(ops[0]).getType());
    FailureOr<tz::PackedLayout> layout =
        getBackend(target)->weightLayout(type, users, target);
    if (failed(layout))
      return emitError(ops[0]->getLoc(), "the backend of ")
             << target << " has no layout for the weight '" << name.getValue()
             << "'";
    if (std::string why = faultOf(type, *layout); !why.empty())
      return emitError(ops[0]->getLoc(), "the backend of ")
             << target << " packs the weight '" << name.getValue() << "' as "
             << *layout << ": " << why;
    auto describe = [&] {
      std::string text;
      llvm::raw_string_ostream stream(text);
      stream << name.getValue() << " stays as in the file";
      if (*layout) {
        text.clear();
        stream << name.getValue() << " packed as " << *layout << " for "
               << users.size() << " uses";
      }
      return text;
    };
    remarkDecision(ops[0]->getLoc(), getArgument(), Decision::Passed, describe);
    if (*layout)
      for (tz::UseWeightOp op : packed)
        op.getResult().setType(RankedTensorType::get(
            type.getShape(), type.getElementType(), *layout));
    return success();
  }

  llvm::DenseMap<Operation *, tz::Sizes> sizesOf;
};

} // namespace
} // namespace terrazzo
