// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the text may and may not be.
#include "Harness.h"

namespace terrazzo::emu::test {

namespace {
Outcome loadOn(const std::string &text, const char *device = "sm_80") {
  Device made(device);
  return made.tryLoad(text);
}
Outcome loadBody(const std::string &body, const char *target = "sm_80",
                 const char *device = "sm_90") {
  return loadOn(kernelText(body, target), device);
}
} // namespace

TEST(Parser, UnknownInstructionsAreNamedWithTheirLine) {
  for (const char *text :
       {"frobnicate.b32 %r1, %r2;", "add.u31 %r1, %r2, %r3;",
        "add.rn.u32 %r1, %r2, %r3;", "ld.global.v3.u32 {%r1, %r2, %r3}, [%d1];",
        "cvt.f32.f64 %r1, %d1;", "cvt.rn.s32.f32 %r1, %r2;",
        "mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32 "
        "{%r1,%r2,%r3,%r4},{%r1,%r2,%r3,%r4},{%r1,%r2},{%r1,%r2,%r3,%r4};",
        "shfl.bfly.b32 %r1, %r2, 1, 31;", "shl.u32 %r1, %r2, 3;",
        "wgmma.fence.sync.aligned;", "setp.lt.b32 %p1, %r1, %r2;",
        "sqrt.f32 %r1, %r2;", "bar.frob 0;", "ex2.f32 %r1, %r2;"}) {
    Outcome outcome = loadBody(text, "sm_90");
    EXPECT_EQ(outcome.fault, Fault::UnknownInstruction) << text;
    EXPECT_EQ(outcome.line, bodyLine) << text;
    std::string word = std::string(text).substr(0, std::string(text).find(' '));
    if (word.back() == ';')
      word.pop_back();
    EXPECT_NE(outcome.text.find("'" + word + "'"), std::string::npos)
        << outcome.text;
  }
}

TEST(Parser, WrongOperands) {
  for (const char *text :
       {"add.u32 %r1, %d2, %r3;", "add.u64 %d1, %r2, %d3;", "add.u32 %r1, %r2;",
        "add.u32 %r1, %r2, %r3, %r4;", "add.u32 5, %r2, %r3;",
        "mov.u32 %r1, nothing;", "bra nowhere;", "ld.global.u32 %r1, %d1;",
        "ld.global.v2.u32 {%r1, %r2, %r3}, [%d1];",
        "setp.eq.u32 %r1, %r2, %r3;", "add.u32 %r1, %r2, !%r3;",
        "call nothing;", "ld.param.u32 %r1, [p0+5];",
        "cp.async.ca.shared.global [%r1], [%d1], 5;", "@%r1 bra x; x:"}) {
    Outcome outcome = loadBody(text);
    EXPECT_EQ(outcome.fault, Fault::InvalidPtx) << text << " " << outcome.text;
    EXPECT_EQ(outcome.line, bodyLine) << text;
  }
}

TEST(Parser, InstructionsThatTheTargetLacks) {
  Outcome outcome = loadBody(
      ".shared .b8 s[16]; cp.async.ca.shared.global [s], [%d90], 16;", "sm_75");
  EXPECT_EQ(outcome.fault, Fault::InvalidPtx);
  EXPECT_NE(outcome.text.find("needs .target sm_80 or higher"),
            std::string::npos)
      << outcome.text;
  for (const char *text :
       {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%r1,%r2,%r3,%r4},{%r1,%r2,%r3,%r4},{%r1,%r2},{%r1,%r2,%r3,%r4};",
        "redux.sync.add.u32 %r1, %r2, -1;", "cvt.rn.bf16.f32 %h1, %r1;",
        "elect.sync %r1|%p1, -1;"})
    EXPECT_EQ(loadBody(text, "sm_75").fault, Fault::InvalidPtx) << text;
}

TEST(Parser, VersionsAndTargets) {
  auto head = [](const char *version, const char *target) {
    return std::string(".version ") + version + "\n.target " + target +
           "\n.address_size 64\n.visible .entry k()\n{\nret;\n}\n";
  };
  EXPECT_EQ(loadOn(head("8.0", "sm_80")).fault, Fault::None);
  EXPECT_EQ(loadOn(head("6.3", "sm_75")).fault, Fault::None);
  EXPECT_EQ(loadOn(head("8.8", "sm_52, debug")).fault, Fault::None);
  EXPECT_EQ(loadOn(head("99.0", "sm_80")).fault, Fault::UnsupportedVersion);
  EXPECT_EQ(loadOn(head("8.0", "sm_86")).fault, Fault::UnsupportedVersion);
  EXPECT_EQ(loadOn(head("8.0", "sm_90a"), "sm_90").fault,
            Fault::UnsupportedVersion);
  EXPECT_EQ(loadOn(head("8.0", "sm_90a"), "sm_90a").fault, Fault::None);
  EXPECT_EQ(loadOn(head("8.0", "sm_90a"), "sm_100").fault,
            Fault::UnsupportedVersion);
  EXPECT_EQ(loadOn(head("8.0", "sm_80"), "sm_120").fault, Fault::None);
  EXPECT_EQ(findArchitecture("sm_61"), nullptr);
  EXPECT_GE(architectureNames().size(), 8u);
}

TEST(Parser, ScopesParametrisedNamesAndExpressions) {
  Device device;
  device.load(kernelText(R"(
    .reg .u32 x, y<3>;
    mov.u32 x, (3 + 4) * 2;
    mov.u32 y2, -1;
    {
      .reg .u32 x;
      .reg .pred p;
      mov.u32 x, 100;
      setp.lt.u32 p, %r99, 5;
      @p bra skip;
      mov.u32 x, 0b1010;
    skip:
      mov.u32 %r1, x;
    }
    {
      .reg .u32 x;
      mov.u32 x, 0x10U;
      bra skip;
    skip:
      add.u32 %r1, %r1, x; /* a comment
      over lines */ add.u32 %r1, %r1, y2; // and one to the end
    }
    add.u32 %r1, %r1, x;
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1+-4+4], %r1;)"));
  Buffer<uint32_t> out(device, 8);
  device.run("k", 1, 8, out.at(), uint64_t(0), uint64_t(0));
  for (uint32_t i = 0; i < 8; ++i)
    EXPECT_EQ(out[i], (i < 5 ? 100u : 10u) + 16 - 1 + 14);
}

TEST(Parser, InitialisersAndAddresses) {
  Device device;
  device.load(kernelText(
      R"(
    mov.u64 %d1, table;
    ld.global.u64 %d2, [%d1+8];
    ld.global.u32 %r1, [%d2];
    ld.const.u16 %r2, [numbers+2];
    ld.global.f64 %d3, [value];
    cvt.rni.s32.f64 %r3, %d3;
    ld.global.u8 %r4, [bytes+1];
    st.global.v4.u32 [%d90], {%r1, %r2, %r3, %r4};)",
      "sm_80", R"(
.global .align 4 .u32 words[4] = {1, 2, 0x30, 4};
.global .align 8 .u64 table[2] = {words, generic(words)+8};
.const .align 2 .u16 numbers[] = {7, 65535, 9};
.global .align 8 .f64 value = 0d4045000000000000;
.global .align 1 .u8 bytes[8] = {0xFF(words), 77};
)"));
  Buffer<uint32_t> out(device, 4);
  device.run("k", 1, 1, out.at(), uint64_t(0), uint64_t(0));
  EXPECT_EQ(out[0], 0x30u);
  EXPECT_EQ(out[1], 65535u);
  EXPECT_EQ(out[2], 42u);
  EXPECT_EQ(out[3], 77u);
  ASSERT_EQ(device.module->globals().size(), 5u);
  EXPECT_EQ(device.module->globals()[0].name, "words");
  EXPECT_EQ(device.module->globals()[0].bytes, 16u);
}

TEST(Parser, KernelsAreDescribed) {
  Device device;
  device.load(R"(
.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 dynamic[];
.shared .align 4 .b8 other[1000];
.visible .entry a(.param .u8 x, .param .u64 .ptr .global .align 16 y,
                  .param .align 8 .b8 z[24])
.maxntid 128, 2, 1
{
  .shared .align 4 .b8 own[100];
  .local .align 16 .b8 depot[40];
  ret;
}
.visible .entry b()
.reqntid 64
{
  .reg .u32 r;
  mov.u32 r, other;
  ret;
})");
  ASSERT_EQ(device.module->kernels().size(), 2u);
  const KernelInfo &a = device.module->kernels()[0];
  EXPECT_EQ(a.name, "a");
  ASSERT_EQ(a.parameters.size(), 3u);
  EXPECT_EQ(a.parameters[1].offset, 8u);
  EXPECT_EQ(a.parameters[2].offset, 16u);
  EXPECT_EQ(a.parameterBytes, 40u);
  EXPECT_EQ(a.maxThreads, 256u);
  EXPECT_EQ(a.sharedBytes, 100u);
  EXPECT_EQ(a.localBytes, 48u);
  EXPECT_EQ(device.module->kernels()[1].sharedBytes, 1000u);
  EXPECT_EQ(device.module->findKernel("b"), 1);
  EXPECT_EQ(device.module->findKernel("c"), -1);
  Outcome outcome = device.tryRun("b", {1, 1, 1}, {32, 1, 1}, 0);
  EXPECT_EQ(outcome.fault, Fault::InvalidValue);
}

/// Texts that are cut off, changed and absurd: errors, no crash.
TEST(Parser, HostileTexts) {
  std::string good = compileCuda(R"(
    CONSTANT int table[4] = {1, 2, 3, 4};
    NOINLINE DEVICE float helper(float a, int n) {
      float s = 0; for (int i = 0; i < n; ++i) { s += a * i; if (s > 9) break; }
      return s;
    }
    GLOBAL void k(float *a, int n) {
      SHARED float t[64];
      t[TID] = a[TID]; __syncthreads();
      switch (n) { case 0: a[1] = 2; break; case 1: a[2] = 3; break;
                   case 2: a[5] = 1; break; case 3: a[6] = 4; break;
                   case 4: a[7] = 1; break; case 5: a[8] = 4; break; }
      a[TID] = helper(t[63 - TID], table[n & 3]);
    })");
  DeviceMemory memory(1 << 20);
  auto attempt = [&](const std::string &text) {
    Outcome outcome;
    auto module =
        Module::load(text, *findArchitecture("sm_80"), memory, outcome);
    EXPECT_EQ(module != nullptr, outcome.fault == Fault::None);
    EXPECT_EQ(module == nullptr, !outcome.text.empty());
  };
  attempt(good);
  for (size_t cut = 0; cut < good.size(); cut += 7)
    attempt(good.substr(0, cut));
  std::mt19937 random(3);
  const char interesting[] = "{}[]();,.%@!<>-+0123456789afxr\"/*| \n";
  for (int round = 0; round < 1500; ++round) {
    std::string text = good;
    for (unsigned change = 0; change < 1 + random() % 4; ++change) {
      size_t at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = interesting[random() % (sizeof interesting - 1)];
        break;
      case 1:
        text.erase(at, random() % 20);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 30));
      }
    }
    attempt(text);
  }
  std::string head = ".version 8.0\n.target sm_80\n.address_size 64\n";
  std::string deep(100000, '('), braces(100000, '{');
  for (const std::string &text :
       {head + ".global .b8 x[99999999999999999999999];",
        head + ".global .b8 x[1099511627776];",
        head + ".global .align 3 .b8 x[4];",
        head + ".global .b32 x[2] = {1, 2, 3};",
        head + ".global .b32 x = " + deep + ";",
        head + ".global .b32 x[2] = " + braces,
        head + ".entry k() { .reg .b32 %r<4000000000>; mov.b32 %r3999999999, " +
            deep + "1;",
        head + ".entry k() " + braces,
        head + ".entry k() { bra x; }",
        head + ".entry k() { ret }",
        head + ".entry k(.param .b8 a[2000000]) {}",
        head + ".entry k() .maxntid 0 {}",
        head + ".entry k() {} .entry k() {}",
        head + ".func f() { call f; } .entry k() { call g; }",
        head + ".entry k() { .local .b8 x[1000000000]; }",
        head + ".entry k() { .shared .b8 x[50000]; }",
        head + "\xff\xfe",
        std::string("\0\0\0", 3),
        std::string(),
        std::string("\x7f"
                    "ELF")})
    attempt(text);
  // Each function calls the next.
  std::string chain = head;
  for (int i = 0; i < 5000; ++i)
    chain += ".func f" + std::to_string(i) + "();\n";
  for (int i = 0; i < 4999; ++i)
    chain += ".func f" + std::to_string(i) + "() { call f" +
             std::to_string(i + 1) + "; }\n";
  attempt(chain + ".func f4999() {} .entry k() { call f0; }");
  EXPECT_EQ(memory.allocationCount(), 0u);
}

} // namespace terrazzo::emu::test
