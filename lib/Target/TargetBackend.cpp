// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Target/TargetBackend.h"

#include "terrazzo/Target/TargetAttrInterface.cpp.inc"

namespace terrazzo {

const TargetBackend *getBackend(mlir::Attribute target) {
  return target ? target.getDialect().getRegisteredInterface<TargetBackend>()
                : nullptr;
}

} // namespace terrazzo
