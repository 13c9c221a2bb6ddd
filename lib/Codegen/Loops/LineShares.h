// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz.softmax: the elements of a line become shares of a whole, in three walks
// along it: the largest, the sum of exponentials, the shares. Where the result
// keeps what is computed, it serves as memory between them, and operands are
// computed once; else they are computed in each.
#pragma once

#include "terrazzo/Codegen/LoopElements.h"

namespace terrazzo::codegen {

/// How a line is walked: one element after the other, in vectors, or by all
/// threads of a workgroup. Both functions set the index of the line's loop.
struct LineWalk {
  /// Whether several elements at once, and along which loop they lie.
  bool lanes;
  unsigned loop;
  /// What `step` makes of `start` over the whole line: the largest, or a sum.
  llvm::function_ref<mlir::Value(
      double start, bool largest,
      llvm::function_ref<mlir::Value(mlir::Value mask, mlir::Value before)>
          step)>
      fold;
  llvm::function_ref<void(llvm::function_ref<void(mlir::Value mask)>)> each;
};

void emitShares(Emitter &e, LoopElements &places,
                llvm::ArrayRef<mlir::Value> indices, bool logarithm,
                const LineWalk &walk);

/// The walk of one element after the other, or of as many lines at once as the
/// vector along `loop` has lanes.
void emitSharesOneByOne(Emitter &e, LoopElements &places,
                        llvm::SmallVectorImpl<mlir::Value> &indices,
                        const tz::LoopNest::Share &share, bool lanes,
                        unsigned loop, mlir::Value mask);

} // namespace terrazzo::codegen
