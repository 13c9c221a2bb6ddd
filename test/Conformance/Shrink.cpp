// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Shrink.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include <chrono>

using namespace mlir;

namespace terrazzo::conformance {
namespace {

/// Erases what nobody uses: operations, states that pass through, weights.
void clean(ModuleOp module) {
  for (auto func : module.getOps<tz::FuncOp>()) {
    Block &block = func.getBody().front();
    SmallVector<Operation *> operations;
    for (Operation &op : block.without_terminator())
      operations.push_back(&op);
    for (Operation *op : llvm::reverse(operations))
      if (op->use_empty())
        op->erase();
    Operation *ret = block.getTerminator();
    for (unsigned i = ret->getNumOperands(); i-- > 0;) {
      auto state = dyn_cast<BlockArgument>(ret->getOperand(i));
      if (!state || !isa<tz::CacheType>(state.getType()) || !state.hasOneUse())
        continue;
      ret->eraseOperand(i);
      (void)func.eraseResult(i);
      (void)func.eraseArgument(state.getArgNumber());
    }
  }
  for (auto weight : llvm::make_early_inc_range(module.getOps<tz::WeightOp>()))
    if (SymbolTable::symbolKnownUseEmpty(weight.getSymNameAttr(), module))
      weight.erase();
}

/// Gives a function's first result another value.
void returnInstead(tz::FuncOp func, Value value) {
  Operation *ret = func.getBody().front().getTerminator();
  ret->setOperand(0, value);
  OpBuilder b(func);
  SmallVector<Type> results(ret->getOperandTypes());
  func.setFunctionType(b.getFunctionType(func.getArgumentTypes(), results));
}

/// @head gives what it takes.
bool passThrough(ModuleOp module) {
  auto head = module.lookupSymbol<tz::FuncOp>("head");
  Block &block = head.getBody().front();
  if (std::distance(block.begin(), block.end()) <= 3)
    return false;
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  Value hidden = block.getArgument(0);
  Value one = tz::ScalarOp::create(b, b.getUnknownLoc(),
                                   RankedTensorType::get({}, b.getF32Type()),
                                   b.getF64FloatAttr(1));
  returnInstead(head, tz::ElementwiseOp::create(b, b.getUnknownLoc(),
                                                hidden.getType(),
                                                tz::ElementwiseFunction::Mul,
                                                ValueRange{hidden, one}));
  return true;
}

/// @trunk is a gather.
bool onlyGather(ModuleOp module) {
  auto trunk = module.lookupSymbol<tz::FuncOp>("trunk");
  Block &block = trunk.getBody().front();
  auto type = cast<RankedTensorType>(trunk.getResultTypes()[0]);
  int64_t rows = 1;
  trunk.walk([&](tz::EmbeddingOp op) {
    rows = cast<RankedTensorType>(op.getWeight().getType()).getShape()[0];
  });
  if (std::distance(block.begin(), block.end()) <= 3)
    return false;
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  auto table =
      RankedTensorType::get({rows, type.getShape()[1]}, top.getF32Type());
  tz::WeightOp::create(top, top.getUnknownLoc(), "table.shrunk", table,
                       "model.gguf", "table.shrunk", 0,
                       table.getNumElements() * 4, 0);
  OpBuilder b(block.getTerminator());
  Value weight =
      tz::UseWeightOp::create(b, b.getUnknownLoc(), table, "table.shrunk");
  returnInstead(trunk, tz::EmbeddingOp::create(b, b.getUnknownLoc(), type,
                                               weight, block.getArgument(0)));
  Operation *ret = block.getTerminator();
  for (auto [i, type] : llvm::enumerate(trunk.getArgumentTypes()))
    if (isa<tz::CacheType>(type)) {
      auto name = trunk.getArgAttr(i, tz::TzDialect::kStateAttr);
      for (unsigned r = 1; r < trunk.getNumResults(); ++r)
        if (trunk.getResultAttr(r, tz::TzDialect::kStateAttr) == name)
          ret->setOperand(r, block.getArgument(i));
    }
  return true;
}

class Shrinker {
public:
  Shrinker(ModuleOp module, llvm::function_ref<bool(ModuleOp)> fails,
           double seconds)
      : best(module.clone()), fails(fails),
        end(std::chrono::steady_clock::now() +
            std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))) {}

  OwningOpRef<ModuleOp> run() {
    bool decoder = best->lookupSymbol("trunk") != nullptr;
    if (decoder) {
      attempt(passThrough);
      attempt(onlyGather);
    } else {
      while (dropResult())
        ;
    }
    for (bool smaller = true; smaller;) {
      smaller = false;
      for (StringRef name : {"head", "trunk", "arrays"})
        while (best->lookupSymbol(name) && leaveOneOut(name))
          smaller = true;
    }
    return std::move(best);
  }

private:
  /// Keeps a changed copy when it still fails.
  bool attempt(llvm::function_ref<bool(ModuleOp)> change) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    OwningOpRef<ModuleOp> copy = best->clone();
    ScopedDiagnosticHandler quiet(copy->getContext(),
                                  [](Diagnostic &) { return success(); });
    if (!change(*copy))
      return false;
    clean(*copy);
    if (failed(verify(*copy)) || !fails(*copy))
      return false;
    best = std::move(copy);
    return true;
  }

  /// Leaves one of several results out.
  bool dropResult() {
    unsigned count = best->lookupSymbol<tz::FuncOp>("arrays").getNumResults();
    for (unsigned i = 0; count > 1 && i < count; ++i)
      if (attempt([&](ModuleOp module) {
            auto func = module.lookupSymbol<tz::FuncOp>("arrays");
            func.getBody().front().getTerminator()->eraseOperand(i);
            return succeeded(func.eraseResult(i));
          }))
        return true;
    return false;
  }

  /// Replaces one operation's result by an earlier value of its type, or the
  /// function's result by an earlier one.
  bool leaveOneOut(StringRef name) {
    auto func = best->lookupSymbol<tz::FuncOp>(name);
    int64_t count = std::distance(func.getBody().front().begin(),
                                  func.getBody().front().end()) -
                    1;
    for (int64_t index = count - 1; index >= 0; --index)
      for (int64_t earlier = -int64_t(func.getNumArguments()); earlier < index;
           ++earlier) {
        auto valueOf = [&](ModuleOp module, int64_t at) -> Value {
          Block &block =
              module.lookupSymbol<tz::FuncOp>(name).getBody().front();
          return at < 0 ? Value(block.getArgument(-1 - at))
                        : std::next(block.begin(), at)->getResult(0);
        };
        bool smaller = attempt([&](ModuleOp module) {
          Value old = valueOf(module, index), other = valueOf(module, earlier);
          if (old.getDefiningOp<tz::UseWeightOp>() ||
              other.getDefiningOp<tz::UseWeightOp>() || old.use_empty())
            return false;
          if (old.getType() == other.getType()) {
            old.replaceAllUsesWith(other);
            return true;
          }
          auto func = module.lookupSymbol<tz::FuncOp>(name);
          auto type = dyn_cast<RankedTensorType>(other.getType());
          Operation *ret = func.getBody().front().getTerminator();
          bool rows = type && type.getRank() == 2 && !type.hasStaticShape();
          bool any = name == "arrays" && type && type.getRank() > 0;
          if (!((name == "head" && rows) || any) || ret->getOperand(0) != old ||
              !other.getDefiningOp() ||
              isa<tz::ReshapeOp>(other.getDefiningOp()))
            return false;
          returnInstead(func, other);
          return true;
        });
        if (smaller)
          return true;
      }
    return false;
  }

  OwningOpRef<ModuleOp> best;
  llvm::function_ref<bool(ModuleOp)> fails;
  std::chrono::steady_clock::time_point end;
};

} // namespace

OwningOpRef<ModuleOp> shrink(ModuleOp module,
                             llvm::function_ref<bool(ModuleOp)> fails,
                             double seconds) {
  return Shrinker(module, fails, seconds).run();
}

} // namespace terrazzo::conformance
