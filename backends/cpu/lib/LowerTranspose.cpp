// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transposes of sixteen by sixteen values as four rounds of shuffles.
#include "TzCpu/Cpu.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace terrazzo::tz_cpu {

namespace {

struct LowerTransposePass
    : public PassWrapper<LowerTransposePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerTransposePass)
  StringRef getArgument() const final { return "tz-cpu-lower-transpose"; }
  StringRef getDescription() const final {
    return "turn 16x16 transposes into shuffles";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<vector::VectorDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    vector::populateVectorTransposeLoweringPatterns(
        patterns, vector::VectorTransposeLowering::Shuffle16x16);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createLowerTransposePass() {
  return std::make_unique<LowerTransposePass>();
}

} // namespace terrazzo::tz_cpu
