// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is wrong is a fault of the launch with its line, never a crash.
#include "Harness.h"

#include <thread>

namespace terrazzo::emu::test {

namespace {
Outcome runBody(const std::string &body, uint64_t p0 = 0, uint64_t p1 = 0,
                uint32_t threads = 32) {
  Device device;
  device.load(kernelText(body));
  return device.tryRun("k", {1, 1, 1}, {threads, 1, 1}, 0, p0, p1, uint64_t(0));
}
} // namespace

TEST(Fault, NullAndWildAddresses) {
  for (const char *load : {"ld.global.u32 %r1, [%d90];", "ld.u32 %r1, [%d90];",
                           "st.global.v4.u32 [%d90], {%r1, %r1, %r1, %r1};",
                           "atom.global.add.u32 %r1, [%d90], 1;",
                           "cp.async.ca.shared.global [%r1], [%d90], 16;"}) {
    for (uint64_t address :
         {uint64_t(0), uint64_t(16), uint64_t(0x7fffffff0000),
          ~uint64_t(0) & ~uint64_t(255), uint64_t(1) << 63}) {
      Outcome outcome = runBody(std::string(".shared .align 16 .b8 s[64];\n"
                                            "mov.u32 %r1, s;\n") +
                                    load,
                                address);
      EXPECT_EQ(outcome.fault, Fault::IllegalAddress)
          << load << " " << address << ": " << outcome.text;
      EXPECT_EQ(outcome.line, bodyLine + 2) << load;
    }
  }
}

TEST(Fault, OneElementBehindAnAllocation) {
  Device device;
  device.load(kernelText(R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], %r99;)"));
  Buffer<uint32_t> out(device, 100);
  device.run("k", 1, 100, out.at(), uint64_t(0), uint64_t(0));
  Outcome outcome = device.tryRun("k", {1, 1, 1}, {101, 1, 1}, 0, out.at(),
                                  uint64_t(0), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalAddress) << outcome.text;
}

TEST(Fault, FreedMemory) {
  Device device;
  device.load(kernelText("ld.global.u32 %r1, [%d90];"));
  uint64_t address = device.memory.allocate(1 << 20);
  EXPECT_TRUE(device.memory.release(address));
  EXPECT_FALSE(device.memory.release(address));
  Outcome outcome = device.tryRun("k", {1, 1, 1}, {32, 1, 1}, 0, address,
                                  uint64_t(0), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalAddress);
}

TEST(Fault, Misaligned) {
  Device device;
  device.load(kernelText(R"(
    ld.global.v2.u32 {%r1, %r2}, [%d90];)"));
  Buffer<uint32_t> data(device, 16);
  for (uint64_t shift : {0, 4, 8, 12}) {
    Outcome outcome =
        device.tryRun("k", {1, 1, 1}, {32, 1, 1}, 0, data.at() + shift,
                      uint64_t(0), uint64_t(0));
    EXPECT_EQ(outcome.fault,
              shift % 8 ? Fault::MisalignedAddress : Fault::None);
  }
}

TEST(Fault, SharedAndLocalBounds) {
  EXPECT_EQ(runBody(".shared .align 4 .b8 s[64]; mov.u32 %r1, s;\n"
                    "mad.lo.u32 %r2, %r99, 4, %r1;\n"
                    "st.shared.u32 [%r2], 1;",
                    0, 0, 16)
                .fault,
            Fault::None);
  EXPECT_EQ(runBody(".shared .align 4 .b8 s[64]; mov.u32 %r1, s;\n"
                    "mad.lo.u32 %r2, %r99, 4, %r1;\n"
                    "st.shared.u32 [%r2], 1;",
                    0, 0, 17)
                .fault,
            Fault::IllegalAddress);
  EXPECT_EQ(runBody(".local .align 4 .b8 l[64]; mov.u64 %d1, l;\n"
                    "mad.wide.u32 %d2, %r99, 4, %d1;\n"
                    "st.local.u32 [%d2], 1;",
                    0, 0, 17)
                .fault,
            Fault::IllegalAddress);
}

TEST(Fault, TrapsAndAssertions) {
  Outcome outcome = runBody("setp.eq.u32 %p1, %r99, 9;\n@%p1 trap;");
  EXPECT_EQ(outcome.fault, Fault::Trap);
  EXPECT_EQ(outcome.line, bodyLine + 1) << outcome.text;
  EXPECT_EQ(runBody("setp.eq.u32 %p1, %r99, 99;\n@%p1 trap;").fault,
            Fault::None);

  Device device;
  device.load(compileCuda(R"(
    extern "C" DEVICE void __assertfail(const char *, const char *, u32,
                                        const char *, u64);
    extern "C" DEVICE int vprintf(const char *, const void *);
    GLOBAL void k(u32 limit) {
      struct { u32 a; double b; const char *c; } v = {TID, TID * 0.5, "text"};
      if (TID == 2) vprintf("[%u %.2f %s]\n", &v);
      if (TID >= limit) __assertfail("TID < limit", "kernel.cu", 42, "k", 1);
    })"));
  testing::internal::CaptureStdout();
  device.run("k", 1, 8, uint32_t(8));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "[2 1.00 text]\n");
  outcome = device.tryRun("k", {1, 1, 1}, {8, 1, 1}, 0, uint32_t(7));
  EXPECT_EQ(outcome.fault, Fault::Trap);
  EXPECT_NE(outcome.text.find("assertion 'TID < limit' failed (kernel.cu:42)"),
            std::string::npos)
      << outcome.text;
}

TEST(Fault, EndlessRecursion) {
  Device device;
  device.load(kernelText(R"(
    { .param .b32 a; .param .b32 r;
      st.param.b32 [a], %r99;
      call (r), deep, (a);
      ld.param.b32 %r1, [r]; }
    mad.wide.u32 %d1, %r99, 4, %d90;
    st.global.u32 [%d1], %r1;)",
                         "sm_80", R"(
.func (.param .b32 result) deep(.param .b32 x) {
  .reg .b32 %r<5>;
  ld.param.b32 %r1, [x];
  add.u32 %r1, %r1, 1;
  { .param .b32 a; .param .b32 r;
    st.param.b32 [a], %r1;
    call (r), deep, (a);
    ld.param.b32 %r2, [r]; }
  add.u32 %r2, %r2, %r1;
  st.param.b32 [result], %r2;
  ret;
})"));
  Buffer<uint32_t> out(device, 32);
  Outcome outcome = device.tryRun("k", {2, 1, 1}, {32, 1, 1}, 0, out.at(),
                                  uint64_t(0), uint64_t(0));
  EXPECT_EQ(outcome.fault, Fault::IllegalAddress) << outcome.text;
}

TEST(Fault, LaunchesOutOfRange) {
  Device device;
  device.load(kernelText("", "sm_80", ".shared .align 16 .b8 big[100];"));
  auto fault = [&](std::array<uint32_t, 3> grid, std::array<uint32_t, 3> block,
                   uint64_t dynamic) {
    return device
        .tryRun("k", grid, block, dynamic, uint64_t(0), uint64_t(0),
                uint64_t(0))
        .fault;
  };
  EXPECT_EQ(fault({1, 1, 1}, {1024, 1, 1}, 0), Fault::None);
  EXPECT_EQ(fault({1, 1, 1}, {32, 33, 1}, 0), Fault::LaunchOutOfResources);
  EXPECT_EQ(fault({0, 1, 1}, {32, 1, 1}, 0), Fault::InvalidValue);
  EXPECT_EQ(fault({1, 1, 1}, {1, 1, 65}, 0), Fault::InvalidValue);
  EXPECT_EQ(fault({1, 70000, 1}, {1, 1, 1}, 0), Fault::InvalidValue);
  EXPECT_EQ(fault({1, 1, 1}, {32, 1, 1}, 163 << 10), Fault::None);
  EXPECT_EQ(fault({1, 1, 1}, {32, 1, 1}, (163 << 10) + 1),
            Fault::LaunchOutOfResources);
}

TEST(Fault, LaunchesFromManyThreadsAtOnce) {
  Device device;
  device.load(kernelText(R"(
    mad.wide.u32 %d1, %r99, 4, %d90;
    ld.global.u32 %r1, [%d1];
    add.u32 %r1, %r1, 1;
    bar.sync 0;
    st.global.u32 [%d1], %r1;)"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Buffer<uint32_t> out(device, 64);
      for (int round = 0; round < 50; ++round) {
        device.run("k", 1, 64, out.at(), uint64_t(0), uint64_t(0));
        Outcome outcome = device.tryRun("k", {3, 1, 1}, {64, 1, 1}, 0,
                                        uint64_t(4), uint64_t(0), uint64_t(0));
        EXPECT_EQ(outcome.fault, Fault::IllegalAddress);
      }
      EXPECT_EQ(out[33], 50u);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(device.memory.allocationCount(), 0u);
}

} // namespace terrazzo::emu::test
