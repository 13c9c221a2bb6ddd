// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-place-operations: which target runs each operation, and the lines that
// tell the user. Weights, scalars, reshapes and returns are not work and are
// not counted.
#include "Remarks.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"
#include <map>

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_PLACEOPERATIONS
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// "cpu(x86-64-v4)" of the target written "cpu:x86-64-v4".
std::string displayName(Attribute target) {
  std::string text = cast<TargetAttrInterface>(target).getTargetString();
  auto [plugin, arch] = StringRef(text).split(':');
  return arch.empty() ? plugin.str() : (plugin + "(" + arch + ")").str();
}

bool isWork(Operation *op) {
  return !isa<tz::UseWeightOp, tz::ScalarOp, tz::ReshapeOp, tz::ReturnOp,
              tz::FuncOp>(op);
}

/// An operation, the index of its target (-1: none), and why it is not the
/// first.
struct Placed {
  Operation *op;
  int target;
  std::string reason;
};

struct PlaceOperations : impl::PlaceOperationsBase<PlaceOperations> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(readTargets()))
      return signalPassFailure();
    for (auto func : getOperation().getOps<tz::FuncOp>())
      func.walk([&](Operation *op) {
        if (isWork(op))
          choose(op);
      });
    keepStatesTogether();
    for (Placed &placed : all)
      mark(placed);
    if (failed(reportHomeless()))
      return signalPassFailure();
    for (auto func : getOperation().getOps<tz::FuncOp>())
      splitWeights(func);
    writeLines();
  }

  LogicalResult readTargets() {
    auto attribute = getOperation()->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!attribute || attribute.empty())
      return getOperation().emitError(
          "tz-place-operations: the module names no targets in 'plan.targets'");
    for (Attribute target : attribute) {
      if (!isa<TargetAttrInterface>(target) || !getBackend(target))
        return getOperation().emitError("tz-place-operations: no loaded plugin "
                                        "stands behind the target ")
               << target;
      targets.push_back(target);
    }
    counts.assign(targets.size(), 0);
    return success();
  }

  /// Asks the targets from `first` on.
  Placed ask(Operation *op, size_t first) {
    Placed placed{op, -1, {}};
    size_t end = unsupportedIsError ? 1 : targets.size();
    for (size_t index = first; index < end; ++index) {
      Support support =
          getBackend(targets[index])->supports(op, targets[index]);
      if (support) {
        placed.target = static_cast<int>(index);
        break;
      }
      if (placed.reason.empty())
        placed.reason = support.text().str();
    }
    return placed;
  }

  void choose(Operation *op) { all.push_back(ask(op, 0)); }

  /// No state lies on two targets: what uses one follows the operation that
  /// went furthest.
  void keepStatesTogether() {
    llvm::StringMap<int> targetOf;
    for (bool changed = targets.size() > 1; changed;) {
      changed = false;
      for (Placed &placed : all) {
        SmallVector<StringRef> states = statesOf(placed.op);
        int wanted = placed.target;
        for (StringRef state : states)
          wanted = std::max(wanted, targetOf.lookup(state));
        if (placed.target >= 0 && wanted > placed.target) {
          placed = ask(placed.op, wanted);
          placed.reason = "its state is used on " +
                          displayName(targets[wanted]) +
                          (placed.target < 0 ? ": " + placed.reason : "");
          remarkDecision(placed.op->getLoc(), getArgument(), Decision::Missed,
                         [&] { return describe(placed.op, placed.reason); });
        }
        for (StringRef state : states)
          if (placed.target > targetOf.lookup(state)) {
            targetOf[state] = placed.target;
            changed = true;
          }
      }
    }
  }

  /// Names of the states that `op` reads or changes.
  static SmallVector<StringRef> statesOf(Operation *op) {
    SmallVector<StringRef> names;
    for (Value operand : op->getOperands()) {
      if (!isa<tz::CacheType>(operand.getType()))
        continue;
      while (auto append = operand.getDefiningOp<tz::CacheAppendOp>())
        operand = append.getCache();
      auto argument = dyn_cast<BlockArgument>(operand);
      auto func = dyn_cast<tz::FuncOp>(op->getParentOp());
      if (!argument || !func)
        continue;
      if (auto name = func.getArgAttrOfType<StringAttr>(
              argument.getArgNumber(), tz::TzDialect::kStateAttr))
        names.push_back(name.getValue());
    }
    return names;
  }

  void mark(const Placed &placed) {
    ++total;
    std::string what = describe(placed.op, placed.reason);
    if (placed.target < 0) {
      homeless[what].push_back(placed.op);
      return;
    }
    ++counts[placed.target];
    if (placed.target == 0)
      return;
    placed.op->setAttr(kTargetAttr, targets[placed.target]);
    elsewhere[what].push_back(placed.op);
  }

  /// Weights, and what reshapes them, once for each target that uses them; in
  /// reverse, so that users are known before what they use.
  void splitWeights(tz::FuncOp func) {
    if (counts[0] == total || !llvm::hasSingleElement(func.getBody()))
      return;
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(func.getBody().front()))) {
      if (!isWeight(&op))
        continue;
      for (size_t index = 1; index < targets.size(); ++index)
        splitOff(&op, targets[index]);
    }
  }

  static bool isWeight(Operation *op) {
    while (auto reshape = dyn_cast_or_null<tz::ReshapeOp>(op))
      op = reshape.getInput().getDefiningOp();
    return isa_and_nonnull<tz::UseWeightOp>(op);
  }

  void splitOff(Operation *op, Attribute target) {
    auto isFor = [&](OpOperand &use) {
      return use.getOwner()->getAttr(kTargetAttr) == target;
    };
    if (llvm::none_of(op->getUses(), isFor))
      return;
    Operation *own = OpBuilder(op).clone(*op);
    own->setAttr(kTargetAttr, target);
    op->replaceUsesWithIf(own, isFor);
    if (op->use_empty())
      op->erase();
  }

  static std::string describe(Operation *op, StringRef reason) {
    return (op->getName().stripDialect() + ": " + reason).str();
  }

  LogicalResult reportHomeless() {
    for (auto &[what, ops] : homeless) {
      auto diagnostic =
          ops.front()->emitError()
          << ops.size()
          << (ops.size() == 1 ? " operation has" : " operations have")
          << " no lowering for target '" << displayName(targets[0])
          << "': " << what;
      for (Operation *op : ArrayRef(ops).drop_front().take_front(3))
        diagnostic.attachNote(op->getLoc()) << "also here";
    }
    return success(homeless.empty());
  }

  void writeLines() {
    SmallVector<Attribute> lines;
    auto add = [&](std::string text) {
      lines.push_back(StringAttr::get(&getContext(), text));
      remarkDecision(getOperation().getLoc(), getArgument(), Decision::Passed,
                     [&] { return text; });
    };
    for (auto [index, target] : llvm::enumerate(targets)) {
      std::string line;
      llvm::raw_string_ostream stream(line);
      stream << displayName(target) << " " << counts[index] << "/" << total
             << " ops";
      if (index == 0 && !elsewhere.empty()) {
        stream << "; " << total - counts[0] << " elsewhere: ";
        llvm::interleaveComma(elsewhere, stream, [&](auto &entry) {
          stream << entry.second.size() << " " << entry.first;
        });
      }
      if (index == 0 || counts[index])
        add(line);
    }
    getOperation()->setAttr(kPlacementAttr,
                            ArrayAttr::get(&getContext(), lines));
  }

  SmallVector<Attribute> targets;
  std::vector<Placed> all; ///< in program order
  SmallVector<int64_t> counts;
  int64_t total = 0;
  /// By operation and reason, in alphabetical order.
  std::map<std::string, SmallVector<Operation *>> elsewhere, homeless;
};

} // namespace
} // namespace terrazzo
