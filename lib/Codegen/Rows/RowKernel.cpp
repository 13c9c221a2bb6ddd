// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a row kernel: one workgroup takes one row through all operations.
#include "terrazzo/Codegen/SimtKernel.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Calls `body(value, columns, offset)` for the values that live in scratch
/// behind the first `reserved` bytes, one row each; its bytes.
static int64_t eachInScratch(KernelForm &form, ArrayRef<Value> results,
                             int64_t reserved,
                             function_ref<void(Value, int64_t, int64_t)> body) {
  ScratchPlan plan;
  plan.reserve(reserved, 1);
  for (Operation *op : form.prologue) {
    Value result = op->getResult(0);
    if (isa<tz::ReshapeOp, tz::ScalarOp, tz::CacheAppendOp>(op) ||
        llvm::is_contained(results, result))
      continue;
    int64_t columns = rowElements(result.getType());
    body(result, columns, plan.reserve(columns, 4));
  }
  return plan.size();
}

int64_t rowScratch(KernelForm &form, ArrayRef<Value> results,
                   int64_t reserved) {
  return eachInScratch(form, results, reserved, [](Value, int64_t, int64_t) {});
}

/// A scratch row stands for whichever row is being worked on, so its rows are
/// no distance apart.
template <typename FrameT>
static void placeScratch(FrameT &frame, KernelForm &form,
                         ArrayRef<Value> results, int64_t reserved) {
  Emitter &e = frame.e;
  eachInScratch(form, results, reserved,
                [&](Value value, int64_t columns, int64_t offset) {
                  frame.rows.place(value,
                                   {frame.view(e.getF32Type(), offset, columns),
                                    e.index(0), 0});
                });
}

void lowerRowKernel(KernelFrame &frame, KernelForm &form,
                    ArrayRef<Value> results) {
  placeScratch(frame, form, results, 0);
  frame.e.loop(frame.begin, frame.end, 1, [&](Value row) {
    frame.rows.emitAll(form.prologue, {row}, results);
  });
}

void lowerSimtRow(SimtFrame &frame, KernelForm &form, ArrayRef<Value> results) {
  placeScratch(frame, form, results, kSumsBytes);
  frame.rows.emitAll(form.prologue, {frame.workgroup}, results);
}

} // namespace terrazzo::codegen
