// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-nvidia-lower-loads: fragments out of shared memory, and copies into it.
//
//   %l = tile.load_fragment left #mma %m[%at] {stride = 72 : i64}
//   tile.copy %source[%from] to %m[%at]
//   tile.commit_copies
//   tile.wait_copies 0
// becomes
//   %row = ... each lane's line ...
//   %v = nvgpu.ldmatrix %m[%row] {numTiles = 4, transpose = false}
//   nvgpu.device_async_copy %source[%from], %m[%at], 4 {bypassL1}
//   nvvm.cp.async.commit.group
//   nvvm.cp.async.wait.group 0
//
// Processors of 7.5 copy at once.
#include "TzNvidia/Nvidia.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "terrazzo/Codegen/SimtEmitter.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using terrazzo::codegen::SimtEmitter;

namespace terrazzo::tz_nvidia {

namespace {

struct LowerLoadsPass
    : public PassWrapper<LowerLoadsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerLoadsPass)
  explicit LowerLoadsPass(TargetAttr target = {}) : target(target) {}

  StringRef getArgument() const final { return "tz-nvidia-lower-loads"; }
  StringRef getDescription() const final {
    return "turn tile.load_fragment and tile.copy into the chip's own";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<NVVM::NVVMDialect, nvgpu::NVGPUDialect, gpu::GPUDialect,
                    arith::ArithDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    TargetAttr chip = target;
    if (!chip)
      chip = getOperation()->getAttrOfType<TargetAttr>("plan.target");
    WalkResult all = getOperation().walk([&](Operation *op) {
      if (!isa<tile::LoadFragmentOp, tile::CopyOp, tile::CommitCopiesOp,
               tile::WaitCopiesOp>(op))
        return WalkResult::advance();
      if (!chip) {
        op->emitError("has no nvidia chip to be lowered for");
        return WalkResult::interrupt();
      }
      bool lowered = llvm::TypeSwitch<Operation *, bool>(op)
                         .Case([&](tile::LoadFragmentOp load) {
                           return lower(load, chip);
                         })
                         .Default([&](Operation *) {
                           lowerCopy(op, architectureOf(chip).hasAsyncCopy());
                           return true;
                         });
      if (!lowered)
        return WalkResult::interrupt();
      op->erase();
      return WalkResult::advance();
    });
    if (all.wasInterrupted())
      signalPassFailure();
  }

  /// ldmatrix of as many matrices of 8 rows of 16 bytes as the fragment has; a
  /// row's address is its lane's.
  static bool lower(tile::LoadFragmentOp op, TargetAttr chip) {
    if (!llvm::is_contained(fragmentsOf(chip), op.getFragment())) {
      op.emitError("no instruction of ")
          << chip << " loads " << op.getFragment();
      return false;
    }
    SimtEmitter e(op.getLoc(), OpBuilder(op), kWarp, kWarp);
    bool right = op.getRight(), transposed = op.getTransposed();
    int64_t stride = op.getStride();
    // Left: rows 0 to 15, depths 0 and 8. Right: columns 0 to 7, depths 0 and
    // 8; or depths 0 to 15.
    Value line = e.rem(e.lane, right && !transposed ? 8 : 16), offset;
    if (right)
      offset = transposed ? e.index(0) : e.mul(e.rem(e.div(e.lane, 8), 2), 8);
    else
      offset = e.mul(e.div(e.lane, 16), 8);
    Value at = e.add(op.getAt(), e.add(e.mul(line, stride), offset));
    auto type = cast<VectorType>(op.getResult().getType());
    int64_t count = type.getNumElements() / 2;
    auto pairs = VectorType::get({count, 2}, type.getElementType());
    Value loaded =
        e.create<nvgpu::LdMatrixOp>(pairs, op.getMemory(), ValueRange{at},
                                    transposed, static_cast<uint32_t>(count));
    SmallVector<Value> words;
    for (int64_t i = 0; i < count; ++i)
      words.push_back(e.element(
          e.create<vector::BitCastOp>(VectorType::get({1}, e.getI32Type()),
                                      e.element(loaded, i)),
          0));
    op.replaceAllUsesWith(e.create<vector::BitCastOp>(type, e.vectorOf(words)));
    return true;
  }

  static void lowerCopy(Operation *op, bool beside) {
    SimtEmitter e(op->getLoc(), OpBuilder(op), kWarp, kWarp);
    if (auto wait = dyn_cast<tile::WaitCopiesOp>(op)) {
      if (beside)
        e.createOp<NVVM::CpAsyncWaitGroupOp>(
            static_cast<uint32_t>(wait.getPending()));
      return;
    }
    auto copy = dyn_cast<tile::CopyOp>(op);
    if (!copy) {
      if (beside)
        e.createOp<NVVM::CpAsyncCommitGroupOp>();
      return;
    }
    int64_t count = 128 / copy.getMemory().getType().getElementTypeBitWidth();
    if (!beside)
      return e.storeVector(
          e.loadVector(copy.getSource(), copy.getFrom(), count),
          copy.getMemory(), copy.getAt());
    // Each is read once, so that the first level of cache has no use for it.
    e.createOp<nvgpu::DeviceAsyncCopyOp>(
        nvgpu::DeviceAsyncTokenType::get(e.getContext()), copy.getMemory(),
        ValueRange{copy.getAt()}, copy.getSource(), ValueRange{copy.getFrom()},
        e.getIndexAttr(count), Value(), e.getUnitAttr());
  }

  TargetAttr target;
};

} // namespace

std::unique_ptr<Pass> createLowerLoadsPass(TargetAttr target) {
  return std::make_unique<LowerLoadsPass>(target);
}

} // namespace terrazzo::tz_nvidia
