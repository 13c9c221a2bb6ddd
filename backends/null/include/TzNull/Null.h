// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The null backend in C++. Documentation stands in Null.td and README.md.
#pragma once

#include "mlir/IR/Dialect.h"
#include "terrazzo/Target/TargetBackend.h"

#include "TzNull/NullDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "TzNull/NullAttributes.h.inc"

namespace tz_null {

/// Adds the backend's TargetBackend to the dialect that is being initialised.
void addBackend(NullDialect &dialect);

} // namespace tz_null
