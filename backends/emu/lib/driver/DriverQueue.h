// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stream's order of work: what is pushed runs on the stream's own thread, one
// after the other, each when the work it names in `after` is done. Since work
// only ever waits for work pushed earlier, streams cannot block each other for
// ever.
#pragma once

#include "TzEmu/CudaTypes.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace terrazzo::emu::driver {

struct Context;

struct Work {
  /// Not called when the context has failed before. A result other than
  /// success fails the context.
  std::function<CUresult()> run;
  std::vector<std::shared_ptr<Work>> after;
  std::shared_ptr<Context> context;
  bool always = false; ///< called in a failed context too
  std::chrono::steady_clock::time_point finished;

  bool isDone() const { return done.load(std::memory_order_acquire) != 0; }
  /// Blocks until it is done.
  void wait() const { done.wait(0, std::memory_order_acquire); }
  /// Runs now, on this thread.
  void perform();
  void finish();

private:
  std::atomic<uint32_t> done{0};
};

using WorkPointer = std::shared_ptr<Work>;

class Queue {
public:
  Queue();
  /// What was pushed is still done, behind the destroyed queue.
  ~Queue();
  Queue(const Queue &) = delete;
  Queue &operator=(const Queue &) = delete;

  void push(WorkPointer work);
  /// What was pushed last; null when it is done or there was none.
  WorkPointer last() const;

private:
  struct State;
  std::shared_ptr<State> state;
  WorkPointer newest;
};

/// True on a thread that runs a function of the program in a stream's order:
/// there, no entry point may be called.
bool insideHostFunction();
void callHostFunction(CUhostFn function, void *userData);

} // namespace terrazzo::emu::driver
