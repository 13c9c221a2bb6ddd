// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stacks that code can leave and come back to. A switch costs about ten
// nanoseconds on x86-64, where it saves six registers; elsewhere ucontext does
// it. A fiber that is not finished may be dropped: nothing on its stack owns
// anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace terrazzo::emu {

class Fiber {
public:
  explicit Fiber(size_t stackBytes);
  ~Fiber();
  Fiber(const Fiber &) = delete;
  Fiber &operator=(const Fiber &) = delete;

  /// Makes the next `enter` call function(argument); it must end by `leave`,
  /// never by returning. Whatever ran before on the stack is forgotten.
  void prepare(void (*function)(void *), void *argument);
  /// Runs the fiber until it leaves.
  void enter();
  /// Called on the fiber: goes back to the caller of `enter`.
  void leave();
  /// True for addresses of the unmapped room below the stack.
  bool isGuard(uint64_t address) const;

private:
  uint8_t *memory;
  size_t bytes;
#if defined(__x86_64__)
  void *inside = nullptr, *outside = nullptr;
#else
  ucontext_t inside, outside;
  void (*function)(void *) = nullptr;
  void *argument = nullptr;
  static void start(unsigned high, unsigned low);
#endif
};

} // namespace terrazzo::emu
