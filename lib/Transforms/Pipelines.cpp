// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes from tz to plan.
#include "mlir/Transforms/Passes.h"
#include "terrazzo/Transforms/Passes.h"

using namespace mlir;

namespace terrazzo {

void buildPlanPipeline(OpPassManager &manager, bool unsupportedIsError) {
  manager.addPass(createRaiseAttention());
  manager.addPass(createRaiseProducts());
  manager.addPass(createGeneraliseProducts());
  manager.addPass(createBringToRows());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  PlaceOperationsOptions placement;
  placement.unsupportedIsError = unsupportedIsError;
  manager.addPass(createPlaceOperations(placement));
  manager.addPass(createSpecialiseSizes());
  manager.addPass(createChooseLayouts());
  manager.addPass(createFormKernels());
  manager.addPass(createPlaceCopies());
  manager.addPass(createDedupeKernels());
  manager.addPass(createFormPrepare());
  manager.addPass(createConfigureKernels());
  manager.addPass(createPlanArena());
}

void registerTransforms() {
  registerTerrazzoPasses();
  PassPipelineRegistration<>(
      "tz-plan", "From a tz module with plan.targets to configured kernels",
      [](OpPassManager &manager) { buildPlanPipeline(manager); });
}

} // namespace terrazzo
