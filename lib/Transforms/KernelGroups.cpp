// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KernelGroups.h"
#include "Remarks.h"
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include <set>

using namespace mlir;

namespace terrazzo {

bool isFreeOperation(Operation *op) {
  return isa<tz::UseWeightOp, tz::ScalarOp, tz::ReshapeOp>(op);
}

namespace {

constexpr llvm::StringLiteral kPass = "tz-form-kernels";

/// Whether a row-wise operation mixes a whole row of a matrix, so that its
/// columns cannot be cut. A row split into heads is cut between them.
bool needsWholeRow(Operation *op) {
  return tz::rowNormOf(op) &&
         cast<RankedTensorType>(op->getResult(0).getType()).getRank() < 3;
}

/// Whether `value` stays the same from call to call.
bool isConstant(Value value) {
  Operation *op = tz::stripReshapes(value).getDefiningOp();
  return op && isa<tz::UseWeightOp, tz::ScalarOp>(op);
}

/// Whether an operation's code is a polynomial. Two of them in one loop take
/// 1.3 to 1.7 times as long as in two: their constants fill the registers.
bool isPolynomial(Operation *op) {
  auto elementwise = dyn_cast<tz::ElementwiseOp>(op);
  return elementwise &&
         tz::kindOf(elementwise.getFunction()) == tz::FunctionKind::Floats;
}

class Grouping {
public:
  Grouping(tz::FuncOp func, const GroupingLimits &limits)
      : func(func), limits(limits) {}

  SmallVector<KernelGroup> run() {
    for (Operation &op : func.getBody().front().without_terminator()) {
      if (isFreeOperation(&op))
        continue;
      position[&op] = position.size();
      startOrJoinEpilogue(&op);
    }
    for (int group = 0, count = groups.size(); group < count; ++group)
      if (groups[group].kind == GroupKind::Contraction)
        takePrologue(group);
    // Users first, so that what they take in has not taken in anything.
    for (int group = groups.size(); group-- > 0;)
      if (groups[group].kind == GroupKind::Loops)
        takeProducers(group);
    formRows();
    return sorted();
  }

private:
  Attribute targetOf(Operation *op) const {
    Attribute own = op->getAttr(kTargetAttr);
    return own ? own : limits.target;
  }

  /// The operations, reshapes and constants aside, whose results `op` uses.
  SmallVector<Operation *> sources(Operation *op) const {
    SmallVector<Operation *> result;
    for (Value operand : op->getOperands()) {
      Operation *source = tz::stripReshapes(operand).getDefiningOp();
      if (source && !isFreeOperation(source))
        result.push_back(source);
    }
    return result;
  }

  AffineExpr rowsOf(Operation *op) const {
    return codegen::rowsOf(op, limits.sizes);
  }

  int groupOf(Operation *op) const {
    auto found = member.find(op);
    return found == member.end() ? -1 : found->second;
  }

  int newGroup(GroupKind kind, Operation *op) {
    groups.push_back({kind, targetOf(op), {op}});
    member[op] = groups.size() - 1;
    return groups.size() - 1;
  }

  /// Adds `op` unless the group would then need its own results through
  /// another group.
  bool join(Operation *op, int group) {
    if (groups[group].target != targetOf(op) ||
        rowsOf(op) != rowsOf(groups[group].operations.front()))
      return false;
    groups[group].operations.push_back(op);
    member[op] = group;
    if (!reachesItself(group))
      return true;
    groups[group].operations.pop_back();
    member.erase(op);
    return false;
  }

  /// Whether a path leaves `group` towards its sources and comes back. Both a
  /// group and an operation without one are a node of the walk.
  bool reachesItself(int group) const {
    SmallVector<Operation *> stack;
    llvm::DenseSet<Operation *> seen;
    llvm::DenseSet<int> seenGroups;
    auto push = [&](Operation *op) {
      for (Operation *source : sources(op))
        if (seen.insert(source).second)
          stack.push_back(source);
    };
    for (Operation *op : groups[group].operations)
      for (Operation *source : sources(op))
        if (groupOf(source) != group && seen.insert(source).second)
          stack.push_back(source);
    while (!stack.empty()) {
      Operation *op = stack.pop_back_val();
      int other = groupOf(op);
      if (other == group)
        return true;
      if (other < 0)
        push(op);
      else if (seenGroups.insert(other).second)
        for (Operation *neighbour : groups[other].operations)
          push(neighbour);
    }
    return false;
  }

  void startOrJoinEpilogue(Operation *op) {
    if (codegen::needsLoops(op)) {
      newGroup(GroupKind::Loops, op);
    } else if (isa<tz::AttentionOp>(op)) {
      newGroup(GroupKind::Attention, op);
    } else if (auto matmul = dyn_cast<tz::MatmulOp>(op)) {
      auto [shared, isNew] =
          contractionOf.try_emplace(tz::stripReshapes(matmul.getInput()), -1);
      if (isNew || !join(op, shared->second))
        shared->second = newGroup(GroupKind::Contraction, op);
    } else if (isa<tz::EmbeddingOp>(op)) {
      newGroup(GroupKind::Rows, op);
    } else {
      joinEpilogue(op);
    }
  }

  /// Row-wise operations follow a contraction when their columns can be cut,
  /// and a gather when all else that they need is constant.
  void joinEpilogue(Operation *op) {
    int group = -1;
    for (Operation *source : sources(op))
      group = std::max(group, groupOf(source));
    if (group < 0)
      return;
    switch (groups[group].kind) {
    case GroupKind::Attention:
    case GroupKind::Loops:
      return;
    case GroupKind::Rows: {
      bool simple = isa<tz::ElementwiseOp>(op);
      for (Value operand : op->getOperands())
        simple &=
            isConstant(operand) ||
            (tz::stripReshapes(operand).getDefiningOp() &&
             groupOf(tz::stripReshapes(operand).getDefiningOp()) == group);
      if (simple)
        join(op, group);
      return;
    }
    case GroupKind::Contraction:
      if (needsWholeRow(op)) {
        remarkDecision(op->getLoc(), kPass, Decision::Missed, [&] {
          return op->getName().getStringRef().str() +
                 " needs a whole row of the product before it, whose columns "
                 "are shared among workers";
        });
        return;
      }
      if (StringRef reason = whyNotCutAlike(op, group); !reason.empty()) {
        remarkDecision(op->getLoc(), kPass, Decision::Missed, [&] {
          return (op->getName().getStringRef() + " " + reason).str();
        });
        return;
      }
      join(op, group);
      return;
    }
  }

  /// Workers share out a product's columns in groups that all operations behind
  /// it must agree on; why `op` does not, empty: it does.
  StringRef whyNotCutAlike(Operation *op, int group) const {
    auto append = dyn_cast<tz::CacheAppendOp>(op);
    Value rows = append ? Value(append.getRows()) : op->getResult(0);
    for (Value operand : op->getOperands()) {
      if (isa<tz::CacheType>(operand.getType()))
        continue;
      Operation *source = tz::stripReshapes(operand).getDefiningOp();
      if (source && groupOf(source) == group &&
          codegen::rowElements(operand.getType()) !=
              codegen::rowElements(rows.getType()))
        return "repeats a product's columns, which are shared among workers";
    }
    int64_t unit = codegen::columnUnit(op);
    if (unit == 1)
      return {};
    if (unit % codegen::kLanes)
      return "works on heads that are no multiple of the vectors";
    for (Operation *other : groups[group].operations) {
      int64_t had = codegen::columnUnit(other);
      if (std::max(unit, had) % std::min(unit, had))
        return "works on other heads than an operation before it";
    }
    return {};
  }

  /// Takes the row-wise operations that lead to the contraction's input, when
  /// its rows are few enough for every worker to compute them again.
  void takePrologue(int group) {
    auto matmul = cast<tz::MatmulOp>(groups[group].operations.front());
    Operation *input = tz::stripReshapes(matmul.getInput()).getDefiningOp();
    if (!input || isFreeOperation(input) || groupOf(input) >= 0)
      return;
    int64_t bytes =
        4 * tz::boundOf(rowsOf(matmul), limits.maxSizes) *
        cast<RankedTensorType>(matmul.getInput().getType()).getShape().back();
    if (bytes > limits.nearBytes) {
      remarkDecision(input->getLoc(), kPass, Decision::Missed, [&] {
        return llvm::formatv("{0} is not fused with the product after it: {1} "
                             "bytes of rows, {2} fit near memory",
                             input->getName().getStringRef(), bytes,
                             limits.nearBytes);
      });
      return;
    }
    SmallVector<Operation *> candidates{input};
    while (!candidates.empty()) {
      Operation *op = candidates.pop_back_val();
      if (groupOf(op) >= 0 || !join(op, group))
        continue;
      remarkDecision(op->getLoc(), kPass, Decision::Passed, [&] {
        return llvm::formatv("{0} is repeated by each worker of the product "
                             "after it: {1} bytes of rows, {2} fit near memory",
                             op->getName().getStringRef(), bytes,
                             limits.nearBytes);
      });
      llvm::append_range(candidates, sources(op));
    }
  }

  /// Whether `op` belongs to nothing yet, or is loops of its own.
  bool isLeft(Operation *op) const {
    int group = groupOf(op);
    return group < 0 || groups[group].kind == GroupKind::Loops;
  }

  /// Takes in the loops whose elements are computed where a group's own use
  /// them; a group is at most so many.
  void takeProducers(int group) {
    constexpr size_t most = 16;
    SmallVector<Operation *> users(groups[group].operations);
    while (!users.empty())
      for (OpOperand &use : users.pop_back_val()->getOpOperands()) {
        Operation *producer = use.get().getDefiningOp();
        if (!producer || groups[group].operations.size() >= most ||
            !codegen::mayInline(use) || !isLeft(producer) ||
            targetOf(producer) != groups[group].target ||
            (isPolynomial(producer) &&
             llvm::any_of(groups[group].operations, isPolynomial)))
          continue;
        if (groupOf(producer) >= 0)
          groups[groupOf(producer)].operations.clear();
        groups[group].operations.push_back(producer);
        member[producer] = group;
        users.push_back(producer);
        remarkDecision(producer->getLoc(), kPass, Decision::Passed, [&] {
          return llvm::formatv("{0} is computed where {1} uses it",
                               producer->getName().getStringRef(),
                               use.getOwner()->getName().getStringRef());
        });
      }
  }

  /// What is left joins the rows that it uses, or begins new ones.
  void formRows() {
    for (Operation &op : func.getBody().front().without_terminator()) {
      if (isFreeOperation(&op) || groupOf(&op) >= 0)
        continue;
      int group = -1;
      for (Operation *source : sources(&op))
        if (groupOf(source) >= 0 &&
            groups[groupOf(source)].kind == GroupKind::Rows)
          group = std::max(group, groupOf(source));
      if (group < 0 || !join(&op, group))
        newGroup(GroupKind::Rows, &op);
    }
  }

  /// Groups after what they depend on, otherwise in program order.
  SmallVector<KernelGroup> sorted() {
    int count = groups.size();
    SmallVector<llvm::SmallSetVector<int, 4>> users(count);
    SmallVector<int> waiting(count, 0);
    for (int group = 0; group < count; ++group) {
      auto &operations = groups[group].operations;
      llvm::sort(operations, [&](Operation *a, Operation *b) {
        return position.lookup(a) < position.lookup(b);
      });
      for (Operation *op : operations)
        for (Operation *source : sources(op))
          if (int from = groupOf(source); from != group)
            waiting[group] += users[from].insert(group);
    }
    std::set<std::pair<size_t, int>> ready;
    auto makeReady = [&](int group) {
      if (waiting[group] == 0 && !groups[group].operations.empty())
        ready.insert({position.lookup(groups[group].operations.back()), group});
    };
    for (int group = 0; group < count; ++group)
      makeReady(group);
    SmallVector<KernelGroup> result;
    while (!ready.empty()) {
      int group = ready.begin()->second;
      ready.erase(ready.begin());
      result.push_back(groups[group]);
      for (int user : users[group]) {
        --waiting[user];
        makeReady(user);
      }
    }
    return result;
  }

  tz::FuncOp func;
  const GroupingLimits &limits;
  SmallVector<KernelGroup> groups;
  llvm::DenseMap<Operation *, int> member;
  llvm::DenseMap<Operation *, size_t> position;
  llvm::DenseMap<Value, int> contractionOf;
};

} // namespace

SmallVector<KernelGroup> formGroups(tz::FuncOp func,
                                    const GroupingLimits &limits) {
  return Grouping(func, limits).run();
}

} // namespace terrazzo
