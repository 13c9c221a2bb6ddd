// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile dialect in C++. Documentation stands in the .td file beside this.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "terrazzo/Dialect/Tz/Tz.h"

#include "terrazzo/Dialect/Tile/TileDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Tile/TileAttributes.h.inc"

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Tile/TileOps.h.inc"
