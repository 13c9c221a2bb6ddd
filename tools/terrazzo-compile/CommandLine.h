// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options of terrazzo-compile.
#pragma once

#include "terrazzo/Compiler/Compiler.h"

namespace terrazzo {

struct CommandLine {
  enum class Action { Compile, ListTargets, Reference, Help, Version };

  Action action = Action::Compile;
  CompileOptions compile;
  std::string ids;    ///< --reference: file of token ids
  std::string logits; ///< --reference: .npy file to write, or empty
  int64_t chunk = 512;
  bool json = true;
  bool remarks = true;
};

/// Reads the arguments; a mistake is an Error with ExitCode::Usage.
Expected<CommandLine> parseCommandLine(llvm::ArrayRef<const char *> arguments);

extern const char *const kUsage;

} // namespace terrazzo
