// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an operand of an elementwise operation is spread over a row of the
// result: tensor<64xf32> over tensor<?x9x64xf32> is read nine times a row.
#pragma once

#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

class RowBroadcast {
public:
  /// `operand` broadcasts to `result`, whose first dimension counts rows.
  RowBroadcast(mlir::RankedTensorType operand, mlir::RankedTensorType result);

  /// Whether each row of the result has a row of its own.
  bool isPerRow() const { return perRow; }
  /// Whether all columns read one value.
  bool isOneValue() const { return runs.empty() || (isOneRun() && repeats()); }
  /// Whether column n of the result reads column n.
  bool isSame() const { return isOneRun() && !repeats(); }
  /// Columns side by side that read one value or neighbouring ones.
  int64_t innerSize() const { return runs.back().size; }
  /// Whether those of the innermost run read one value.
  bool repeats() const { return runs.back().repeated; }
  /// The operand's column for a column of the result, an index or a vector of
  /// integers.
  mlir::Value column(Emitter &e, mlir::Value resultColumn) const;

private:
  bool isOneRun() const { return runs.size() == 1; }

  /// Neighbouring dimensions of the result's row that the operand has, or that
  /// it repeats; outermost first.
  struct Run {
    int64_t size;
    bool repeated;
  };
  llvm::SmallVector<Run> runs;
  bool perRow = false;
};

} // namespace terrazzo::codegen
