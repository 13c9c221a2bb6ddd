// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of the driver's entry points share: a context, and a kernel.
#pragma once

#include "TzEmu/CudaDriver.h"
#include "TzEmu/Emu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace terrazzo::emu::test {

/// One kernel "vector_scale": each of `tokens` elements of a is doubled, by as
/// many threads as it takes.
inline const char *scaleText = R"(
.version 7.0
.target sm_75
.address_size 64
.visible .entry vector_scale(
  .param .u64 a,
  .param .u64 tokens
)
{
  .reg .pred %p<2>;
  .reg .f32 %f<2>;
  .reg .b32 %r<5>;
  .reg .b64 %rd<5>;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.s32 %r4, %r1, %r2, %r3;
  cvt.s64.s32 %rd1, %r4;
  ld.param.u64 %rd2, [tokens];
  setp.ge.s64 %p1, %rd1, %rd2;
  @%p1 bra done;
  ld.param.u64 %rd3, [a];
  cvta.to.global.u64 %rd3, %rd3;
  shl.b64 %rd4, %rd1, 2;
  add.s64 %rd3, %rd3, %rd4;
  ld.global.f32 %f1, [%rd3];
  add.rn.f32 %f1, %f1, %f1;
  st.global.f32 [%rd3], %f1;
done:
  ret;
}
)";

inline const char *faultText = R"(
.version 7.0
.target sm_75
.address_size 64
.visible .entry fault()
{
  .reg .b32 %r<2>;
  .reg .b64 %rd<2>;
  mov.u32 %r1, 1;
  mov.u64 %rd1, 16;
  st.global.u32 [%rd1], %r1;
  ret;
}
)";

/// A created context, current; all that is made in it goes with it.
class DriverTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxCreate_v2(&context, 0, 0), CUDA_SUCCESS);
    terrazzoEmuLiveObjects(&before);
  }
  void TearDown() override {
    EXPECT_EQ(cuCtxDestroy_v2(context), CUDA_SUCCESS);
    terrazzoEmuObjects after;
    terrazzoEmuLiveObjects(&after);
    EXPECT_EQ(after.allocations, 0u);
    EXPECT_EQ(after.hostAllocations, 0u);
    EXPECT_EQ(after.modules, 0u);
    EXPECT_EQ(after.streams, 0u);
    EXPECT_EQ(after.events, 0u);
    EXPECT_EQ(after.graphs, before.graphs);
    EXPECT_EQ(after.graphExecs, before.graphExecs);
  }

  CUfunction scale() {
    CUmodule module;
    CUfunction function = nullptr;
    EXPECT_EQ(cuModuleLoadData(&module, scaleText), CUDA_SUCCESS);
    EXPECT_EQ(cuModuleGetFunction(&function, module, "vector_scale"),
              CUDA_SUCCESS);
    return function;
  }
  CUdeviceptr upload(const std::vector<float> &values) {
    CUdeviceptr memory = 0;
    size_t bytes = values.size() * sizeof(float);
    EXPECT_EQ(cuMemAlloc_v2(&memory, bytes), CUDA_SUCCESS);
    EXPECT_EQ(cuMemcpyHtoD_v2(memory, values.data(), bytes), CUDA_SUCCESS);
    return memory;
  }
  float first(CUdeviceptr memory) {
    float value = -1;
    EXPECT_EQ(cuMemcpyDtoH_v2(&value, memory, sizeof(value)), CUDA_SUCCESS);
    return value;
  }
  /// Doubles `count` elements in the stream's order.
  CUresult launchScale(CUfunction function, CUdeviceptr memory, long long count,
                       CUstream stream) {
    void *arguments[] = {&memory, &count};
    return cuLaunchKernel(function, unsigned(count + 63) / 64, 1, 1, 64, 1, 1,
                          0, stream, arguments, nullptr);
  }

  CUcontext context = nullptr;
  terrazzoEmuObjects before;
};

/// Holds a stream up until it is opened.
struct Gate {
  std::atomic<bool> open{false};
  static void wait(void *gate) {
    while (!static_cast<Gate *>(gate)->open)
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  static void count(void *counter) {
    ++*static_cast<std::atomic<int> *>(counter);
  }
};

} // namespace terrazzo::emu::test
