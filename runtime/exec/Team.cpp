// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Team.h"

#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

/// Longer than it takes to wake a sleeping thread, on a virtual machine too,
/// and shorter than a time slice. With less, a worker that has to be woken
/// comes so late that its partner sleeps as well; from then on both sleep at
/// every barrier, and beside a busy process each wake-up waits for the end of
/// its time slice: measured, a twentieth of the speed beside one busy loop at
/// 40 microseconds, the neighbour's fair share at 400.
constexpr uint64_t spinNanoseconds = 400'000;

uint64_t nanoseconds() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return uint64_t(now.tv_sec) * 1'000'000'000u + uint64_t(now.tv_nsec);
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  ::syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE,
            expected, nullptr, nullptr, 0);
}

void futexWakeAll(std::atomic<uint32_t> &word) {
  ::syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE,
            INT_MAX, nullptr, nullptr, 0);
}

/// Spins until `word` leaves `old`, at most spinNanoseconds; whether it did.
bool spinWhile(const std::atomic<uint32_t> &word, uint32_t old) {
  uint64_t limit = 0;
  for (;;) {
    constexpr int looksPerClock = 64;
    for (int i = 0; i < looksPerClock; ++i) {
      if (word.load(std::memory_order_acquire) != old)
        return true;
      pause();
    }
    uint64_t now = nanoseconds();
    if (limit == 0)
      limit = now + spinNanoseconds;
    else if (now > limit)
      return false;
  }
}

void pinThread(pthread_t thread, int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  // Refused in some sandboxes; the team works unpinned as well.
  ::pthread_setaffinity_np(thread, sizeof(set), &set);
}

} // namespace

void Barrier::wait() {
  uint32_t mine = generation.load(std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 ==
      members.load(std::memory_order_relaxed)) {
    arrived.store(0, std::memory_order_relaxed);
    // Sequentially consistent with the sleepers' increment: either they see
    // the new generation, or this sees them.
    generation.store(mine + 1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) != 0)
      futexWakeAll(generation);
    return;
  }
  if (spinWhile(generation, mine))
    return;
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (generation.load(std::memory_order_seq_cst) == mine)
    futexWait(generation, mine);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<int> usableProcessors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0)
    for (int i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &set))
        processors.push_back(i);
  if (processors.empty())
    processors.push_back(0);
  return processors;
}

struct Team::Threads {
  struct Start {
    Team *team;
    unsigned worker;
  };
  std::vector<pthread_t> handles;
  std::vector<Start> starts;
};

namespace {
constexpr unsigned mostWorkers = 1024;
} // namespace

Team::Team(unsigned wanted, bool pinCaller)
    : workers(wanted < 1             ? 1
              : wanted > mostWorkers ? mostWorkers
                                     : wanted),
      phase(workers), entry(workers), threads(std::make_unique<Threads>()) {
  std::vector<int> processors = usableProcessors();
  // More workers than processors are left to the scheduler.
  bool pin = workers <= processors.size();
  threads->starts.resize(workers);
  for (unsigned i = 1; i < workers; ++i) {
    threads->starts[i] = {this, i};
    pthread_t handle;
    auto start = [](void *argument) -> void * {
      auto *self = static_cast<Threads::Start *>(argument);
      self->team->work(self->worker);
      return nullptr;
    };
    if (::pthread_create(&handle, nullptr, start, &threads->starts[i]) != 0) {
      workers = i;
      phase.reduce(i);
      entry.reduce(i);
      break;
    }
    threads->handles.push_back(handle);
    if (pin)
      pinThread(handle, processors[i]);
  }
  if (pin && pinCaller && workers > 1)
    pinThread(::pthread_self(), processors[0]);
}

Team::~Team() {
  leaving = true;
  if (workers > 1)
    entry.wait();
  for (pthread_t handle : threads->handles)
    ::pthread_join(handle, nullptr);
}

void Team::work(unsigned worker) {
  for (;;) {
    entry.wait();
    if (leaving)
      return;
    body(context, worker);
    phase.wait();
  }
}

void Team::run(Body newBody, void *newContext) {
  body = newBody;
  context = newContext;
  if (workers == 1)
    return body(context, 0);
  entry.wait();
  body(context, 0);
  phase.wait();
}

} // namespace terrazzo::exec
