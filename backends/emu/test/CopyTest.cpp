// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cp.async moves its bytes at the matching wait, and mbarrier objects count.
#include "Harness.h"

namespace terrazzo::emu::test {

namespace {
/// Three groups of copies, then `wait`, then what shared memory holds.
std::vector<uint32_t> copied(const std::string &wait) {
  Device device;
  device.load(kernelText(R"(
    .shared .align 16 .b8 tile[1536];
    mov.u32 %r1, tile;
    mad.lo.u32 %r2, %r99, 16, %r1;
    mad.wide.u32 %d1, %r99, 16, %d90;
    cp.async.cg.shared.global [%r2], [%d1], 16;
    cp.async.commit_group;
    cp.async.ca.shared.global.L2::128B [%r2+512], [%d1+512], 8, 4;
    cp.async.ca.shared.global [%r2+520], [%d1+520], 4;
    cp.async.ca.shared.global [%r2+524], [%d1+524], 4, 0;
    cp.async.commit_group;
    cp.async.cg.shared.global [%r2+1024], [%d1+1024], 16;
    )" + wait + R"(
    ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [%r2];
    ld.shared.v4.u32 {%r7, %r8, %r9, %r10}, [%r2+512];
    ld.shared.u32 %r11, [%r2+1024];
    mad.wide.u32 %d2, %r99, 48, %d91;
    st.global.v4.u32 [%d2], {%r3, %r4, %r5, %r6};
    st.global.v4.u32 [%d2+16], {%r7, %r8, %r9, %r10};
    st.global.u32 [%d2+32], %r11;)"));
  std::vector<uint32_t> values(384);
  for (uint32_t i = 0; i < 384; ++i)
    values[i] = i + 1;
  Buffer<uint32_t> in(device, values), out(device, 32 * 12);
  device.run("k", 1, 32, in.at(), out.at(), uint64_t(0));
  return {out.data(), out.data() + out.size()};
}

constexpr uint32_t poison = 0xffffffff;

void expectGroups(const std::string &wait, bool first, bool second,
                  bool third) {
  std::vector<uint32_t> got = copied(wait);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t *row = &got[lane * 12];
    for (uint32_t i = 0; i < 4; ++i)
      ASSERT_EQ(row[i], first ? lane * 4 + i + 1 : poison) << wait;
    ASSERT_EQ(row[4], second ? 128 + lane * 4 + 1 : poison) << wait;
    ASSERT_EQ(row[5], second ? 0 : poison) << wait;
    ASSERT_EQ(row[6], second ? 128 + lane * 4 + 3 : poison) << wait;
    ASSERT_EQ(row[7], second ? 0 : poison) << wait;
    ASSERT_EQ(row[8], third ? 256 + lane * 4 + 1 : poison) << wait;
  }
}
} // namespace

TEST(Copy, BytesComeAtTheMatchingWaitOnly) {
  expectGroups("", false, false, false);
  expectGroups("bar.sync 0;", false, false, false);
  expectGroups("cp.async.wait_group 2;", false, false, false);
  expectGroups("cp.async.wait_group 1;", true, false, false);
  expectGroups("cp.async.wait_group 0;", true, true, false);
  expectGroups("cp.async.commit_group; cp.async.wait_group 1;", true, true,
               false);
  expectGroups("cp.async.commit_group; cp.async.wait_group 0;", true, true,
               true);
  expectGroups("cp.async.wait_all;", true, true, true);
}

TEST(Copy, MbarriersCountPhases) {
  Device device;
  // Warp 0 waits for the arrivals of all, twice.
  device.load(kernelText(R"(
    .shared .align 8 .b8 object[8];
    .shared .align 4 .b8 line[512];
    setp.ne.u32 %p1, %r99, 0;
    @%p1 bra made;
    mbarrier.init.shared.b64 [object], 128;
  made:
    bar.sync 0;
    mov.u32 %r1, line;
    mad.lo.u32 %r2, %r99, 4, %r1;
    mov.u32 %r3, 0;
    mov.u32 %r9, 0;
  again:
    mad.lo.u32 %r4, %r3, 1000, %r99;
    st.shared.u32 [%r2], %r4;
    mbarrier.arrive.shared.b64 %d1, [object];
  wait:
    mbarrier.test_wait.shared.b64 %p2, [object], %d1;
    @!%p2 bra wait;
    xor.b32 %r5, %r99, 127;
    mad.lo.u32 %r6, %r5, 4, %r1;
    ld.shared.u32 %r7, [%r6];
    add.u32 %r9, %r9, %r7;
    bar.sync 0;
    add.u32 %r3, %r3, 1;
    setp.lt.u32 %p3, %r3, 3;
    @%p3 bra again;
    mad.wide.u32 %d2, %r99, 4, %d90;
    st.global.u32 [%d2], %r9;)"));
  Buffer<uint32_t> out(device, 128);
  device.run("k", 2, 128, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], 3 * (127 - i) + 3000);
}

TEST(Copy, CopiesArriveAtAnMbarrier) {
  for (bool waits : {true, false}) {
    Device device("sm_90");
    device.load(kernelText(std::string(R"(
      .shared .align 8 .b8 object[8];
      .shared .align 16 .b8 tile[1024];
      setp.ne.u32 %p1, %r99, 0;
      @%p1 bra made;
      mbarrier.init.shared::cta.b64 [object], 64;
    made:
      bar.sync 0;
      mov.u32 %r1, tile;
      mad.lo.u32 %r2, %r99, 16, %r1;
      mad.wide.u32 %d1, %r99, 16, %d90;
      cp.async.ca.shared.global [%r2], [%d1], 16;
      cp.async.mbarrier.arrive.noinc.shared.b64 [object];)") +
                               (waits ? R"(
    wait:
      mbarrier.try_wait.parity.shared::cta.b64 %p2, [object], 0;
      @!%p2 bra wait;)"
                                      : "bar.sync 0;") +
                               R"(
      xor.b32 %r3, %r99, 63;
      mad.lo.u32 %r4, %r3, 16, %r1;
      ld.shared.u32 %r5, [%r4];
      mad.wide.u32 %d2, %r99, 4, %d91;
      st.global.u32 [%d2], %r5;)",
                           "sm_90"));
    std::vector<uint32_t> values(256);
    for (uint32_t i = 0; i < 256; ++i)
      values[i] = i;
    Buffer<uint32_t> in(device, values), out(device, 64);
    device.run("k", 1, 64, in.at(), out.at(), uint64_t(0));
    for (uint32_t i = 0; i < 64; ++i)
      EXPECT_EQ(out[i], waits ? (63 - i) * 4 : poison);
  }
}

} // namespace terrazzo::emu::test
