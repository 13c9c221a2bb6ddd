// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What terrazzo-compile does besides compiling.
#pragma once

#include "CommandLine.h"
#include "Protocol.h"

namespace terrazzo {

/// One line for each backend: name, kind, usable, reason, path.
ExitCode listTargets(Protocol &protocol);

/// Evaluates token ids with the float64 interpreter.
Status runReferenceAction(const CommandLine &command, Protocol &protocol);

} // namespace terrazzo
