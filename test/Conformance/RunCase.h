// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One graph through the whole of Terrazzo: terrazzo-compile in a process of its
// own, the package on a session in another, the logits against the witness.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace terrazzo::conformance {

struct Settings {
  std::string target = "cpu", device; ///< empty: the processor
  std::string compiler;               ///< terrazzo-compile's path
  std::string folder;                 ///< for the files of a case
  double product = 2e-5;              ///< see Witness.h
  double largest = 1e30; ///< numbers beyond it are none that the chip computes
};

struct Outcome {
  /// Vague: the graph amplifies errors so much that no answer is wrong, or
  /// leaves the numbers that the chip computes.
  enum Kind { Passed, Vague, NotCompiled, NotRun, Mismatch };
  Kind kind = Passed;
  std::string text; ///< what is wrong

  bool isFault() const { return kind > Vague; }
  /// The code of the error ("TZ0433"); empty: it has none.
  std::string code() const;
};

/// `seed` decides the weights and the tokens.
Outcome runCase(mlir::ModuleOp module, uint64_t seed, const Settings &settings);

} // namespace terrazzo::conformance
