// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-choose-layouts: one layout per weight and target, as the encoding of every
// tz.use_weight's result.
#include "Remarks.h"
#include "mlir/IR/BuiltinOps.h"
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

  LogicalResult choose(StringAttr name, ArrayRef<tz::UseWeightOp> ops,
                       Attribute target) {
    SmallVector<WeightUse> users;
    for (tz::UseWeightOp op : ops) {
      auto limit =
          op->getParentOp()->getAttrOfType<IntegerAttr>(kMaxTokensAttr);
      for (Operation *user : op.getResult().getUsers())
        users.push_back({user, limit ? limit.getInt() : 1});
    }
    auto type = cast<RankedTensorType>(tz::UseWeightOp(ops[0]).getType());
    FailureOr<tz::LayoutAttr> layout =
        getBackend(target)->weightLayout(type, users, target);
    if (failed(layout))
      return emitError(ops[0]->getLoc(), "the backend of ")
             << target << " has no layout for the weight '" << name.getValue()
             << "'";
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
      for (tz::UseWeightOp op : ops)
        op.getResult().setType(RankedTensorType::get(
            type.getShape(), type.getElementType(), *layout));
    return success();
  }
};

} // namespace
} // namespace terrazzo
