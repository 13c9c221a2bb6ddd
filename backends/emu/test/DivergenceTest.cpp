// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lanes that part and meet: every value is compared with the same C, run by
// the host for each thread alone.
#include "Harness.h"

namespace terrazzo::emu::test {

namespace {

// Compiled for the device as text and for the host as code.
#define BOTH(name, ...)                                                        \
  namespace host {                                                             \
  __VA_ARGS__                                                                  \
  }                                                                            \
  const char *const name = #__VA_ARGS__;

#define NOINLINE __attribute__((noinline))
typedef unsigned int u32;
#define DEVICE

BOTH(
    nestedText, DEVICE inline u32 nested(u32 i, u32 n) {
      u32 sum = i;
      for (u32 a = 0; a < i % 7; ++a) {
        if (a % 3 == 1) {
          for (u32 c = 0; c < (i ^ a) % 5; ++c) {
            sum = sum * 31 + c;
            if (sum % 11 == 3)
              break;
            if (sum % 13 == 4)
              continue;
            sum += 7;
          }
        } else if (sum & 1) {
          sum ^= a << 3;
        } else {
          sum += 5;
          if (sum > n)
            return sum * 3;
        }
      }
      switch (sum % 9) {
      case 0:
        sum += 1;
        break;
      case 1:
        sum *= 3;
        break;
      case 2:
        sum -= 8;
        [[fallthrough]];
      case 3:
        sum ^= 0x55;
        break;
      case 4:
        return sum + 100;
      case 5:
        sum = sum << (sum % 17);
        break;
      case 6:
        sum = sum / (i + 1);
        break;
      default:
        sum = ~sum;
      }
      return sum;
    })

BOTH(
    callsText,
    NOINLINE DEVICE u32 collatz(u32 x) {
      u32 steps = 0;
      while (x != 1 && steps < 500) {
        x = x & 1 ? 3 * x + 1 : x / 2;
        ++steps;
      }
      return steps;
    } NOINLINE DEVICE u32 ackermann(u32 m, u32 n) {
      if (m == 0)
        return n + 1;
      if (n == 0)
        return ackermann(m - 1, 1);
      return ackermann(m - 1, ackermann(m, n - 1));
    } DEVICE inline u32 calls(u32 i, u32 n) {
      u32 sum = collatz(i + 1);
      if (i % 3 == 0)
        sum += ackermann(2, i % 5);
      return sum + collatz(sum + n);
    })
#undef DEVICE

void compareAll(const char *text, const char *name,
                u32 (*reference)(u32, u32)) {
  Device device;
  device.load(compileCuda(std::string(text) +
                          "GLOBAL void k(u32 *out, u32 count, u32 n) {"
                          "u32 i = TID + CTAID * NTID;"
                          "if (i < count) out[i] = " +
                          name + "(i, n); }"));
  constexpr u32 count = 1000;
  Buffer<u32> out(device, count);
  // 72 threads: the last warp of a block is partial.
  device.run("k", (count + 71) / 72, 72, out.at(), count, u32(400));
  for (u32 i = 0; i < count; ++i)
    ASSERT_EQ(out[i], reference(i, 400)) << name << " of " << i;
}

} // namespace

TEST(Divergence, NestedLoopsBreaksAndReturns) {
  compareAll(nestedText, "nested", host::nested);
}

TEST(Divergence, CallsAndRecursion) {
  compareAll(callsText, "calls", host::calls);
}

TEST(Divergence, FunctionPointers) {
  Device device;
  device.load(compileCuda(R"(
    NOINLINE DEVICE u32 twice(u32 x) { return 2 * x; }
    NOINLINE DEVICE u32 square(u32 x) { return x * x; }
    NOINLINE DEVICE u32 next(u32 x) { return x + 1; }
    DEVICE u32 (*table[3])(u32) = {twice, square, next};
    GLOBAL void k(u32 *out) { out[TID] = table[TID % 3](TID + 10); })"));
  Buffer<uint32_t> out(device, 64);
  device.run("k", 1, 64, out.at());
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], i % 3 == 0   ? 2 * (i + 10)
                      : i % 3 == 1 ? (i + 10) * (i + 10)
                                   : i + 11);
}

TEST(Divergence, ExitInALoop) {
  Device device;
  device.load(kernelText(R"(
    mov.u32 %r1, 0;
  again:
    setp.eq.u32 %p1, %r1, %r99;
    mul.wide.u32 %d1, %r99, 4;
    add.u64 %d2, %d90, %d1;
    st.global.u32 [%d2], %r1;
    @%p1 exit;
    add.u32 %r1, %r1, 1;
    bra again;)"));
  Buffer<uint32_t> out(device, 70);
  device.run("k", 1, 70, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 70; ++i)
    EXPECT_EQ(out[i], i);
}

TEST(Divergence, BranchTable) {
  Device device;
  device.load(kernelText(R"(
    and.b32 %r1, %r99, 3;
    mov.u32 %r2, 0;
    ts: .branchtargets l3, l1, l2, l0;
    brx.idx %r1, ts;
  l0: add.u32 %r2, %r2, 1000;
  l1: add.u32 %r2, %r2, 100;
  l2: add.u32 %r2, %r2, 10;
  l3: add.u32 %r2, %r2, 1;
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], %r2;)"));
  Buffer<uint32_t> out(device, 40);
  device.run("k", 1, 40, out.at(), uint64_t(0), uint64_t(0));
  const uint32_t expected[] = {1, 111, 11, 1111};
  for (uint32_t i = 0; i < 40; ++i)
    EXPECT_EQ(out[i], expected[i & 3]);
}

/// Each lane takes a lock that another lane of its warp may hold, and waits in
/// a loop for it.
TEST(Divergence, LockAmongLanesOfAWarp) {
  Device device;
  device.load(compileCuda(R"(
    GLOBAL void k(u32 *lock, volatile u32 *sum) {
      bool done = false;
      while (!done) {
        if (__nvvm_atom_cas_gen_i((int *)lock, 0, 1) == 0) {
          *sum = *sum + 1;
          __nvvm_membar_gl();
          __nvvm_atom_xchg_gen_i((int *)lock, 0);
          done = true;
        }
      }
    }
    GLOBAL void naive(u32 *lock, volatile u32 *sum) {
      while (__nvvm_atom_cas_gen_i((int *)lock, 0, 1) != 0) {}
      *sum = *sum + 1;
      __nvvm_membar_gl();
      __nvvm_atom_xchg_gen_i((int *)lock, 0);
    })"));
  for (const char *kernel : {"k", "naive"}) {
    Buffer<uint32_t> state(device, 2);
    device.run(kernel, 3, 64, state.at(), state.at() + 4);
    EXPECT_EQ(state[1], 192u) << kernel;
  }
}

/// Blocks that wait for each other in a loop: more of them than host threads.
TEST(Divergence, BarrierOfTheWholeGrid) {
  Device device;
  device.load(compileCuda(R"(
    GLOBAL void k(u32 *count, u32 *values, u32 *out) {
      if (TID == 0) {
        values[CTAID] = CTAID * 3 + 1;
        __nvvm_membar_gl();
        __nvvm_atom_add_gen_i((int *)count, 1);
        while (*(volatile u32 *)count < 12) {}
      }
      __syncthreads();
      __nvvm_membar_gl();
      out[CTAID * NTID + TID] = ((volatile u32 *)values)[(CTAID + TID) % 12];
    })"));
  Buffer<uint32_t> count(device, 1), values(device, 12), out(device, 12 * 40);
  device.run("k", 12, 40, count.at(), values.at(), out.at());
  for (uint32_t i = 0; i < 12 * 40; ++i)
    EXPECT_EQ(out[i], ((i / 40 + i % 40) % 12) * 3 + 1);
}

} // namespace terrazzo::emu::test
