// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's entry points: streams and events, and their orders.
#include "DriverHarness.h"

using namespace terrazzo::emu::test;

namespace {

TEST_F(DriverTest, AStreamKeepsItsOrder) {
  CUstream stream;
  CUfunction function = scale();
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  Gate gate;
  CUdeviceptr memory = upload({1});
  void *pinned = nullptr;
  ASSERT_EQ(cuMemAllocHost_v2(&pinned, 4), CUDA_SUCCESS);
  auto *value = static_cast<float *>(pinned);
  *value = 0;
  ASSERT_EQ(cuLaunchHostFunc(stream, Gate::wait, &gate), CUDA_SUCCESS);
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(value, memory, 4, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(*value, 0);
  gate.open = true;
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_SUCCESS);
  EXPECT_EQ(*value, 1024);
}

TEST_F(DriverTest, TheProgramsMemoryIsReadBeforeACopyReturns) {
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  CUdeviceptr memory = upload({0});
  Gate gate;
  ASSERT_EQ(cuLaunchHostFunc(stream, Gate::wait, &gate), CUDA_SUCCESS);
  float value = 3;
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(memory, &value, 4, stream), CUDA_SUCCESS);
  value = 4;
  gate.open = true;
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 3);
}

TEST_F(DriverTest, TheLegacyStreamWaitsForBlockingOnes) {
  CUstream blocking, free;
  ASSERT_EQ(cuStreamCreate(&blocking, CU_STREAM_DEFAULT), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&free, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  Gate gate;
  std::atomic<int> behindLegacy{0}, beside{0};
  ASSERT_EQ(cuLaunchHostFunc(blocking, Gate::wait, &gate), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(nullptr, Gate::count, &behindLegacy),
            CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(free, Gate::count, &beside), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(free), CUDA_SUCCESS);
  EXPECT_EQ(beside, 1);
  EXPECT_EQ(behindLegacy, 0);
  EXPECT_EQ(cuStreamQuery(nullptr), CUDA_ERROR_NOT_READY);
  // And blocking ones wait for it; a thread's own default stream is one.
  std::atomic<int> behindAll{0};
  ASSERT_EQ(
      cuLaunchHostFunc(reinterpret_cast<CUstream>(2), Gate::count, &behindAll),
      CUDA_SUCCESS);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(behindAll, 0);
  gate.open = true;
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(behindLegacy, 1);
  EXPECT_EQ(behindAll, 1);
}

TEST_F(DriverTest, EventsOrderStreams) {
  CUstream one, two;
  CUevent event, late, untimed;
  ASSERT_EQ(cuStreamCreate(&one, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&two, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&event, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&late, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  float milliseconds = -1;
  EXPECT_EQ(cuEventQuery(event), CUDA_SUCCESS) << "never recorded";
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, event, late),
            CUDA_ERROR_INVALID_HANDLE);
  Gate gate;
  std::atomic<int> behind{0};
  ASSERT_EQ(cuEventRecord(event, one), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(one, Gate::wait, &gate), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(late, one), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(two, late, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(two, Gate::count, &behind), CUDA_SUCCESS);
  EXPECT_EQ(cuEventSynchronize(event), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(late), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, event, late),
            CUDA_ERROR_NOT_READY);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(behind, 0);
  gate.open = true;
  EXPECT_EQ(cuStreamSynchronize(two), CUDA_SUCCESS);
  EXPECT_EQ(behind, 1);
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, event, late), CUDA_SUCCESS);
  EXPECT_GE(milliseconds, 4);
  EXPECT_EQ(cuEventElapsedTime(&milliseconds, event, untimed),
            CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverTest, FunctionsOfTheHostMayCallNothing) {
  CUresult answer = CUDA_SUCCESS, heard = CUDA_ERROR_UNKNOWN;
  ASSERT_EQ(cuLaunchHostFunc(
                nullptr,
                [](void *data) {
                  CUdeviceptr memory;
                  *static_cast<CUresult *>(data) = cuMemAlloc_v2(&memory, 16);
                },
                &answer),
            CUDA_SUCCESS);
  ASSERT_EQ(cuStreamAddCallback(
                nullptr,
                [](CUstream, CUresult result, void *data) {
                  *static_cast<CUresult *>(data) = result;
                },
                &heard, 0),
            CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(answer, CUDA_ERROR_NOT_PERMITTED);
  EXPECT_EQ(heard, CUDA_SUCCESS);
}

TEST_F(DriverTest, ADestroyedStreamFinishesItsWork) {
  CUstream stream;
  Gate gate;
  std::atomic<int> done{0};
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(stream, Gate::wait, &gate), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(stream, Gate::count, &done), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
  EXPECT_EQ(done, 0);
  gate.open = true;
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(done, 1);
}

TEST_F(DriverTest, ThreadsShareAContext) {
  CUfunction function = scale();
  constexpr int threads = 4, rounds = 200;
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      ASSERT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
      CUstream stream;
      CUevent event;
      ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_DEFAULT), CUDA_SUCCESS);
      ASSERT_EQ(cuEventCreate(&event, 0), CUDA_SUCCESS);
      for (int round = 0; round < rounds; ++round) {
        CUdeviceptr memory;
        float value = 1;
        ASSERT_EQ(cuMemAllocAsync(&memory, 64, stream), CUDA_SUCCESS);
        ASSERT_EQ(cuMemcpyHtoDAsync_v2(memory, &value, 4, stream),
                  CUDA_SUCCESS);
        ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
        ASSERT_EQ(cuEventRecord(event, stream), CUDA_SUCCESS);
        ASSERT_EQ(cuStreamWaitEvent(nullptr, event, 0), CUDA_SUCCESS);
        ASSERT_EQ(launchScale(function, memory, 1, nullptr), CUDA_SUCCESS);
        ASSERT_EQ(cuMemcpyDtoHAsync_v2(&value, memory, 4, stream),
                  CUDA_SUCCESS);
        ASSERT_EQ(value, 4);
        ASSERT_EQ(cuMemFreeAsync(memory, stream), CUDA_SUCCESS);
      }
      ASSERT_EQ(cuEventDestroy_v2(event), CUDA_SUCCESS);
      ASSERT_EQ(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
    });
  for (std::thread &thread : all)
    thread.join();
}

} // namespace
