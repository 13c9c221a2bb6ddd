// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls: arguments in registers, aliases.
#include "Harness.h"

namespace terrazzo::emu::test {

namespace {
/// %r1 of each of 40 threads, after the body.
std::vector<uint32_t> results(const std::string &body,
                              const std::string &outside) {
  Device device;
  device.load(kernelText(body + R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], %r1;)",
                         "sm_80", outside));
  Buffer<uint32_t> out(device, 40);
  device.run("k", 1, 40, out.at(), uint64_t(0), uint64_t(0));
  return std::vector<uint32_t>(out.data(), out.data() + out.size());
}

std::string complaint(const std::string &body, const std::string &outside) {
  Device device;
  Outcome outcome = device.tryLoad(kernelText(body, "sm_80", outside));
  EXPECT_EQ(outcome.fault, Fault::InvalidPtx);
  return outcome.text;
}
} // namespace

TEST(Call, ArgumentsAndResultsInRegisters) {
  // Two returns, one of them guarded, and a result beside the other kind.
  auto out = results("call (%r1), f, (%r99, 100);", R"(
.func (.reg .b32 r) f(.reg .b32 a, .param .b32 b) {
  .reg .b32 %r<4>; .reg .pred %p;
  ld.param.b32 %r1, [b];
  setp.lt.u32 %p, a, 10;
  add.u32 r, a, %r1;
  @%p ret;
  mul.lo.u32 r, a, 3;
})");
  for (uint32_t i = 0; i < 40; ++i)
    EXPECT_EQ(out[i], i < 10 ? i + 100 : 3 * i);
}

TEST(Call, GuardedCallsLeaveTheOthersAlone) {
  auto out = results(R"(
    mov.u32 %r1, 7;
    setp.lt.u32 %p1, %r99, 5;
    @%p1 call (%r1), f, (%r99);)",
                     R"(
.func (.reg .u32 r) f(.reg .u32 a) { add.u32 r, a, 1; ret; })");
  for (uint32_t i = 0; i < 40; ++i)
    EXPECT_EQ(out[i], i < 5 ? i + 1 : 7);
}

TEST(Call, RecursionKeepsItsRegisters) {
  auto out = results("and.b32 %r2, %r99, 7;\ncall (%r1), sum, (%r2);", R"(
.func (.reg .u32 r) sum(.reg .u32 a) {
  .reg .u32 less; .reg .pred %p;
  mov.u32 r, 0;
  setp.eq.u32 %p, a, 0;
  @%p ret;
  sub.u32 less, a, 1;
  call (r), sum, (less);
  add.u32 r, r, a;
  ret;
})");
  for (uint32_t i = 0; i < 40; ++i)
    EXPECT_EQ(out[i], (i & 7) * ((i & 7) + 1) / 2);
}

TEST(Call, AnAliasIsTheFunction) {
  const char *call = R"(
    { .param .b32 x; .param .b32 r;
      st.param.b32 [x], %r99;
      call (r), other, (x);
      ld.param.b32 %r1, [r]; })";
  const char *declared = ".weak .func (.param .b32 r) other(.param .b32 x);\n"
                         ".alias other, real;\n";
  const char *defined = R"(
.func (.param .b32 r) real(.param .b32 x) {
  .reg .b32 %r<3>;
  ld.param.b32 %r1, [x];
  add.u32 %r2, %r1, 5;
  st.param.b32 [r], %r2;
  ret;
})";
  for (const std::string &outside :
       {std::string(declared) + defined, std::string(defined) + declared}) {
    auto out = results(call, outside);
    for (uint32_t i = 0; i < 40; ++i)
      EXPECT_EQ(out[i], i + 5);
  }
  EXPECT_NE(complaint("", declared).find("'real'"), std::string::npos);
  EXPECT_NE(complaint("", std::string(".func other();\n.alias other, real;\n") +
                              defined)
                .find("parameters"),
            std::string::npos);
}

TEST(Call, AlignmentsHoldForGenericAddresses) {
  Device device;
  device.load(kernelText(R"(
    .shared .align 4 .b8 pad[4];
    .shared .align 512 .b8 block[16];
    .local .align 256 .b8 own[8];
    st.shared.u32 [pad], %r99;
    mov.u64 %d1, block;
    cvta.shared.u64 %d1, %d1;
    mov.u64 %d2, own;
    cvta.local.u64 %d2, %d2;
    mov.u64 %d3, table;
    cvta.global.u64 %d3, %d3;
    { .param .b64 r;
      call (r), deeper, ();
      ld.param.b64 %d4, [r]; }
    mad.wide.u32 %d10, %r99, 32, %d90;
    st.global.v2.u64 [%d10], {%d1, %d2};
    st.global.v2.u64 [%d10+16], {%d3, %d4};)",
                         "sm_80", R"(
.global .align 2048 .b8 table[16];
.func (.param .b64 r) deeper() {
  .local .align 128 .b8 own[8];
  .reg .b64 %d;
  mov.u64 %d, own;
  cvta.local.u64 %d, %d;
  st.param.b64 [r], %d;
  ret;
})"));
  constexpr unsigned threads = 40;
  Buffer<uint64_t> out(device, threads * 4);
  device.run("k", 2, threads, out.at(), uint64_t(0), uint64_t(0));
  for (unsigned i = 0; i < threads; ++i) {
    EXPECT_EQ(out[4 * i] % 512, 0u);
    EXPECT_EQ(out[4 * i + 1] % 256, 0u);
    EXPECT_EQ(out[4 * i + 2] % 2048, 0u);
    EXPECT_EQ(out[4 * i + 3] % 128, 0u);
  }
}

/// Loads that are wider than what the program uses, at the end of its memory.
TEST(Call, UnusedBytesOfALoadNeedNotBeThere) {
  auto body = [](const std::string &pragma) {
    return kernelText(pragma + R"(
    ld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [line+16];
    st.global.v2.u32 [%d90], {%r1, %r2};
    st.global.u32 [%d90+8], %r3;)",
                      "sm_80", ".extern .shared .align 16 .b8 line[];\n");
  };
  // The third word's upper half is not used either.
  std::string store = "setp.eq.u32 %p1, %r99, 0;\n"
                      "@%p1 st.shared.u32 [line+16], 0x11111111;\n"
                      "@%p1 st.shared.u32 [line+20], 0x22222222;\n"
                      "@%p1 st.shared.u16 [line+24], 0x3333;\n"
                      "bar.sync 0;\n";
  for (const char *mask : {"1023", "0x3ff"}) {
    Device device;
    device.load(body(store + ".pragma \"used_bytes_mask " + mask + "\";"));
    Buffer<uint32_t> out(device, 4);
    auto run = [&](uint64_t dynamic) {
      return device.tryRun("k", {1, 1, 1}, {32, 1, 1}, dynamic, out.at(),
                           uint64_t(0), uint64_t(0));
    };
    Outcome outcome = run(26);
    EXPECT_EQ(int(outcome.fault), 0) << outcome.text;
    EXPECT_EQ(out[0], 0x11111111u);
    EXPECT_EQ(out[1], 0x22222222u);
    EXPECT_EQ(out[2] & 0xffff, 0x3333u);
    EXPECT_EQ(run(25).fault, Fault::IllegalAddress) << "a used byte";
  }
  Device device;
  device.load(body(""));
  Buffer<uint32_t> out(device, 4);
  EXPECT_EQ(device
                .tryRun("k", {1, 1, 1}, {32, 1, 1}, 28, out.at(), uint64_t(0),
                        uint64_t(0))
                .fault,
            Fault::IllegalAddress);
}

} // namespace terrazzo::emu::test
