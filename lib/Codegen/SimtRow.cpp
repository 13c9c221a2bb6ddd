// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Row kernels and layout conversions for workgroups of many threads.
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/LayoutUnits.h"
#include "terrazzo/Codegen/SimtKernel.h"

using namespace mlir;

namespace terrazzo::codegen {

int64_t simtRowScratch(KernelForm &form, ArrayRef<Value> results) {
  ScratchPlan plan;
  plan.reserve(kSumsBytes, 1);
  for (Value value : rowScratchValues(form, results))
    plan.reserve(rowElements(value.getType()), 4);
  return plan.size();
}

void lowerSimtRow(SimtFrame &frame, KernelForm &form, ArrayRef<Value> results) {
  SimtEmitter &e = frame.e;
  SimtRowEmitter &rows = frame.rows;
  ScratchPlan plan;
  plan.reserve(kSumsBytes, 1);
  // A scratch row stands for the row that is being worked on.
  for (Value value : rowScratchValues(form, results)) {
    int64_t columns = rowElements(value.getType());
    rows.place(value,
               {frame.view(e.getF32Type(), plan.reserve(columns, 4), columns),
                e.index(0), 0});
  }
  for (Operation *op : form.prologue) {
    if (isa<tz::ScalarOp>(op))
      continue;
    Value result = op->getResult(0);
    SimtWindow window{frame.workgroup,
                      e.index(1),
                      1,
                      e.index(0),
                      isa<tz::CacheAppendOp>(op)
                          ? rowElements(op->getOperand(1).getType())
                          : rowElements(result.getType()),
                      Value()};
    if (auto reshape = dyn_cast<tz::ReshapeOp>(op)) {
      Place from = rows.placeOf(reshape.getInput());
      if (!llvm::is_contained(results, result)) {
        rows.place(result, from);
        continue;
      }
      rows.copy(from, rows.placeOf(result), window);
      e.barrier();
      continue;
    }
    if (auto append = dyn_cast<tz::CacheAppendOp>(op))
      rows.place(result, rows.placeOf(append.getCache()));
    rows.emit(op, window);
  }
}

void lowerSimtConvertLayout(SimtFrame &frame, KernelForm &form) {
  SimtEmitter &e = frame.e;
  LayoutUnits units(form.convert);
  Value source = frame.rows.placeOf(form.convert.getInput()).memory;
  Value target = frame.rows.placeOf(form.convert.getResult()).memory;
  // Neighbouring threads take neighbouring rows, whose units lie side by side
  // in the target.
  e.each(kInterleave * units.blocks, [&](Value i) {
    units.emit(e, source, target, frame.workgroup, e.rem(i, kInterleave),
               e.div(i, kInterleave));
  });
}

} // namespace terrazzo::codegen
