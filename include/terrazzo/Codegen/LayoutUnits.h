// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz.convert_layout to sixteen interleaved rows, block by block: what one
// worker or one thread of many copies.
#pragma once

#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

class LayoutUnits {
public:
  explicit LayoutUnits(tz::ConvertLayoutOp op);

  /// Blocks of a row; a float is a block of its own.
  int64_t blocks;

  /// Copies block `block` of row `lane` of the sixteen rows `group`, between
  /// memories of bytes. Rows beyond the weight's last are written as zeros.
  void emit(Emitter &e, mlir::Value source, mlir::Value target,
            mlir::Value group, mlir::Value lane, mlir::Value block) const;

private:
  int64_t rows, blockBytes;
  llvm::SmallVector<BlockField> fields;
};

} // namespace terrazzo::codegen
