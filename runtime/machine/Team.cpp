// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Team.h"
#include "machine/Clock.h"
#include "machine/Limits.h"

#include <algorithm>
#include <bit>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace terrazzo::machine {

namespace {

constexpr unsigned mostWorkers = 1024;

/// Both are longer than it takes to wake a sleeping thread, on a virtual
/// machine too, and shorter than a time slice. Between two runs the caller
/// draws a token and comes back, most likely within the second.
constexpr uint64_t spinInRun = 100'000;
constexpr uint64_t spinBetweenRuns = 400'000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// The half of a word that changes whenever it does: what a futex can watch.
uint32_t *lowHalf(std::atomic<uint64_t> &word) {
  static_assert(std::endian::native == std::endian::little);
  return reinterpret_cast<uint32_t *>(&word);
}

void futexWait(std::atomic<uint64_t> &word, uint64_t expected) {
  ::syscall(SYS_futex, lowHalf(word), FUTEX_WAIT_PRIVATE, uint32_t(expected),
            nullptr, nullptr, 0);
}

void futexWakeAll(std::atomic<uint64_t> &word) {
  ::syscall(SYS_futex, lowHalf(word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
            nullptr, 0);
}

/// Spins until `word` leaves `seen`; the time at which it gave up, or 0.
uint64_t spinWhile(const std::atomic<uint64_t> &word, uint64_t seen,
                   uint64_t longest) {
  uint64_t limit = 0;
  for (;;) {
    constexpr int looksPerClock = 64;
    for (int i = 0; i < looksPerClock; ++i) {
      if (word.load(std::memory_order_acquire) != seen)
        return 0;
      pause();
    }
    uint64_t now = nanosecondsNow();
    if (limit == 0)
      limit = now + longest;
    else if (now > limit)
      return now;
  }
}

/// Nanoseconds that a thread stood in a queue: the second number of its
/// schedstat. Contention::unknown when the system keeps none.
uint64_t queuedTime(int file) {
  char text[96];
  ssize_t count = file < 0 ? -1 : ::pread(file, text, sizeof(text) - 1, 0);
  if (count <= 0)
    return Contention::unknown;
  text[count] = 0;
  char *end;
  ::strtoull(text, &end, 10);
  return ::strtoull(end, nullptr, 10);
}

} // namespace

struct Team::Threads {
  struct Start {
    Team *team;
    unsigned worker;
  };
  std::vector<pthread_t> handles; ///< of workers 1 and up
  std::vector<Start> starts;
  std::vector<std::atomic<int>> statistics; ///< schedstat of each worker
  std::vector<int> allowed; ///< the caller's, before anything was pinned

  explicit Threads(unsigned workers)
      : starts(workers), statistics(workers), allowed(usableProcessors()) {
    std::fill(statistics.begin(), statistics.end(), -1);
  }
  ~Threads() {
    for (const std::atomic<int> &file : statistics)
      if (file >= 0)
        ::close(file);
  }
  void openStatistics(unsigned worker) {
    statistics[worker] =
        ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  }
  uint64_t queued(unsigned workers) const {
    uint64_t sum = 0;
    for (unsigned i = 0; i < workers; ++i) {
      uint64_t one = queuedTime(statistics[i]);
      if (one == Contention::unknown)
        return one;
      sum += one;
    }
    return sum;
  }
};

Team::Team(unsigned wanted, bool pinCaller)
    : workers(std::clamp(wanted, 1u, mostWorkers)), pinsCaller(pinCaller),
      contention(workers, [this] { return threads->queued(workers); }),
      threads(std::make_unique<Threads>(workers)), claims(workers),
      waited(workers), roster(workers) {
  threads->openStatistics(0);
  for (unsigned i = 1; i < workers; ++i) {
    threads->starts[i] = {this, i};
    pthread_t handle;
    auto begin = [](void *argument) -> void * {
      auto *self = static_cast<Threads::Start *>(argument);
      self->team->work(self->worker);
      return nullptr;
    };
    if (::pthread_create(&handle, nullptr, begin, &threads->starts[i]) != 0) {
      workers = i;
      roster = i;
      contention = Contention(i, [this] { return threads->queued(workers); });
      break;
    }
    threads->handles.push_back(handle);
  }
}

Team::~Team() {
  setPinned(false);
  leaving = true;
  roster.store(workers + 1, std::memory_order_release);
  futexWakeAll(roster);
  state.fetch_add(2, std::memory_order_seq_cst);
  futexWakeAll(state);
  for (pthread_t handle : threads->handles)
    ::pthread_join(handle, nullptr);
}

void Team::work(unsigned worker) {
  threads->openStatistics(worker);
  while (!leaving.load(std::memory_order_acquire)) {
    uint64_t members = roster.load(std::memory_order_acquire);
    if (worker >= members) {
      futexWait(roster, members);
      continue;
    }
    uint64_t seen = state.load(std::memory_order_acquire);
    bool between = seen % 2 != 0;
    if (between || !doShares(seen / 2, worker))
      awaitChange(seen, worker);
  }
}

/// Does what it can claim of `phase`, its own share first; whether there was
/// anything.
bool Team::doShares(uint64_t phase, unsigned worker) {
  // Only a hint: a claim succeeds in the run that it belongs to or not at all.
  unsigned count = shares.load(std::memory_order_relaxed);
  bool did = false;
  for (unsigned i = 0; i < count; ++i)
    did |= claimAndDo(phase, (worker + i) % count, worker);
  return did;
}

bool Team::claimAndDo(uint64_t phase, unsigned share, unsigned worker) {
  std::atomic<uint64_t> &next = claims[share].next;
  if (next.load(std::memory_order_relaxed) != phase)
    return false;
  uint64_t expected = phase;
  if (!next.compare_exchange_strong(expected, phase + 1,
                                    std::memory_order_acq_rel,
                                    std::memory_order_relaxed))
    return false;
  // From here on the run cannot end before this share is done.
  body(context, {uint32_t(phase - first), share,
                 shares.load(std::memory_order_relaxed), worker});
  finish(phase);
  return true;
}

/// One share more is done; the last one opens the next phase.
void Team::finish(uint64_t phase) {
  uint32_t count = shares.load(std::memory_order_relaxed);
  uint64_t end = last;
  if (done.fetch_add(1, std::memory_order_acq_rel) + 1 != count)
    return;
  done.store(0, std::memory_order_relaxed);
  uint64_t following = phase + 1;
  // Sequentially consistent with the sleepers' increment: either they see the
  // new state, or this sees them.
  state.store(2 * following + (following == end), std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) != 0)
    futexWakeAll(state);
}

void Team::awaitChange(uint64_t seen, unsigned worker) {
  bool between = seen % 2 != 0;
  uint64_t spun = between ? spinBetweenRuns : spinInRun;
  uint64_t since = spinWhile(state, seen, spun);
  if (since == 0)
    return;
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (state.load(std::memory_order_seq_cst) == seen &&
         !leaving.load(std::memory_order_relaxed))
    futexWait(state, seen);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
  if (!between)
    waited[worker].nanoseconds.fetch_add(nanosecondsNow() - since + spun,
                                         std::memory_order_relaxed);
}

uint64_t Team::waitedSoFar() const {
  uint64_t sum = 0;
  for (unsigned i = 0; i < workers; ++i)
    sum += waited[i].nanoseconds.load(std::memory_order_relaxed);
  return sum;
}

void Team::changeRoster(unsigned wanted) {
  uint64_t before = roster.exchange(wanted, std::memory_order_acq_rel);
  if (before < wanted)
    futexWakeAll(roster);
}

void Team::setPinned(bool wanted) {
  if (pinned == wanted)
    return;
  pinned = wanted;
  const std::vector<int> &processors = threads->allowed;
  // Refused in some sandboxes; the team works unpinned as well.
  auto place = [&](pthread_t thread, unsigned worker) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned i = 0; i < processors.size(); ++i)
      if (!wanted || i == worker)
        CPU_SET(processors[i], &set);
    ::pthread_setaffinity_np(thread, sizeof(set), &set);
  };
  if (workers > processors.size())
    return;
  for (unsigned i = 1; i < workers; ++i)
    place(threads->handles[i - 1], i);
  if (pinsCaller)
    place(::pthread_self(), 0);
}

void Team::run(uint32_t phases, Body newBody, void *newContext) {
  if (phases == 0)
    return;
  body = newBody;
  context = newContext;
  if (workers == 1)
    return runAlone(phases);
  uint64_t begin = nanosecondsNow();
  unsigned count = contention.active(begin);
  setPinned(contention.alone());
  if (count != roster.load(std::memory_order_relaxed))
    changeRoster(count);
  if (count == 1)
    return runAlone(phases);
  uint64_t waitedBefore = waitedSoFar();
  runTogether(phases, count);
  contention.ran(nanosecondsNow() - begin, waitedSoFar() - waitedBefore);
}

void Team::runAlone(uint32_t phases) {
  for (uint32_t phase = 0; phase < phases; ++phase)
    body(context, {phase, 0, 1, 0});
}

void Team::runTogether(uint32_t phases, unsigned count) {
  first = last;
  last = first + phases;
  shares.store(count, std::memory_order_relaxed);
  // All claims stand at the first phase. Shares that this run does not have
  // are past it already.
  for (unsigned i = 0; i < workers; ++i)
    claims[i].next.store(i < count ? first : last, std::memory_order_relaxed);
  state.store(2 * first, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) != 0)
    futexWakeAll(state);
  uint64_t end = 2 * last + 1;
  for (uint64_t seen; (seen = state.load(std::memory_order_acquire)) != end;)
    if (!doShares(seen / 2, 0))
      awaitChange(seen, 0);
}

} // namespace terrazzo::machine
