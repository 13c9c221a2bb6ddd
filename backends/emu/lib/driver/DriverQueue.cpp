// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "driver/DriverQueue.h"
#include "driver/DriverObjects.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace terrazzo::emu::driver {

namespace {
thread_local bool hostFunctionRuns = false;
}

bool insideHostFunction() { return hostFunctionRuns; }

void callHostFunction(CUhostFn function, void *userData) {
  hostFunctionRuns = true;
  function(userData);
  hostFunctionRuns = false;
}

void Work::perform() {
  for (const WorkPointer &earlier : after)
    earlier->wait();
  if (run && (always || !context || context->failure.load() == CUDA_SUCCESS)) {
    CUresult result;
    try {
      result = run();
    } catch (const std::bad_alloc &) {
      result = CUDA_ERROR_OUT_OF_MEMORY;
    } catch (...) {
      result = CUDA_ERROR_UNKNOWN;
    }
    if (result != CUDA_SUCCESS && context)
      context->fail(result);
  }
  finish();
}

void Work::finish() {
  // Whoever holds the newest work would otherwise hold all that came before.
  after.clear();
  run = nullptr;
  context.reset();
  finished = std::chrono::steady_clock::now();
  done.store(1, std::memory_order_release);
  done.notify_all();
}

struct Queue::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<WorkPointer> waiting;
  bool closed = false;

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return closed || !waiting.empty(); });
      if (waiting.empty())
        return;
      WorkPointer work = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      work->perform();
      work.reset();
      lock.lock();
    }
  }
};

Queue::Queue() = default;

Queue::~Queue() {
  if (!state)
    return;
  std::lock_guard lock(state->mutex);
  state->closed = true;
  state->changed.notify_all();
}

void Queue::push(WorkPointer work) {
  // Many programs create streams that they never use: those get no thread.
  if (!state) {
    auto fresh = std::make_shared<State>();
    std::thread([fresh] { fresh->loop(); }).detach();
    state = std::move(fresh);
  }
  newest = work;
  std::lock_guard lock(state->mutex);
  state->waiting.push_back(std::move(work));
  state->changed.notify_one();
}

WorkPointer Queue::last() const {
  return newest && !newest->isDone() ? newest : nullptr;
}

} // namespace terrazzo::emu::driver
