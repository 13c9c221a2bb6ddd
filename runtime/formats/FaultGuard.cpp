// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See FaultGuard.h. Everything the handler touches is static and lock-free.
#include "formats/FaultGuard.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace terrazzo::formats {
namespace {

struct Range {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0}; ///< 0 while the slot is being filled
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> hit{false};
  char name[256] = {};
};

constexpr int slots = 64;
Range ranges[slots];
std::atomic<FaultPolicy> currentPolicy{FaultPolicy::Exit};
std::atomic<bool> installed{false};
struct sigaction previous;
uintptr_t pageMask;

void put(const char *text) {
  size_t left = std::strlen(text);
  while (left) {
    ssize_t written = ::write(STDERR_FILENO, text, left);
    if (written <= 0)
      return;
    text += written;
    left -= size_t(written);
  }
}

[[noreturn]] void endWithError(const Range &range) {
  // Several threads may meet it at once; one of them says it.
  static std::atomic_flag said = ATOMIC_FLAG_INIT;
  while (said.test_and_set())
    ::pause();
  put("error[TZ0115]: the file became unreadable while it was in use\n  --> ");
  put(range.name);
  put("\n      it was cut short or replaced in place, or its disk failed\n"
      "  = help: restore the file; write a new file and rename it over the "
      "old one\n");
  ::_exit(1);
}

bool substitute(Range &range, uintptr_t address) {
  void *page = reinterpret_cast<void *>(address & pageMask);
  void *mapped = ::mmap(page, ~pageMask + 1, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  range.hit.store(true);
  return mapped != MAP_FAILED;
}

void onBusError(int signal, siginfo_t *info, void *context) {
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Range &range : ranges) {
    uintptr_t begin = range.begin.load();
    if (!begin || address < begin || address >= range.end.load())
      continue;
    if (currentPolicy.load() == FaultPolicy::Exit ||
        !substitute(range, address))
      endWithError(range);
    return;
  }
  // Not ours: the previous handler, or the default action on return.
  if (previous.sa_flags & SA_SIGINFO && previous.sa_sigaction)
    return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
    return previous.sa_handler(signal);
  ::signal(SIGBUS, SIG_DFL);
}

} // namespace

void installFaultGuard(FaultPolicy policy) {
  currentPolicy.store(policy);
  if (installed.exchange(true))
    return;
  pageMask = ~(uintptr_t(::sysconf(_SC_PAGESIZE)) - 1);
  struct sigaction action = {};
  action.sa_sigaction = onBusError;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &previous);
}

int registerFaultRange(const void *base, size_t bytes, const char *name) {
  for (int slot = 0; slot < slots; ++slot) {
    Range &range = ranges[slot];
    if (range.taken.exchange(true))
      continue;
    range.hit.store(false);
    std::strncpy(range.name, name, sizeof(range.name) - 1);
    uintptr_t begin = reinterpret_cast<uintptr_t>(base);
    range.end.store(begin + bytes);
    range.begin.store(begin);
    return slot;
  }
  return -1;
}

void unregisterFaultRange(int slot) {
  if (slot < 0)
    return;
  ranges[slot].begin.store(0);
  ranges[slot].taken.store(false);
}

bool faultRangeHit(int slot) { return slot >= 0 && ranges[slot].hit.load(); }

} // namespace terrazzo::formats
