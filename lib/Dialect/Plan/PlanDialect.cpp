// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the plan dialect, its types and attributes.
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "llvm/ADT/TypeSwitch.h"

#include "terrazzo/Dialect/Plan/PlanDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Plan/PlanAttributes.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "terrazzo/Dialect/Plan/PlanTypes.cpp.inc"

namespace terrazzo::plan {

void PlanDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "terrazzo/Dialect/Plan/PlanAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "terrazzo/Dialect/Plan/PlanTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "terrazzo/Dialect/Plan/PlanOps.cpp.inc"
      >();
}

} // namespace terrazzo::plan
