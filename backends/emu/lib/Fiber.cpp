// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Fiber.h"

#include <cstdlib>
#include <sys/mman.h>

#if defined(__x86_64__)
// void terrazzoEmuSwitch(void **save, void *load): saves the caller's registers
// on its stack and goes on with those at `load`. `pop; jmp` in place of `ret`:
// the processor's guess of return addresses would always be wrong.
asm(R"(
.text
.globl terrazzoEmuSwitch
.hidden terrazzoEmuSwitch
.type terrazzoEmuSwitch,@function
terrazzoEmuSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rax
  jmpq *%rax
.size terrazzoEmuSwitch,.-terrazzoEmuSwitch
.globl terrazzoEmuStart
.hidden terrazzoEmuStart
.type terrazzoEmuStart,@function
terrazzoEmuStart:
  movq %r12, %rdi
  callq *%rbx
  ud2
.size terrazzoEmuStart,.-terrazzoEmuStart
)");
extern "C" void terrazzoEmuSwitch(void **save, void *load);
extern "C" void terrazzoEmuStart();
#endif

namespace terrazzo::emu {

namespace {
/// Below the stack; more than any function of ours or the C library takes.
constexpr size_t guardBytes = 64 << 10;
} // namespace

Fiber::Fiber(size_t stackBytes) {
  bytes = (stackBytes + guardBytes - 1) / guardBytes * guardBytes + guardBytes;
  void *made = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (made == MAP_FAILED)
    abort();
  memory = static_cast<uint8_t *>(made);
  mprotect(memory, guardBytes, PROT_NONE);
}

Fiber::~Fiber() { munmap(memory, bytes); }

bool Fiber::isGuard(uint64_t address) const {
  uint64_t begin = reinterpret_cast<uint64_t>(memory);
  return address >= begin && address < begin + guardBytes;
}

#if defined(__x86_64__)

void Fiber::prepare(void (*function)(void *), void *argument) {
  // As terrazzoEmuSwitch leaves a stack: r15 r14 r13 r12 rbx rbp, address.
  auto **top = reinterpret_cast<void **>(memory + bytes);
  *--top = nullptr;
  *--top = nullptr; // a call needs a stack aligned to 16
  *--top = reinterpret_cast<void *>(&terrazzoEmuStart);
  *--top = nullptr;                            // rbp
  *--top = reinterpret_cast<void *>(function); // rbx
  *--top = argument;                           // r12
  *--top = nullptr;
  *--top = nullptr;
  *--top = nullptr;
  inside = top;
}

void Fiber::enter() { terrazzoEmuSwitch(&outside, inside); }
void Fiber::leave() { terrazzoEmuSwitch(&inside, outside); }

#else

void Fiber::start(unsigned high, unsigned low) {
  auto *self = reinterpret_cast<Fiber *>(uint64_t(high) << 32 | low);
  self->function(self->argument);
  abort();
}

void Fiber::prepare(void (*toRun)(void *), void *with) {
  function = toRun;
  argument = with;
  getcontext(&inside);
  inside.uc_stack.ss_sp = memory + guardBytes;
  inside.uc_stack.ss_size = bytes - guardBytes;
  inside.uc_link = nullptr;
  uint64_t self = reinterpret_cast<uint64_t>(this);
  makecontext(&inside, reinterpret_cast<void (*)()>(&Fiber::start), 2,
              unsigned(self >> 32), unsigned(self));
}

void Fiber::enter() { swapcontext(&outside, &inside); }
void Fiber::leave() { swapcontext(&inside, &outside); }

#endif

} // namespace terrazzo::emu
