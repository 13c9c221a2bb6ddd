// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "mlir/IR/Builders.h"
#include "terrazzo/Dialect/Tz/Tz.h"

using namespace mlir;

#include "terrazzo/Dialect/Tz/LayoutInterface.cpp.inc"

namespace terrazzo::tz {

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t interleave) {
  if (interleave < 1 || interleave > 4096)
    return emitError() << "interleaves " << interleave
                       << " rows, not 1 to 4096";
  return success();
}

int64_t LayoutAttr::getGroupRows() const { return getInterleave(); }

AffineMap LayoutAttr::getPlaces(const FieldUnits &field) const {
  Builder b(getContext());
  AffineExpr row = b.getAffineDimExpr(0), block = b.getAffineDimExpr(1),
             unit = b.getAffineDimExpr(2);
  int64_t rows = getInterleave();
  return AffineMap::get(3, 0,
                        block * (rows * field.blockBytes) +
                            unit * (rows * field.unit) + row * field.unit +
                            rows * field.offset);
}

} // namespace terrazzo::tz
