// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread's part: which warp runs next, and when another block is begun.
#include "Scheduler.h"

#include "Signals.h"

#include <algorithm>
#include <cfenv>
#include <cstring>

namespace terrazzo::emu {

namespace {
constexpr size_t fiberStack = 4 << 20;
constexpr size_t emergencyBytes = 64 << 10;
constexpr size_t mostResidents = 128;
constexpr uint64_t mostResidentBytes = uint64_t(1) << 30;
constexpr size_t mostSpareFibers = 64;
/// Turns that each waiting warp gets before another block is begun.
constexpr uint32_t patience = 8;
/// The same when barriers are met meanwhile: such loops mostly work.
constexpr uint64_t longPatience = 16;

void warpMain(void *argument) {
  auto &record = *static_cast<WarpRecord *>(argument);
  BlockState &block = *record.warp.block;
  block.job->entry(&record.warp, record.warp.live, 0, nullptr);
  record.state = WarpRecord::State::Done;
  record.fiber->leave();
}
} // namespace

void LaunchJob::report(Fault fault, std::string text, int line) {
  std::lock_guard lock(mutex);
  if (outcome.fault == Fault::None) {
    outcome.fault = fault;
    outcome.text = line > 0 ? "PTX line " + std::to_string(line) + ": " + text
                            : std::move(text);
    outcome.line = line;
  }
  stop.store(true, std::memory_order_relaxed);
}

thread_local Worker *Worker::running = nullptr;

Worker &Worker::ofThread() {
  thread_local Worker worker;
  return worker;
}

void Worker::block(WarpRecord &record) {
  record.state = WarpRecord::State::Blocked;
  record.fiber->leave();
}

void Worker::yield(WarpRecord &record) {
  record.spinning = true;
  record.fiber->leave();
}

void Worker::abandon(WarpRecord &record) {
  record.state = WarpRecord::State::Done;
  record.fiber->leave();
  __builtin_unreachable();
}

void Worker::wake(WarpRecord &record) {
  if (record.state != WarpRecord::State::Blocked)
    return;
  record.state = WarpRecord::State::Ready;
  record.spinning = false;
  turnsWithoutProgress = 0;
  if (!record.queued && &record != current) {
    record.queued = true;
    ready.push_back(&record);
  }
}

bool Worker::startBlock(LaunchJob &job) {
  uint64_t bytes =
      job.sharedBytes + job.localBytes * job.warps * lanes + (64 << 10);
  if (!job.cooperative &&
      (residents.size() >= mostResidents ||
       (!residents.empty() &&
        (residents.size() + 1) * bytes > mostResidentBytes)))
    return false;
  uint64_t number = job.nextBlock.fetch_add(1, std::memory_order_relaxed);
  if (number >= job.blocks)
    return false;
  std::unique_ptr<BlockState> made;
  if (!spare.empty()) {
    made = std::move(spare.back());
    spare.pop_back();
  } else {
    made = std::make_unique<BlockState>();
    made->job = &job;
    made->worker = this;
    auto allocate = [](std::unique_ptr<uint8_t[]> &memory, uint64_t bytes,
                       uint64_t alignment) {
      memory.reset(new uint8_t[bytes + alignment + 64]);
      auto address = reinterpret_cast<uint64_t>(memory.get());
      return reinterpret_cast<uint8_t *>((address + alignment - 1) &
                                         ~(alignment - 1));
    };
    made->shared = allocate(made->sharedMemory, job.sharedBytes,
                            std::max<uint64_t>(job.sharedAlignment, 128));
    uint64_t local = job.localBytes * lanes;
    uint8_t *localBase =
        allocate(made->localMemory, local * job.warps, job.localAlignment);
    for (uint32_t i = 0; i < job.warps; ++i) {
      auto &record = *made->warps.emplace_back(std::make_unique<WarpRecord>());
      Warp &warp = record.warp;
      warp.index = i;
      warp.parameters = job.parameters;
      warp.parameterBytes = job.parameterBytes;
      warp.shared = made->shared;
      warp.sharedBytes = job.sharedBytes;
      warp.dynamicSharedBytes = uint32_t(job.dynamicSharedBytes);
      warp.local = localBase + local * i;
      warp.localBytes = job.localBytes;
      warp.warpCount = job.warps;
      warp.multiprocessors = job.multiprocessors;
      warp.grid = job.id;
      warp.block = made.get();
      warp.record = &record;
      for (unsigned lane = 0; lane < lanes; ++lane) {
        uint32_t thread = i * lanes + lane;
        warp.tid[0][lane] = thread % job.block[0];
        warp.tid[1][lane] = thread / job.block[0] % job.block[1];
        warp.tid[2][lane] = thread / job.block[0] / job.block[1];
      }
      for (unsigned d = 0; d < 3; ++d) {
        warp.ntid[d] = job.block[d];
        warp.nctaid[d] = job.grid[d];
      }
    }
  }
  BlockState &block = *made;
  // Nothing may depend on what shared memory holds at first.
  std::memset(block.shared, 0xff, job.sharedBytes);
  if (block.barriersUsed)
    for (Barrier &barrier : block.barriers)
      barrier = Barrier();
  block.barriersUsed = false;
  block.arrivals.clear();
  block.unfinished = job.warps;
  for (uint32_t i = 0; i < job.warps; ++i) {
    WarpRecord &record = *block.warps[i];
    Warp &warp = record.warp;
    uint32_t left = job.threads - i * lanes;
    warp.live = left >= lanes ? allLanes : (1u << left) - 1;
    warp.fuel = fuelPerTurn;
    warp.recent = {1, 0};
    warp.multiprocessor = uint32_t(number % job.multiprocessors);
    warp.ctaid[0] = uint32_t(number % job.grid[0]);
    warp.ctaid[1] = uint32_t(number / job.grid[0] % job.grid[1]);
    warp.ctaid[2] = uint32_t(number / job.grid[0] / job.grid[1]);
    record.copies.clear();
    record.state = WarpRecord::State::Ready;
    record.spinning = false;
    record.queued = true;
    ready.push_back(&record);
  }
  residents.push_back(std::move(made));
  return true;
}

void Worker::resume(WarpRecord &record) {
  if (!record.fiber) {
    if (fibers.empty()) {
      record.fiber = std::make_unique<Fiber>(fiberStack);
    } else {
      record.fiber = std::move(fibers.back());
      fibers.pop_back();
    }
    record.fiber->prepare(warpMain, &record);
  }
  current = &record;
  record.fiber->enter();
  current = nullptr;
}

void Worker::finish(BlockState &block) {
  turnsWithoutProgress = 0;
  turnsSinceBlock = 0;
  for (size_t i = 0; i < residents.size(); ++i)
    if (residents[i].get() == &block) {
      spare.push_back(std::move(residents[i]));
      residents.erase(residents.begin() + long(i));
      return;
    }
}

void Worker::deadlock(LaunchJob &job, BlockState &block) {
  for (auto &record : block.warps)
    if (record->state == WarpRecord::State::Blocked) {
      job.report(Fault::IllegalInstruction,
                 "a barrier can never be met: warp " +
                     std::to_string(record->warp.index) + " of block (" +
                     std::to_string(record->warp.ctaid[0]) + ", " +
                     std::to_string(record->warp.ctaid[1]) + ", " +
                     std::to_string(record->warp.ctaid[2]) +
                     ") waits for threads that will not come",
                 int(record->warp.line));
      return;
    }
}

/// Whether another block is to be begun before anything else is done.
bool Worker::wantsBlock(const LaunchJob &job) const {
  if (residents.empty())
    return ready.empty();
  if (job.nextBlock.load(std::memory_order_relaxed) >= job.blocks)
    return false;
  // This thread's share; the rest when the other threads do not take theirs.
  uint64_t threads = hostThreads();
  if (job.cooperative &&
      residents.size() < (job.blocks + threads - 1) / threads)
    return true;
  if (ready.empty())
    return false;
  return turnsWithoutProgress > patience * ready.size() ||
         turnsSinceBlock > longPatience * residents.size() * job.warps;
}

void Worker::dropAll() {
  for (auto &block : residents)
    for (auto &record : block->warps)
      if (record->fiber)
        fibers.push_back(std::move(record->fiber));
  if (fibers.size() > mostSpareFibers)
    fibers.resize(mostSpareFibers);
  residents.clear();
  spare.clear();
  ready.clear();
}

void Worker::run(LaunchJob &job) {
  installSignalStack();
  if (!emergencyStack)
    emergencyStack.reset(new uint8_t[emergencyBytes]);
  running = this;
  std::fenv_t environment;
  std::fegetenv(&environment);
  std::fesetenv(FE_DFL_ENV);
  turnsWithoutProgress = 0;
  turnsSinceBlock = 0;
  while (!job.stop.load(std::memory_order_relaxed)) {
    if (wantsBlock(job)) {
      turnsWithoutProgress = 0;
      turnsSinceBlock = 0;
      if (!startBlock(job) && ready.empty())
        break;
    }
    if (ready.empty()) {
      deadlock(job, *residents.front());
      break;
    }
    WarpRecord &record = *ready.front();
    ready.pop_front();
    record.queued = false;
    resume(record);
    BlockState &block = *record.warp.block;
    if (record.state == WarpRecord::State::Done) {
      fibers.push_back(std::move(record.fiber));
      if (--block.unfinished == 0)
        finish(block);
    } else if (record.state == WarpRecord::State::Ready) {
      turnsWithoutProgress += record.spinning;
      turnsSinceBlock += record.spinning;
      record.queued = true;
      ready.push_back(&record);
    }
  }
  dropAll();
  running = nullptr;
  std::fesetenv(&environment);
}

} // namespace terrazzo::emu
