// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Barriers of blocks, and faults of those that cannot be met.
#include "Harness.h"

namespace terrazzo::emu::test {

TEST(Barrier, SharedMemoryIsReversedByPartialWarps) {
  Device device;
  device.load(compileCuda(R"(
    GLOBAL void k(u32 *out, u32 rounds) {
      SHARED u32 line[300];
      u32 value = TID;
      for (u32 i = 0; i < rounds; ++i) {
        line[TID] = value * 3 + i;
        __syncthreads();
        value = line[NTID - 1 - TID];
        __syncthreads();
      }
      out[CTAID * NTID + TID] = value;
    })"));
  for (uint32_t threads : {1u, 31u, 33u, 100u, 300u}) {
    Buffer<uint32_t> out(device, 3 * threads);
    device.run("k", 3, threads, out.at(), uint32_t(7));
    std::vector<uint32_t> now(threads), line(threads);
    for (uint32_t i = 0; i < threads; ++i)
      now[i] = i;
    for (uint32_t round = 0; round < 7; ++round) {
      for (uint32_t i = 0; i < threads; ++i)
        line[i] = now[i] * 3 + round;
      for (uint32_t i = 0; i < threads; ++i)
        now[i] = line[threads - 1 - i];
    }
    for (uint32_t i = 0; i < 3 * threads; ++i)
      ASSERT_EQ(out[i], now[i % threads]) << threads;
  }
}

TEST(Barrier, ReductionsAcrossTheBlock) {
  Device device;
  device.load(kernelText(R"(
    setp.lt.u32 %p1, %r99, 70;
    bar.red.popc.u32 %r1, 0, %p1;
    bar.red.and.pred %p2, 0, %p1;
    bar.red.or.pred %p3, 0, %p1;
    selp.u32 %r2, 1, 0, %p2;
    selp.u32 %r3, 2, 0, %p3;
    or.b32 %r2, %r2, %r3;
    mad.wide.u32 %d1, %r99, 8, %d90;
    st.global.v2.u32 [%d1], {%r1, %r2};)"));
  for (uint32_t threads : {64u, 70u, 100u}) {
    Buffer<uint32_t> out(device, 200);
    device.run("k", 1, threads, out.at(), uint64_t(0), uint64_t(0));
    for (uint32_t i = 0; i < threads; ++i) {
      EXPECT_EQ(out[2 * i], std::min(threads, 70u));
      EXPECT_EQ(out[2 * i + 1], threads <= 70 ? 3u : 2u);
    }
  }
}

/// Two warps produce, two consume: named barriers with counts.
TEST(Barrier, NamedBarriersWithCounts) {
  Device device;
  device.load(kernelText(R"(
    .shared .align 4 .b8 line[256];
    mov.u64 %d5, line;
    mov.u32 %r1, 0;
    shr.u32 %r2, %r99, 6;
    setp.eq.u32 %p1, %r2, 0;
    and.b32 %r3, %r99, 63;
    mad.wide.u32 %d6, %r3, 4, %d5;
    mov.u32 %r7, 0;
    @%p1 bra producer;
  consumer:
    bar.sync 1, 128;
    ld.shared.u32 %r4, [%d6];
    add.u32 %r7, %r7, %r4;
    bar.arrive 2, 128;
    add.u32 %r1, %r1, 1;
    setp.lt.u32 %p2, %r1, 5;
    @%p2 bra consumer;
    bra done;
  producer:
    setp.eq.u32 %p3, %r1, 0;
    @%p3 bra first;
    bar.sync 2, 128;
  first:
    mad.lo.u32 %r5, %r1, 10, %r3;
    st.shared.u32 [%d6], %r5;
    bar.arrive 1, 128;
    add.u32 %r1, %r1, 1;
    setp.lt.u32 %p2, %r1, 5;
    @%p2 bra producer;
  done:
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], %r7;)"));
  Buffer<uint32_t> out(device, 128);
  device.run("k", 1, 128, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(out[i], 0u);
    EXPECT_EQ(out[64 + i], 5 * i + 100);
  }
}

/// Some threads leave before the barrier: the others do not wait for them.
TEST(Barrier, ExitedThreadsAreNotWaitedFor) {
  Device device;
  device.load(kernelText(R"(
    setp.ge.u32 %p1, %r99, 40;
    @%p1 exit;
    bar.sync 0;
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], 7;)"));
  Buffer<uint32_t> out(device, 128);
  device.run("k", 1, 128, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i < 40 ? 7u : 0u);
}

/// Lanes of one warp at two barriers of the same number.
TEST(Barrier, LanesThatPartedMeetAtTheirBarriers) {
  Device device;
  device.load(kernelText(R"(
    setp.lt.u32 %p1, %r99, 10;
    @%p1 bra few;
    barrier.sync 3;
    bra done;
  few:
    barrier.sync 3;
  done:
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], 9;)"));
  Buffer<uint32_t> out(device, 64);
  device.run("k", 1, 64, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], 9u);
}

TEST(Barrier, AnUnmetBarrierIsAFaultWithItsLine) {
  Device device;
  device.load(kernelText(R"(
    setp.lt.u32 %p1, %r99, 32;
    @%p1 bra wait;
    bar.sync 1, 96;
    exit;
  wait:
    bar.sync 2, 96;)"));
  Outcome outcome = device.tryRun("k", {4, 1, 1}, {64, 1, 1}, 0, uint64_t(0),
                                  uint64_t(0), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalInstruction);
  EXPECT_NE(outcome.text.find("barrier can never be met"), std::string::npos)
      << outcome.text;
  EXPECT_GT(outcome.line, 10);
}

/// Every block waits for all of the grid in a loop that meets a barrier, as a
/// grid-wide synchronisation does, with more blocks than host threads.
const char *const gridWait = R"(
    GLOBAL void k(volatile u32 *count, u32 blocks, u32 *out) {
      if (TID == 0) __nvvm_atom_add_gen_i((int *)count, 1);
      u32 seen, rounds = 0;
      do {
        __syncthreads();
        seen = *count;
        ++rounds;
      } while (seen < blocks);
      out[CTAID * NTID + TID] = seen;
    })";

TEST(Barrier, AWaitingLoopOverTheGridMayHoldOne) {
  Device device;
  device.load(compileCuda(gridWait));
  constexpr uint32_t blocks = 48, threads = 64;
  Buffer<uint32_t> count(device, 1), out(device, blocks * threads);
  device.run("k", blocks, threads, count.at(), blocks, out.at());
  for (uint32_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i], blocks);
}

/// Blocks of a cooperative launch are there at once, whoever waits for whom and
/// for however long: here block 0 for the last one.
TEST(Barrier, BlocksOfACooperativeLaunchAreAllThere) {
  Device device;
  device.load(compileCuda(R"(
    GLOBAL void k(volatile u32 *flags, u32 blocks, u32 *out) {
      if (CTAID + 1 < blocks)
        while (!flags[CTAID + 1]) __syncthreads();
      __syncthreads();
      if (TID == 0) flags[CTAID] = 1;
      out[CTAID * NTID + TID] = CTAID + 1;
    })"));
  constexpr uint32_t blocks = 200, threads = 64;
  Buffer<uint32_t> flags(device, blocks), out(device, blocks * threads);
  Module::Launch launch;
  launch.kernel = device.module->findKernel("k");
  launch.grid = {blocks, 1, 1};
  launch.block = {threads, 1, 1};
  launch.cooperative = true;
  struct {
    uint64_t flags;
    uint32_t blocks;
    uint64_t out;
  } arguments = {flags.at(), blocks, out.at()};
  launch.parameters = &arguments;
  Outcome outcome = device.module->launch(launch);
  EXPECT_EQ(int(outcome.fault), 0) << outcome.text;
  for (uint32_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i], i / threads + 1);
}

/// After a fault the device still works.
TEST(Barrier, TheNextLaunchIsUntouched) {
  Device device;
  device.load(kernelText(R"(
    ld.global.u32 %r1, [%d91];
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra good;
    setp.lt.u32 %p2, %r99, 8;
    @%p2 bra good;
    bar.sync 1, 128;
  good:
    bar.sync 0;
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], 5;)"));
  Buffer<uint32_t> out(device, 64), bad(device, 1);
  bad[0] = 1;
  Outcome outcome = device.tryRun("k", {1, 1, 1}, {64, 1, 1}, 0, out.at(),
                                  bad.at(), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalInstruction);
  bad[0] = 0;
  device.run("k", 1, 64, out.at(), bad.at(), uint64_t(0));
  EXPECT_EQ(out[63], 5u);
}

} // namespace terrazzo::emu::test
