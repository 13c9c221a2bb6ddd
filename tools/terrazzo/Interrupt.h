// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ctrl-C: the first one asks what runs to stop at the next token, the second
// one ends the process at once, with exit code 130 either way.
#pragma once

#include <atomic>

void installInterruptHandler();

/// Whether the first one has come.
const std::atomic<bool> &interrupted();
