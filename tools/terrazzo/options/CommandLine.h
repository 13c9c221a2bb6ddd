// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the mains of terrazzo and terrazzo-run share.
#pragma once

#include <CLI/CLI.hpp>

/// Installs the handlers of signals and of lost files. To be called first.
void prepareProcess();

/// Parses and runs the verb that the words choose; answers the exit code. The
/// verbs leave theirs in `exitCode`.
int parseAndRun(CLI::App &app, int argc, const char *const *argv,
                int &exitCode);
