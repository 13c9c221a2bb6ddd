// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The meaning of the tz dialect: evaluates any tz.func in float64, op by op and
// simply. Conformance, error budgets and bisection compare against it. Results
// do not depend on the number of threads.
#pragma once

#include "support/Error.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Reference/Values.h"
#include <functional>

namespace terrazzo::reference {

/// Finds the stored bytes of a weight.
using WeightReader =
    std::function<Expected<llvm::ArrayRef<uint8_t>>(tz::WeightOp)>;

/// What a hook hears of an operation.
enum class Heard { Operand, Result };

/// Hears what an operation computes, and may change it: how an error of each
/// operation shows in the result is learnt by making one. Of products, sums and
/// the like, and of caches it hears the first operand as well, before they do.
using ResultHook = std::function<void(mlir::Operation *, Heard, Tensor &)>;

class Interpreter {
public:
  /// `read` serves tz.use_weight; functions without it need none. With
  /// `demandFinite` a call fails with TZ0806 at the first operation whose
  /// result holds a NaN or an infinity, and names it.
  explicit Interpreter(WeightReader read = {}, bool demandFinite = false)
      : read(std::move(read)), demandFinite(demandFinite) {}

  /// Evaluates `func` on one value per argument and answers with one per
  /// result. A cache that is appended to is changed in place: the verifier of
  /// tz.func sees to it that nobody looks at the old version. Fails on
  /// arguments that do not fit the function's types, on ids outside an
  /// embedding, and on ops of other dialects.
  Expected<llvm::SmallVector<Value>> call(tz::FuncOp func,
                                          llvm::SmallVector<Value> arguments);

  /// From now on `hook` hears every operation's numbers.
  void onResult(ResultHook hook) { heard = std::move(hook); }

private:
  WeightReader read;
  bool demandFinite;
  ResultHook heard;
};

} // namespace terrazzo::reference
