// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-place-operations: which target runs each operation, and the lines that
// tell the user. Weights, scalars, reshapes and returns are not work and are
// not counted.
#include "Remarks.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Transforms/Passes.h"
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

struct PlaceOperations : impl::PlaceOperationsBase<PlaceOperations> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(readTargets()))
      return signalPassFailure();
    for (auto func : getOperation().getOps<tz::FuncOp>())
      func.walk([&](Operation *op) {
        if (isWork(op))
          place(op);
      });
    if (failed(reportHomeless()))
      return signalPassFailure();
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

  void place(Operation *op) {
    ++total;
    std::string reason;
    for (auto [index, target] : llvm::enumerate(targets)) {
      if (index > 0 && unsupportedIsError)
        break;
      Support support = getBackend(target)->supports(op, target);
      if (support) {
        ++counts[index];
        if (index > 0) {
          op->setAttr("plan.target", target);
          elsewhere[describe(op, reason)].push_back(op);
        }
        return;
      }
      if (index == 0)
        reason = support.text().str();
    }
    homeless[describe(op, reason)].push_back(op);
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
  SmallVector<int64_t> counts;
  int64_t total = 0;
  /// By operation and reason, in alphabetical order.
  std::map<std::string, SmallVector<Operation *>> elsewhere, homeless;
};

} // namespace
} // namespace terrazzo
