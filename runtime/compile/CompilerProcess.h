// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler as a child process: terrazzo-compile beside the running program,
// else $TERRAZZO_COMPILE. It speaks JSON lines on its stdout and ends as the
// tools do; its memory, start-up and faults stay its own.
#pragma once

#include "support/Error.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace terrazzo::exec {

/// What the compiler says meanwhile. Lines are handed over as they come.
struct CompilerListener {
  std::function<void(const std::string &stage, uint64_t done, uint64_t total)>
      progress;
  /// Notes and warnings; errors come as the Status.
  std::function<void(const std::string &severity, const Error &)> diagnostic;
  std::function<void(const std::string &pass, const std::string &text,
                     const std::string &location)>
      remark;
  /// Any line as it is, before it is understood.
  std::function<void(const std::string &line)> line;
};

/// Path of the compiler: beside this program, in the bin beside this library's
/// folder, or as $TERRAZZO_COMPILE names it; TZ0422 with what to do.
Expected<std::string> findCompiler();

/// Runs the compiler to its end. Answers its last line ("done", as JSON text;
/// empty when there was none). `cancelled` ends the child and answers exit 130.
Expected<std::string> runCompiler(const std::string &compiler,
                                  const std::vector<std::string> &arguments,
                                  const CompilerListener &listener,
                                  const std::atomic<bool> *cancelled = nullptr);

} // namespace terrazzo::exec
