// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Target/TargetBackend.h"
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/KernelForm.h"

#include "terrazzo/Target/TargetAttrInterface.cpp.inc"

namespace terrazzo {

Support TargetBackend::supports(mlir::Operation *operation,
                                mlir::Attribute) const {
  std::string reason = codegen::whyNoForm(operation);
  return reason.empty() ? Support::yes() : Support::no(std::move(reason));
}

mlir::FailureOr<tz::PackedLayout>
TargetBackend::weightLayout(mlir::RankedTensorType type,
                            llvm::ArrayRef<WeightUse> uses,
                            mlir::Attribute) const {
  bool product = llvm::any_of(uses, [](const WeightUse &use) {
    return mlir::isa<tz::MatmulOp, tz::EmbeddingOp>(use.operation);
  });
  if (!product || type.getRank() != 2)
    return tz::PackedLayout();
  return tz::PackedLayout(
      tz::LayoutAttr::get(type.getContext(), codegen::kLanes));
}

const TargetBackend *getBackend(mlir::Attribute target) {
  return target ? target.getDialect().getRegisteredInterface<TargetBackend>()
                : nullptr;
}

} // namespace terrazzo
