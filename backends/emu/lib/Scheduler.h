// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the blocks of a launch: warps as fibers, blocks over the host's threads.
// A thread keeps to one block until all its warps wait in loops; then it takes
// further blocks in, so that blocks may wait for each other. Blocks of a
// cooperative launch are all taken in at once.
#pragma once

#include "AsyncCopies.h"
#include "DeviceHeap.h"
#include "Executor.h"
#include "Fiber.h"
#include "MemoryState.h"
#include "Warp.h"

#include <atomic>
#include <deque>
#include <mutex>

namespace terrazzo::emu {

using KernelEntry = void (*)(Warp *warp, uint32_t mask, uint64_t localBase,
                             const uint64_t *arguments);

/// One launch, while it runs.
struct LaunchJob {
  KernelEntry entry = nullptr;
  std::array<uint32_t, 3> grid{}, block{};
  uint32_t threads = 0, warps = 0; ///< of a block
  uint64_t blocks = 0;
  bool cooperative = false;
  uint64_t sharedBytes = 0, dynamicSharedBytes = 0, localBytes = 0;
  uint64_t sharedAlignment = 16, localAlignment = 16;
  const uint8_t *parameters = nullptr;
  uint64_t parameterBytes = 0;
  uint32_t multiprocessors = 1;
  uint64_t id = 0;
  std::shared_ptr<const AllocationList> allocations;
  DeviceHeap *heap = nullptr; ///< of malloc; null: there is none
  AddressRange reserved{};
  std::atomic<uint64_t> nextBlock{0};
  std::atomic<bool> stop{false};
  std::atomic<int> workers{0}; ///< threads that may still touch the job
  std::mutex mutex;
  Outcome outcome;

  /// The first report counts; all threads stop soon.
  void report(Fault fault, std::string text, int line);
};

struct Barrier {
  uint32_t phase = 0;
  uint32_t expected = 0;              ///< threads; 0: all of the block
  std::vector<uint32_t> arrived;      ///< lanes, by warp
  uint32_t warps = 0;                 ///< that have arrived whole
  uint32_t sum = 0, any = 0, all = 1; ///< of the values of bar.red
  uint32_t lastSum = 0, lastAny = 0, lastAll = 1;
};

class Worker;

struct WarpRecord {
  enum class State : uint8_t { Ready, Blocked, Done };
  Warp warp;
  std::unique_ptr<Fiber> fiber;
  State state = State::Done;
  bool spinning = false;
  bool queued = false;
  AsyncCopies copies;
};

struct BlockState {
  LaunchJob *job = nullptr;
  Worker *worker = nullptr;
  std::vector<std::unique_ptr<WarpRecord>> warps;
  uint32_t unfinished = 0;
  std::unique_ptr<uint8_t[]> sharedMemory, localMemory;
  uint8_t *shared = nullptr;
  Barrier barriers[16];
  bool barriersUsed = false;
  std::vector<PendingArrival> arrivals;

  /// Lanes of a warp arrive; `expected` threads, 0: all. Wakes the waiting
  /// when they were the last.
  void arrive(Warp *warp, uint32_t mask, unsigned barrier, uint32_t expected);
  /// Lanes of a warp have exited: barriers may be complete without them.
  void lanesExited(Warp *warp);
  bool complete(Barrier &barrier);
};

/// What one host thread owns.
class Worker {
public:
  static Worker &ofThread();
  /// The one that runs blocks on this thread now, or null; for signals.
  static thread_local Worker *running;
  /// Takes blocks of the job until there are none.
  void run(LaunchJob &job);

  // Called on fibers.
  void block(WarpRecord &record);
  void yield(WarpRecord &record);
  [[noreturn]] void abandon(WarpRecord &record);

  void wake(WarpRecord &record);

  WarpRecord *current = nullptr; ///< whose fiber runs
  /// On which a fiber ends after a signal.
  std::unique_ptr<uint8_t[]> emergencyStack;

private:
  bool startBlock(LaunchJob &job);
  void resume(WarpRecord &record);
  void finish(BlockState &block);
  void deadlock(LaunchJob &job, BlockState &block);
  bool wantsBlock(const LaunchJob &job) const;
  void dropAll();
  std::vector<std::unique_ptr<BlockState>> residents, spare;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::deque<WarpRecord *> ready;
  uint32_t turnsWithoutProgress = 0;
  /// Turns used up in loops since a block began or ended. Barriers that are met
  /// are no end of waiting: a loop over the grid may hold them.
  uint64_t turnsSinceBlock = 0;
};

/// Runs the job on this thread and the pool's, to its end.
void runJob(LaunchJob &job);

/// Host threads that execute blocks, the caller's among them.
unsigned hostThreads();

} // namespace terrazzo::emu
