// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPU team: a fixed number of workers that walk a program together. The
// caller is worker 0; the others are threads pinned to one processor each. A
// call is entered once (run), and its phases are separated by a barrier that
// spins briefly and then sleeps, so that a team with more workers than idle
// processors is slowed in proportion and no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace terrazzo::exec {

/// Meeting point of a fixed number of threads. Reusable.
class Barrier {
public:
  explicit Barrier(uint32_t members) : members(members) {}
  /// Returns when all members have come. What each did before is visible to
  /// all after.
  void wait();
  /// Before all have come for the first time: fewer will.
  void reduce(uint32_t fewer) { members.store(fewer); }

private:
  std::atomic<uint32_t> members;
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
};

/// The processors that this process may use, in order.
std::vector<int> usableProcessors();

class Team {
public:
  /// `pinCaller`: pins the calling thread to the first processor as well, for
  /// programs that own their main thread. Fewer threads than asked for are
  /// never an error: see size().
  explicit Team(unsigned workers, bool pinCaller = false);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  unsigned size() const { return workers; }

  using Body = void (*)(void *context, unsigned worker);
  /// Runs `body` once in each worker and returns when all are done. Not
  /// reentrant; one caller at a time.
  void run(Body body, void *context);
  /// Inside a body: waits for all workers.
  void barrier() {
    if (workers > 1)
      phase.wait();
  }

private:
  struct Threads;
  void work(unsigned worker);

  unsigned workers;
  Barrier phase;
  Barrier entry;
  Body body = nullptr;
  void *context = nullptr;
  bool leaving = false;
  std::unique_ptr<Threads> threads;
};

} // namespace terrazzo::exec
