// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors that are the user's to mend and not the compiler's fault: a full disk,
// a missing tool. A backend emits them with a code of its own, the exit code
// that the tools shall return (docs/errors.md), and what to try:
//
//   error: TZ0437: no temporary file can be written: No space left on device
//   note: help: set TMPDIR to a folder with room
//
// Any other error of a backend is reported as a fault of the stage it ran in. A
// text that begins with "TZ" and four digits brings its own code in either
// case.
#pragma once

#include "mlir/IR/Diagnostics.h"

namespace terrazzo {

/// What a user can mend, in the words of docs/errors.md.
struct UserError {
  int exitCode;
  std::string code; ///< "TZ0437"
  std::string what;
  std::string help;
};

/// `why` says where, and what the system answered.
inline UserError noTemporaryFile(const std::string &why) {
  return {1, "TZ0437", "no temporary file can be written: " + why,
          "set TMPDIR to a folder with room"};
}

inline mlir::InFlightDiagnostic emitUserError(mlir::Location location,
                                              const UserError &error) {
  mlir::InFlightDiagnostic diagnostic = mlir::emitError(location);
  diagnostic << error.code << ": " << error.what;
  if (!error.help.empty())
    diagnostic.attachNote() << "help: " << error.help;
  diagnostic.getUnderlyingDiagnostic()->getMetadata().push_back(
      mlir::DiagnosticArgument(int64_t(error.exitCode)));
  return diagnostic;
}

} // namespace terrazzo
