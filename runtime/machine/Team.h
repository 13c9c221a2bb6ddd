// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPU team: a fixed number of workers that do a run's phases together. The
// caller is worker 0, the others are threads. Each phase is cut into shares,
// one for each worker that takes part; a share belongs to the worker of its
// number, who finds its caches filled, but whoever comes first may claim it: a
// worker that the system has not scheduled holds nobody up unless it was
// interrupted in the middle of a share. A phase begins when all shares of the
// one before are done.
//
// A machine is not the team's alone. A worker that waits spins briefly and then
// sleeps; how many take part is asked before each run of a Contention, which
// knows what the workers lost by waiting; and threads are pinned to processors
// only while nobody else seems to want these.
#pragma once

#include "machine/Contention.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace terrazzo::machine {

/// What a body is to do: `share` of `shares` in `phase`, as `worker`, whose
/// number is below Team::size() whatever the share's.
struct Part {
  uint32_t phase;
  uint32_t share;
  uint32_t shares;
  uint32_t worker;
};

class Team {
public:
  /// `pinCaller`: the calling thread may be pinned as well, for programs that
  /// own their main thread. Fewer threads than asked for are never an error:
  /// see size().
  explicit Team(unsigned workers, bool pinCaller = false);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  /// Workers that there are; as many shares at most has a phase.
  unsigned size() const { return workers; }

  using Body = void (*)(void *context, const Part &part);
  /// Calls `body` for each share of each of `phases`, in order of the phases,
  /// and returns when all is done. What a phase wrote, all of the next see.
  /// Not reentrant; one caller at a time, always the same thread.
  void run(uint32_t phases, Body body, void *context);

private:
  // A line of its own each: a worker's claims are its own business until
  // another has nothing left to do.
  struct alignas(64) Claim {
    std::atomic<uint64_t> next{0}; ///< the phase whose share may be claimed
  };
  struct alignas(64) Waited {
    std::atomic<uint64_t> nanoseconds{0}; ///< for a share in another's hands
  };
  struct Threads;

  void work(unsigned worker);
  bool doShares(uint64_t phase, unsigned worker);
  bool claimAndDo(uint64_t phase, unsigned share, unsigned worker);
  void finish(uint64_t phase);
  void awaitChange(uint64_t seen, unsigned worker);
  void runAlone(uint32_t phases);
  void runTogether(uint32_t phases, unsigned count);
  void changeRoster(unsigned wanted);
  void setPinned(bool wanted);
  uint64_t waitedSoFar() const;

  unsigned workers;
  bool pinsCaller;
  bool pinned = false;
  Contention contention;
  std::unique_ptr<Threads> threads;
  std::vector<Claim> claims;
  std::vector<Waited> waited;

  // Of the run in progress; written while none is.
  Body body = nullptr;
  void *context = nullptr;
  uint64_t first = 0; ///< its phases are [first, last)
  uint64_t last = 0;
  std::atomic<uint32_t> shares{0};

  /// Twice the number of the phase in progress; odd between two runs. Phases
  /// are counted through all runs, so what a sleeper remembers is recognised
  /// as old.
  alignas(64) std::atomic<uint64_t> state{1};
  std::atomic<uint32_t> sleepers{0};
  alignas(64) std::atomic<uint32_t> done{0}; ///< shares of the phase
  /// Workers that take part; those beyond sleep on it.
  alignas(64) std::atomic<uint64_t> roster{0};
  std::atomic<bool> leaving{false};
};

} // namespace terrazzo::machine
