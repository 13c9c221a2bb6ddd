// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan dialect in C++. Documentation stands in the .td files beside this.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "terrazzo/Dialect/Plan/PlanDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "terrazzo/Dialect/Plan/PlanAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "terrazzo/Dialect/Plan/PlanTypes.h.inc"

#define GET_OP_CLASSES
#include "terrazzo/Dialect/Plan/PlanOps.h.inc"

namespace terrazzo::plan {

/// The dimensions of what a program's buffer holds, of the program's sizes.
llvm::SmallVector<mlir::AffineExpr> bufferDims(mlir::Value buffer);
/// The attribute that says them; null where they are what its absence says.
mlir::AffineMapAttr bufferSizes(mlir::RankedTensorType type,
                                llvm::ArrayRef<mlir::AffineExpr> dims);

/// () [s...] -> (sizes)
mlir::AffineMap sizesMap(llvm::ArrayRef<mlir::AffineExpr> sizes,
                         mlir::MLIRContext *context);

/// Whether `buffer` is a transient or a slice of the host beside the device.
bool isOnHost(mlir::Value buffer);

} // namespace terrazzo::plan
