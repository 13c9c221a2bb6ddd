// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-place-copies: values cross between a device and the host beside it. Every
// transient is written by one launch, so one copy before the first reader of
// the other side serves all readers there.
#include "Remarks.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "terrazzo/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_PLACECOPIES
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

/// What the launches of each side do with one buffer, in program order.
struct Uses {
  SmallVector<OpOperand *> reads[2], writes[2]; ///< of the device, of the host
  bool on(bool host) const {
    return !reads[host].empty() || !writes[host].empty();
  }
};

/// Bytes of a buffer at the program's largest size.
int64_t bytesOf(Value buffer, plan::ProgramOp program) {
  if (auto transient = buffer.getDefiningOp<plan::TransientOp>())
    return transient.getBytes();
  auto type = cast<RankedTensorType>(
      cast<plan::BufferType>(buffer.getType()).getContent());
  return tz::byteBound(type, plan::bufferDims(buffer), program.getMaxSizes());
}

class ProgramCopies {
public:
  ProgramCopies(plan::ProgramOp program, Attribute device, SymbolTable &symbols)
      : program(program), device(device), symbols(symbols), builder(program) {}

  /// The number of copies, or failure.
  FailureOr<int> run() {
    collect();
    for (auto &[buffer, use] : uses)
      if (use.on(/*host=*/true) && failed(place(buffer, use)))
        return failure();
    int copies = insert();
    if (copies)
      mergeBarriers();
    return copies;
  }

private:
  void collect() {
    for (auto launch : program.getOps<plan::LaunchOp>()) {
      auto kernel = symbols.lookup<plan::KernelOp>(launch.getKernel());
      bool host = kernel.getTarget() != device;
      unsigned inputs = kernel.getFunction().getNumArguments();
      for (OpOperand &operand : launch->getOpOperands()) {
        bool reads = operand.getOperandNumber() < inputs;
        Uses &use = uses[operand.get()];
        (reads ? use.reads : use.writes)[host].push_back(&operand);
      }
    }
  }

  /// Whether it is a caller's buffer that the device alone sees; integers are
  /// small and come from the host.
  static bool isOnDevice(Operation *op) {
    if (!isa<plan::ArgumentOp>(op))
      return isa<plan::ResultOp>(op);
    auto type = cast<plan::BufferType>(op->getResult(0).getType());
    auto content = cast<RankedTensorType>(type.getContent());
    return !content.getElementType().isInteger();
  }

  LogicalResult place(Value buffer, Uses &use) {
    Operation *op = buffer.getDefiningOp();
    if (isa<plan::StateBufferOp>(op))
      return use.on(false)
                 ? op->emitError("the state is used by kernels of two targets")
                 : success();
    bool callers = isOnDevice(op);
    if (!callers && !isa<plan::TransientOp>(op)) {
      if (use.on(false))
        bindTwice(op, use);
      return success();
    }
    if (use.writes[0].empty() && !callers)
      return liveOnHost(buffer, use);
    Value copy = makeHostTransient(buffer);
    if (!use.writes[1].empty())
      copyAfter(use.writes[1].back()->getOwner(), copy, buffer);
    else
      copyBefore(use.reads[1].front()->getOwner(), buffer, copy);
    replace(use, /*host=*/true, copy);
    return success();
  }

  /// Memory that both sides have: each binds its own.
  void bindTwice(Operation *op, Uses &use) {
    builder.setInsertionPointAfter(op);
    replace(use, /*host=*/true, builder.clone(*op)->getResult(0));
  }

  /// A transient that the host writes; the device may read a copy.
  LogicalResult liveOnHost(Value buffer, Uses &use) {
    auto transient = buffer.getDefiningOp<plan::TransientOp>();
    transient.setHost(true);
    if (use.reads[0].empty())
      return success();
    builder.setInsertionPointAfter(transient);
    Value copy = plan::TransientOp::create(
        builder, transient.getLoc(), transient.getType(),
        transient.getBytesAttr(), /*host=*/UnitAttr(),
        transient.getSizesAttr());
    copyBefore(use.reads[0].front()->getOwner(), buffer, copy);
    replace(use, /*host=*/false, copy);
    return success();
  }

  Value makeHostTransient(Value buffer) {
    builder.setInsertionPointAfter(buffer.getDefiningOp());
    int64_t bytes = bytesOf(buffer, program);
    auto sizes = buffer.getDefiningOp()->getAttrOfType<AffineMapAttr>("sizes");
    return plan::TransientOp::create(builder, buffer.getLoc(), buffer.getType(),
                                     builder.getI64IntegerAttr(bytes),
                                     builder.getUnitAttr(), sizes);
  }

  static void replace(Uses &use, bool host, Value by) {
    for (auto *operands : {&use.reads[host], &use.writes[host]})
      for (OpOperand *operand : *operands)
        operand->set(by);
  }

  void copyBefore(Operation *launch, Value from, Value to) {
    before[launch].push_back({from, to});
  }
  void copyAfter(Operation *launch, Value from, Value to) {
    after[launch].push_back({from, to});
  }

  int insert() {
    int copies = 0;
    auto add = [&](Operation *launch,
                   ArrayRef<std::pair<Value, Value>> wanted) {
      plan::BarrierOp::create(builder, launch->getLoc());
      for (auto [from, to] : wanted)
        plan::CopyOp::create(builder, launch->getLoc(), from, to);
      plan::BarrierOp::create(builder, launch->getLoc());
      copies += wanted.size();
    };
    for (auto &[launch, wanted] : before) {
      builder.setInsertionPoint(launch);
      add(launch, wanted);
    }
    for (auto &[launch, wanted] : after) {
      builder.setInsertionPointAfter(launch);
      add(launch, wanted);
    }
    return copies;
  }

  /// Of barriers with no command between them one stays, and none at an end.
  void mergeBarriers() {
    Operation *pending = nullptr;
    bool any = false;
    for (Operation &op :
         llvm::make_early_inc_range(program.getBody().front())) {
      if (isa<plan::BarrierOp>(op)) {
        if (pending || !any)
          op.erase();
        else
          pending = &op;
      } else if (isa<plan::LaunchOp, plan::CopyOp>(op)) {
        pending = nullptr;
        any = true;
      }
    }
    if (pending)
      pending->erase();
  }

  plan::ProgramOp program;
  Attribute device;
  SymbolTable &symbols;
  OpBuilder builder;
  llvm::MapVector<Value, Uses> uses;
  llvm::MapVector<Operation *, SmallVector<std::pair<Value, Value>>> before,
      after;
};

struct PlaceCopies : impl::PlaceCopiesBase<PlaceCopies> {
  using Base::Base;

  void runOnOperation() override {
    auto targets = getOperation()->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!targets || targets.empty()) {
      getOperation().emitError(
          "tz-place-copies: the module names no targets in 'plan.targets'");
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    for (auto program : getOperation().getOps<plan::ProgramOp>()) {
      FailureOr<int> copies = ProgramCopies(program, targets[0], symbols).run();
      if (failed(copies))
        return signalPassFailure();
      if (*copies)
        remarkDecision(program.getLoc(), getArgument(), Decision::Passed, [&] {
          return llvm::formatv("@{0}: {1} values cross between the device and "
                               "the host",
                               program.getSymName(), *copies)
              .str();
        });
    }
  }
};

} // namespace
} // namespace terrazzo
