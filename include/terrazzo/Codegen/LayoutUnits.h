// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz.convert_layout block by block: what one worker or one thread of many
// copies.
#pragma once

#include "terrazzo/Codegen/PackedRows.h"

namespace terrazzo::codegen {

class LayoutUnits {
public:
  explicit LayoutUnits(tz::ConvertLayoutOp op);

  PackedRows packed;

  /// Copies block `block` of row `row` of group `group`, between memories of
  /// bytes. Rows beyond the weight's last are written as zeros.
  void emit(Emitter &e, mlir::Value source, mlir::Value target,
            mlir::Value group, mlir::Value row, mlir::Value block) const;

private:
  int64_t rows;
};

} // namespace terrazzo::codegen
