// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect and its target attribute.
#include "TzNull/Null.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "TzNull/NullDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "TzNull/NullAttributes.cpp.inc"

namespace tz_null {

void NullDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "TzNull/NullAttributes.cpp.inc"
      >();
  addBackend(*this);
}

std::string TargetAttr::getTargetString() const {
  return ("null:" + getArch()).str();
}

} // namespace tz_null
