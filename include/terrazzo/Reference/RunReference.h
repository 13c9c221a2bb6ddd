// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Teacher-forced evaluation of a whole decoder by the reference interpreter.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "support/Error.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace terrazzo {

struct ReferenceResult {
  int64_t tokens = 0;
  double nll = 0;        ///< mean over the tokens - 1 predictions; 0 for none
  double perplexity = 1; ///< exp(nll)
  double seconds = 0;
};

/// Feeds `ids` through the decoder's two functions (lib/Import/GraphBuilder.h)
/// in chunks of `chunk` tokens, and hands each row of scores to `row`, in order
/// (rounded to float32; the likelihood is computed before that). `modelPath` is
/// the file that `module` was imported from. Fails when ids are outside the
/// vocabulary or the file does not hold the module's weights.
Expected<ReferenceResult> runReference(
    mlir::ModuleOp module, llvm::StringRef modelPath,
    llvm::ArrayRef<int32_t> ids, int64_t chunk,
    llvm::function_ref<void(int64_t row, llvm::ArrayRef<float> scores)> row);

} // namespace terrazzo
