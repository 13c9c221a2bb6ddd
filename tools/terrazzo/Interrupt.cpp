// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Interrupt.h.
#include "Interrupt.h"

#include "support/Error.h"

#include <csignal>
#include <unistd.h>

static std::atomic<bool> asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

static void handle(int) {
  if (asked.exchange(true))
    ::_exit(int(terrazzo::ExitCode::Interrupted));
}

void installInterruptHandler() {
  struct sigaction action = {};
  action.sa_handler = handle;
  // No restart: a read from the keyboard ends as well.
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool> &interrupted() { return asked; }
