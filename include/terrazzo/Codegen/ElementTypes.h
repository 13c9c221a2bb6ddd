// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements of arrays in memory and in registers. Floats are computed as f32 but
// for f64 that is only moved, integers in the width of the widest operand.
//
//   element   memory   register        element   memory   register
//   f32       f32      f32             i64       i64      i64
//   f16       f16      f32             i32       i32      i32
//   bf16      i16      f32             i16, i8   same     i32
//   f64       f64      f64, or f32     ui8       i8       i32
//                                      i1        i8       i32, 0 or 1
#pragma once

#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

/// What an operation on operands of these elements computes in.
mlir::Type registerType(llvm::ArrayRef<mlir::Type> elements);

/// `loaded` from memory of `element`, as a register of type `to`.
mlir::Value fromMemory(Emitter &e, mlir::Value loaded, mlir::Type element,
                       mlir::Type to);
/// A register as it is stored as `element`: rounded to the nearest, towards 0
/// and to the closest there is where it becomes an integer.
mlir::Value toMemory(Emitter &e, mlir::Value value, mlir::Type element);

} // namespace terrazzo::codegen
