// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a row kernel: one workgroup takes one row through all operations.
#include "terrazzo/Codegen/KernelFrame.h"

using namespace mlir;

namespace terrazzo::codegen {

SmallVector<Value> rowScratchValues(KernelForm &form, ArrayRef<Value> results) {
  SmallVector<Value> values;
  for (Operation *op : form.prologue) {
    Value result = op->getResult(0);
    if (!isa<tz::ReshapeOp, tz::ScalarOp, tz::CacheAppendOp>(op) &&
        !llvm::is_contained(results, result))
      values.push_back(result);
  }
  return values;
}

int64_t rowScratch(KernelForm &form, ArrayRef<Value> results) {
  ScratchPlan plan;
  for (Value value : rowScratchValues(form, results))
    plan.reserve(rowElements(value.getType()), 4);
  return plan.size();
}

void lowerRowKernel(KernelFrame &frame, KernelForm &form,
                    ArrayRef<Value> results) {
  Emitter &e = frame.e;
  RowEmitter &rows = frame.rows;
  ScratchPlan plan;
  // A scratch row stands for whichever row is being worked on, so its rows are
  // no distance apart.
  for (Value value : rowScratchValues(form, results)) {
    int64_t columns = rowElements(value.getType());
    rows.place(value,
               {frame.view(e.getF32Type(), plan.reserve(columns, 4), columns),
                e.index(0), 0});
  }
  e.loop(frame.begin, frame.end, 1, [&](Value row) {
    for (Operation *op : form.prologue) {
      if (isa<tz::ScalarOp>(op))
        continue;
      if (auto reshape = dyn_cast<tz::ReshapeOp>(op)) {
        Value result = reshape.getResult();
        if (!llvm::is_contained(results, result)) {
          rows.place(result, rows.placeOf(reshape.getInput()));
          continue;
        }
        Place from = rows.placeOf(reshape.getInput()),
              to = rows.placeOf(result);
        rows.lanes(rowElements(result.getType()), Value(),
                   [&](Value offset, Value mask) {
                     e.storeLanes(e.loadLanes(from.memory,
                                              rows.at(from, row, offset), mask),
                                  to.memory, rows.at(to, row, offset), mask);
                   });
        continue;
      }
      if (auto append = dyn_cast<tz::CacheAppendOp>(op)) {
        rows.place(append.getResult(), rows.placeOf(append.getCache()));
        rows.emit(op, {row, e.index(0), rowElements(append.getRows().getType()),
                       Value()});
        continue;
      }
      rows.emit(op, {row, e.index(0), rowElements(op->getResult(0).getType()),
                     Value()});
    }
  });
}

} // namespace terrazzo::codegen
