// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-plan-arena: offsets of transients. Lives are counted in stretches between
// barriers, because launches of one stretch run at the same time.
#include "Remarks.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_PLANARENA
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

constexpr int64_t kAlignment = 64;

struct Life {
  plan::TransientOp op;
  int64_t bytes; ///< rounded up to the alignment
  int first = -1, last = -1;
  int64_t offset = -1;

  bool meets(const Life &other) const {
    return first <= other.last && other.first <= last;
  }
};

/// Lives of the transients of one side.
SmallVector<Life> livesOf(plan::ProgramOp program, bool host) {
  SmallVector<Life> lives;
  llvm::DenseMap<Value, size_t> index;
  int stretch = 0;
  for (Operation &op : program.getBody().front()) {
    if (auto transient = dyn_cast<plan::TransientOp>(op);
        transient && transient.getHost() == host) {
      index[transient.getResult()] = lives.size();
      lives.push_back(
          {transient,
           static_cast<int64_t>(llvm::alignTo(
               static_cast<uint64_t>(transient.getBytes()), kAlignment))});
    } else if (isa<plan::BarrierOp>(op)) {
      ++stretch;
    }
    for (Value operand : op.getOperands()) {
      auto found = index.find(operand);
      if (found == index.end())
        continue;
      Life &life = lives[found->second];
      if (life.first < 0)
        life.first = stretch;
      life.last = stretch;
    }
  }
  return lives;
}

/// The offset of the smallest gap between the placed lives that `life` meets,
/// or behind all of them.
int64_t bestFit(const Life &life, ArrayRef<Life *> placed) {
  SmallVector<Life *> meeting;
  llvm::copy_if(placed, std::back_inserter(meeting),
                [&](Life *other) { return life.meets(*other); });
  llvm::sort(meeting, [](Life *a, Life *b) {
    return std::pair(a->offset, a->bytes) < std::pair(b->offset, b->bytes);
  });
  int64_t end = 0, best = -1, bestGap = INT64_MAX;
  for (Life *other : meeting) {
    int64_t gap = other->offset - end;
    if (gap >= life.bytes && gap < bestGap) {
      best = end;
      bestGap = gap;
    }
    end = std::max(end, other->offset + other->bytes);
  }
  return best >= 0 ? best : end;
}

struct PlanArena : impl::PlanArenaBase<PlanArena> {
  using Base::Base;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<plan::ProgramOp>())
      for (bool host : {false, true})
        place(program, host);
  }

  void place(plan::ProgramOp program, bool host) {
    SmallVector<Life> lives = livesOf(program, host);
    if (lives.empty())
      return;
    SmallVector<Life *> order, placed;
    for (Life &life : lives)
      order.push_back(&life);
    llvm::sort(order, [](Life *a, Life *b) {
      return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
    });
    int64_t total = 0, sum = 0;
    for (Life *life : order) {
      life->offset = bestFit(*life, placed);
      placed.push_back(life);
      total = std::max(total, life->offset + life->bytes);
      sum += life->bytes;
    }
    OpBuilder builder(program);
    std::string name =
        (program.getSymName() + (host ? "_host_arena" : "_arena")).str();
    plan::ArenaOp::create(builder, program.getLoc(), name, total);
    for (Life &life : lives) {
      builder.setInsertionPoint(life.op);
      Value slice = plan::SliceOp::create(
          builder, life.op.getLoc(), life.op.getType(),
          FlatSymbolRefAttr::get(builder.getStringAttr(name)),
          builder.getI64IntegerAttr(life.offset), life.op.getBytesAttr(),
          life.op.getHostAttr(), life.op.getSizesAttr());
      life.op.getResult().replaceAllUsesWith(slice);
      life.op.erase();
    }
    remarkDecision(program.getLoc(), getArgument(), Decision::Passed, [&] {
      return llvm::formatv("@{0}: {1} transients of {2} bytes share {3}{4}",
                           program.getSymName(), lives.size(), sum, total,
                           host ? " on the host" : "")
          .str();
    });
  }
};

} // namespace
} // namespace terrazzo
