// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Signals.h"

#include "Scheduler.h"

#include <csignal>
#include <mutex>
#include <ucontext.h>

namespace terrazzo::emu {

namespace {
constexpr size_t signalStackBytes = 64 << 10;
constexpr size_t emergencyBytes = 64 << 10;
struct sigaction previousFault, previousBus;
thread_local bool overflowed = false;

/// Runs on the worker's emergency stack in place of the faulting code.
void endFiber() {
  Worker &worker = *Worker::running;
  WarpRecord &record = *worker.current;
  LaunchJob &job = *record.warp.block->job;
  job.report(Fault::IllegalAddress,
             overflowed ? "the call stack of a warp is used up"
                        : "access to memory that was freed",
             int(record.warp.line));
  worker.abandon(record);
}

bool redirect(Worker &worker, void *context) {
#if defined(__x86_64__)
  auto *machine = static_cast<ucontext_t *>(context);
  auto top =
      reinterpret_cast<uint64_t>(worker.emergencyStack.get()) + emergencyBytes;
  machine->uc_mcontext.gregs[REG_RSP] =
      static_cast<long long>((top & ~uint64_t(15)) - 8);
  machine->uc_mcontext.gregs[REG_RIP] =
      static_cast<long long>(reinterpret_cast<uint64_t>(&endFiber));
  return true;
#else
  (void)worker;
  (void)context;
  return false;
#endif
}

void handle(int number, siginfo_t *info, void *context) {
  Worker *worker = Worker::running;
  WarpRecord *record = worker ? worker->current : nullptr;
  if (record) {
    auto address = reinterpret_cast<uint64_t>(info->si_addr);
    AddressRange reserved = record->warp.block->job->reserved;
    overflowed = record->fiber->isGuard(address);
    bool ours =
        overflowed || (address >= reserved.begin && address < reserved.end);
    if (ours && redirect(*worker, context))
      return;
  }
  struct sigaction &previous = number == SIGBUS ? previousBus : previousFault;
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else {
    // The same fault comes again, with nobody to catch it.
    sigaction(number, &previous, nullptr);
  }
}

/// The thread's own stack for signals, taken back when the thread ends.
struct SignalStack {
  std::unique_ptr<uint8_t[]> memory;
  ~SignalStack() {
    if (!memory)
      return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
};
} // namespace

void installSignalStack() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previousFault);
    sigaction(SIGBUS, &action, &previousBus);
  });
  thread_local SignalStack own;
  stack_t now{};
  if (own.memory || sigaltstack(nullptr, &now) != 0 ||
      !(now.ss_flags & SS_DISABLE))
    return;
  own.memory.reset(new uint8_t[signalStackBytes]);
  stack_t made{};
  made.ss_sp = own.memory.get();
  made.ss_size = signalStackBytes;
  sigaltstack(&made, nullptr);
}

} // namespace terrazzo::emu
