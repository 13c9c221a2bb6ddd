// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shuffles, votes, matches and reductions.
#include "Harness.h"

namespace terrazzo::emu::test {

namespace {

struct Shuffled {
  uint32_t value;
  bool valid;
};

/// The instruction set's own description, for one lane.
Shuffled reference(const std::string &mode, const uint32_t *values,
                   uint32_t lane, uint32_t b, uint32_t c) {
  uint32_t segment = (c >> 8) & 31, clamp = c & 31;
  uint32_t maximum = (lane & segment) | (clamp & ~segment & 31);
  uint32_t minimum = lane & segment;
  int from = 0;
  bool valid = false;
  if (mode == "up") {
    from = int(lane) - int(b & 31);
    valid = from >= int(maximum);
  } else if (mode == "down") {
    from = int(lane + (b & 31));
    valid = from <= int(maximum);
  } else if (mode == "bfly") {
    from = int(lane ^ (b & 31));
    valid = from <= int(maximum);
  } else {
    from = int(minimum | (b & ~segment & 31));
    valid = from <= int(maximum);
  }
  return {values[valid ? uint32_t(from) : lane], valid};
}

} // namespace

TEST(Warp, ShufflesOfEveryModeAndWidth) {
  for (const char *mode : {"up", "down", "bfly", "idx"}) {
    Device device;
    device.load(kernelText(std::string(R"(
      mad.wide.u32 %d1, %r99, 4, %d90;
      ld.global.u32 %r1, [%d1];
      ld.global.v2.u32 {%r2, %r3}, [%d92];
      shfl.sync.)") + mode +
                           R"(.b32 %r4|%p1, %r1, %r2, %r3, -1;
      selp.u32 %r5, 1, 0, %p1;
      mad.wide.u32 %d2, %r99, 8, %d91;
      st.global.v2.u32 [%d2], {%r4, %r5};)"));
    std::mt19937 random(1);
    std::vector<uint32_t> values(32);
    for (uint32_t &value : values)
      value = random();
    Buffer<uint32_t> in(device, values), out(device, 64), control(device, 2);
    for (uint32_t width : {32u, 16u, 8u, 4u, 2u})
      for (uint32_t b = 0; b < 32; ++b) {
        uint32_t c = ((32 - width) << 8) | (mode[0] == 'u' ? 0 : 31);
        control[0] = b;
        control[1] = c;
        device.run("k", 1, 32, in.at(), out.at(), control.at());
        for (uint32_t lane = 0; lane < 32; ++lane) {
          Shuffled expected = reference(mode, values.data(), lane, b, c);
          ASSERT_EQ(out[2 * lane], expected.value) << mode << " " << b;
          ASSERT_EQ(out[2 * lane + 1], uint32_t(expected.valid)) << mode;
        }
      }
  }
}

TEST(Warp, VotesAndBallots) {
  Device device;
  device.load(kernelText(R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    ld.global.u32 %r1, [%d1];
    setp.ne.u32 %p1, %r1, 0;
    vote.sync.ballot.b32 %r2, %p1, -1;
    vote.sync.any.pred %p2, %p1, -1;
    vote.sync.all.pred %p3, !%p1, -1;
    vote.sync.uni.pred %p4, %p1, -1;
    activemask.b32 %r6;
    selp.u32 %r3, 1, 0, %p2;
    selp.u32 %r4, 2, 0, %p3;
    selp.u32 %r5, 4, 0, %p4;
    or.b32 %r3, %r3, %r4;
    or.b32 %r3, %r3, %r5;
    mad.wide.u32 %d2, %r99, 16, %d91;
    st.global.v4.u32 [%d2], {%r2, %r3, %r6, %r6};)"));
  for (uint32_t bits : {0u, 0xffffffffu, 0x1u, 0x80000000u, 0xdeadbeefu}) {
    for (uint32_t threads : {32u, 20u}) {
      Buffer<uint32_t> in(device, 32), out(device, 128);
      for (uint32_t i = 0; i < 32; ++i)
        in[i] = bits >> i & 1;
      uint32_t live = threads == 32 ? 0xffffffffu : (1u << threads) - 1;
      uint32_t set = bits & live;
      device.run("k", 1, threads, in.at(), out.at(), uint64_t(0));
      uint32_t flags = (set != 0 ? 1 : 0) | (set == 0 ? 2 : 0) |
                       (set == 0 || set == live ? 4 : 0);
      for (uint32_t i = 0; i < threads; ++i) {
        EXPECT_EQ(out[4 * i], set);
        EXPECT_EQ(out[4 * i + 1], flags);
        EXPECT_EQ(out[4 * i + 2], live);
      }
    }
  }
}

TEST(Warp, MatchesAndReductions) {
  Device device;
  device.load(kernelText(R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    ld.global.u32 %r1, [%d1];
    match.any.sync.b32 %r2, %r1, -1;
    cvt.u64.u32 %d3, %r1;
    match.all.sync.b64 %r3|%p1, %d3, -1;
    selp.u32 %r4, 1, 0, %p1;
    redux.sync.add.u32 %r5, %r1, -1;
    redux.sync.min.s32 %r6, %r1, -1;
    redux.sync.max.u32 %r7, %r1, -1;
    redux.sync.xor.b32 %r8, %r1, -1;
    mad.wide.u32 %d2, %r99, 32, %d91;
    st.global.v4.u32 [%d2], {%r2, %r3, %r4, %r5};
    st.global.v4.u32 [%d2+16], {%r6, %r7, %r8, %r8};)"));
  std::mt19937 random(2);
  for (int round = 0; round < 3; ++round) {
    Buffer<uint32_t> in(device, 32), out(device, 256);
    for (uint32_t i = 0; i < 32; ++i)
      in[i] = round == 0 ? 5 : round == 1 ? random() % 4 : random();
    device.run("k", 1, 32, in.at(), out.at(), uint64_t(0));
    uint32_t sum = 0, all = 1, exclusive = 0, most = 0;
    int32_t least = INT32_MAX;
    for (uint32_t i = 0; i < 32; ++i) {
      sum += in[i];
      all &= in[i] == in[0];
      exclusive ^= in[i];
      most = std::max(most, in[i]);
      least = std::min(least, int32_t(in[i]));
    }
    for (uint32_t i = 0; i < 32; ++i) {
      uint32_t same = 0;
      for (uint32_t j = 0; j < 32; ++j)
        same |= uint32_t(in[j] == in[i]) << j;
      EXPECT_EQ(out[8 * i], same);
      EXPECT_EQ(out[8 * i + 1], all ? 0xffffffffu : 0u);
      EXPECT_EQ(out[8 * i + 2], all);
      EXPECT_EQ(out[8 * i + 3], sum);
      EXPECT_EQ(int32_t(out[8 * i + 4]), least);
      EXPECT_EQ(out[8 * i + 5], most);
      EXPECT_EQ(out[8 * i + 6], exclusive);
    }
  }
}

/// Lanes reach one shuffle from two sides, and wait there for each other; each
/// half of the warp then votes for itself.
TEST(Warp, CollectivesJoinLanesThatParted) {
  Device device;
  device.load(kernelText(R"(
    and.b32 %r1, %r99, 1;
    setp.eq.u32 %p1, %r1, 0;
    mov.u32 %r2, 0;
    mov.u32 %r3, %r99;
    @%p1 bra join;
  odd:
    add.u32 %r2, %r2, 1;
    setp.lt.u32 %p2, %r2, %r99;
    @%p2 bra odd;
    add.u32 %r3, %r3, 100;
  join:
    shfl.sync.bfly.b32 %r4, %r3, 1, 31, -1;
    setp.lt.u32 %p3, %r99, 16;
    @%p3 bra low;
    setp.gt.u32 %p4, %r99, 20;
    vote.sync.ballot.b32 %r5, %p4, 0xffff0000;
    bra done;
  low:
    setp.lt.u32 %p4, %r99, 3;
    vote.sync.ballot.b32 %r5, %p4, 0x0000ffff;
  done:
    bar.warp.sync -1;
    mad.wide.u32 %d2, %r99, 8, %d90;
    st.global.v2.u32 [%d2], {%r4, %r5};)"));
  Buffer<uint32_t> out(device, 64);
  device.run("k", 1, 32, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 32; ++i) {
    uint32_t other = i ^ 1;
    EXPECT_EQ(out[2 * i], other & 1 ? other + 100 : other);
    EXPECT_EQ(out[2 * i + 1], i < 16 ? 0x7u : 0xffe00000u);
  }
}

/// The members of one shuffle are at two different places: it cannot be met.
TEST(Warp, ACollectiveThatCannotBeMetIsAFault) {
  Device device;
  device.load(kernelText(R"(
    setp.lt.u32 %p1, %r99, 16;
    @%p1 bra low;
    shfl.sync.bfly.b32 %r4, %r99, 1, 31, -1;
    bra done;
  low:
    shfl.sync.bfly.b32 %r4, %r99, 1, 31, -1;
  done:
    bar.warp.sync -1;)"));
  Outcome outcome = device.tryRun("k", {1, 1, 1}, {32, 1, 1}, 0, uint64_t(0),
                                  uint64_t(0), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalInstruction) << outcome.text;
  EXPECT_NE(outcome.text.find("will not come"), std::string::npos);
}

TEST(Warp, ElectsOneLane) {
  Device device("sm_90");
  device.load(kernelText(R"(
    elect.sync %r1|%p1, -1;
    selp.u32 %r2, 1, 0, %p1;
    mad.wide.u32 %d2, %r99, 8, %d90;
    st.global.v2.u32 [%d2], {%r1, %r2};)",
                         "sm_90"));
  Buffer<uint32_t> out(device, 64);
  device.run("k", 1, 32, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(out[2 * i], 0u);
    EXPECT_EQ(out[2 * i + 1], uint32_t(i == 0));
  }
}

} // namespace terrazzo::emu::test
