// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Codegen/KernelForm.h"

#include "terrazzo/Target/TargetAttrInterface.cpp.inc"

namespace terrazzo {

Support TargetBackend::supports(mlir::Operation *operation,
                                mlir::Attribute) const {
  std::string reason = codegen::whyNoForm(operation);
  return reason.empty() ? Support::yes() : Support::no(std::move(reason));
}

const TargetBackend *getBackend(mlir::Attribute target) {
  return target ? target.getDialect().getRegisteredInterface<TargetBackend>()
                : nullptr;
}

} // namespace terrazzo
