// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the shells of kernels have in common, whether a worker's vectors or the
// threads of a workgroup fill them: where a kernel's values lie.
#pragma once

#include "terrazzo/Codegen/KernelFrame.h"

namespace terrazzo::codegen {

/// Elements from one row of a value to the next; 0 for scalars and caches.
inline int64_t rowStride(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 ? rowElements(tensor) : 0;
}

/// Rows that a kernel computes in a call; null: it is of no form with rows.
inline mlir::Value rowsInCall(Emitter &e, const KernelForm &form,
                              const KernelSizes &sizes, int64_t maxSize) {
  if (!form.rows)
    return {};
  bool single = maxSize == 1 && mlir::ShapedType::isDynamic(form.fixedRows());
  return single ? e.index(1) : sizes.of(e, form.rows);
}

/// Places the arguments of `function`, then the results that are no states, in
/// the arguments of the shell's `entry` block, in that order.
inline void placeBindings(Emitter &e, RowEmitter &rows, tz::FuncOp function,
                          llvm::ArrayRef<mlir::Value> results,
                          mlir::Block &entry) {
  mlir::Value zero = e.index(0);
  unsigned next = 0;
  auto place = [&](mlir::Value value) {
    rows.place(value,
               {entry.getArgument(next++), zero, rowStride(value.getType())});
  };
  for (mlir::BlockArgument argument : function.getArguments())
    place(argument);
  for (mlir::Value result : results)
    if (!llvm::isa<tz::CacheType>(result.getType()))
      place(result);
}

/// Reshapes before the loops are other names for the same memory.
inline void placeReshapes(RowEmitter &rows, KernelForm &form) {
  for (mlir::Operation *op : form.prologue)
    if (auto reshape = llvm::dyn_cast<tz::ReshapeOp>(op))
      rows.place(reshape.getResult(), rows.placeOf(reshape.getInput()));
}

/// Reshapes around the attention are other names for the same memory.
inline void placeAttention(RowEmitter &rows, KernelForm &form) {
  for (mlir::Operation *op : form.prologue) {
    auto reshape = llvm::dyn_cast<tz::ReshapeOp>(op);
    if (!reshape) // a position that is a constant
      continue;
    if (reshape.getInput() == form.attention.getResult())
      rows.place(reshape.getInput(), rows.placeOf(reshape.getResult()));
    else
      rows.place(reshape.getResult(), rows.placeOf(reshape.getInput()));
  }
}

} // namespace terrazzo::codegen
