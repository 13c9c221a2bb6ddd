// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's entry points: memory, copies, fills, pointers, pools.
#include "DriverHarness.h"

#include <numeric>

using namespace terrazzo::emu::test;

namespace {

TEST_F(DriverTest, MemoryIsGivenAndTakenBack) {
  CUdeviceptr memory, base;
  size_t bytes = 0, before = 0, during = 0, total = 0;
  EXPECT_EQ(cuMemGetInfo_v2(&before, &total), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAlloc_v2(&memory, 1 << 20), CUDA_SUCCESS);
  EXPECT_EQ(memory % 256, 0u);
  EXPECT_EQ(cuMemGetInfo_v2(&during, &total), CUDA_SUCCESS);
  EXPECT_LE(during, before - (1 << 20));
  EXPECT_EQ(cuMemGetAddressRange_v2(&base, &bytes, memory + 1000),
            CUDA_SUCCESS);
  EXPECT_EQ(base, memory);
  EXPECT_EQ(bytes, 1u << 20);
  EXPECT_EQ(cuMemFree_v2(memory + 256), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree_v2(memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc_v2(&memory, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc_v2(&memory, size_t(1) << 60), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemAlloc_v2(nullptr, 16), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, CopiesStayInside) {
  CUdeviceptr memory = upload({1, 2, 3, 4});
  float values[8] = {};
  EXPECT_EQ(cuMemcpyDtoH_v2(values, memory, 17), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoD_v2(memory + 8, values, 16), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoD_v2(0, values, 16), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemsetD8_v2(memory, 0, 17), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemsetD32_v2(memory + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoD_v2(memory, values, 0), CUDA_SUCCESS);
  // The generic form finds out what is what.
  EXPECT_EQ(cuMemcpy(reinterpret_cast<CUdeviceptr>(values), memory, 16),
            CUDA_SUCCESS);
  EXPECT_EQ(values[3], 4);
}

TEST_F(DriverTest, RowsAreCopiedWithPitches) {
  CUdeviceptr memory;
  size_t pitch = 0;
  constexpr size_t width = 12, height = 5;
  ASSERT_EQ(cuMemAllocPitch_v2(&memory, &pitch, width, height, 4),
            CUDA_SUCCESS);
  EXPECT_GE(pitch, width);
  EXPECT_EQ(cuMemsetD2D8_v2(memory, pitch, 0x11, width, height), CUDA_SUCCESS);
  std::vector<uint8_t> host(20 * height);
  std::iota(host.begin(), host.end(), 0);
  CUDA_MEMCPY2D copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = host.data();
  copy.srcPitch = 20;
  copy.srcXInBytes = 3;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = memory;
  copy.dstPitch = pitch;
  copy.dstY = 1;
  copy.WidthInBytes = width;
  copy.Height = height - 1;
  EXPECT_EQ(cuMemcpy2D_v2(&copy), CUDA_SUCCESS);
  std::vector<uint8_t> back(pitch * height);
  EXPECT_EQ(cuMemcpyDtoH_v2(back.data(), memory, pitch * (height - 1) + width),
            CUDA_SUCCESS);
  for (size_t y = 0; y < height; ++y)
    for (size_t x = 0; x < width; ++x)
      EXPECT_EQ(back[y * pitch + x], y ? (y - 1) * 20 + 3 + x : 0x11);
  copy.Height = height;
  EXPECT_EQ(cuMemcpy2D_v2(&copy), CUDA_ERROR_INVALID_VALUE);
  copy.WidthInBytes = 21;
  EXPECT_EQ(cuMemcpy2D_v2(&copy), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, FillsComeInThreeWidths) {
  CUdeviceptr memory;
  ASSERT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD32_v2(memory, 0x01020304, 16), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD16_v2(memory + 4, 0x5566, 2), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD8Async(memory + 8, 0x77, 3, nullptr), CUDA_SUCCESS);
  uint32_t back[16];
  EXPECT_EQ(cuMemcpyDtoH_v2(back, memory, 64), CUDA_SUCCESS);
  EXPECT_EQ(back[0], 0x01020304u);
  EXPECT_EQ(back[1], 0x55665566u);
  EXPECT_EQ(back[2], 0x01777777u);
}

TEST_F(DriverTest, PointersSayWhatTheyAre) {
  CUdeviceptr device = upload({1}), managed, address;
  void *host = nullptr;
  float own[4];
  unsigned type = 0;
  auto typeOf = [&](CUdeviceptr pointer) {
    return cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                 pointer)
               ? 0u
               : type;
  };
  ASSERT_EQ(cuMemHostAlloc(&host, 64, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocManaged(&managed, 64, 1), CUDA_SUCCESS);
  EXPECT_EQ(typeOf(device), 2u);
  EXPECT_EQ(typeOf(managed), 2u);
  EXPECT_EQ(typeOf(reinterpret_cast<CUdeviceptr>(host)), 1u);
  EXPECT_EQ(typeOf(reinterpret_cast<CUdeviceptr>(own)), 0u);
  EXPECT_EQ(cuMemHostGetDevicePointer_v2(&address, host, 0), CUDA_SUCCESS);
  // The program and the device share both.
  *reinterpret_cast<float *>(managed) = 5;
  *static_cast<float *>(host) = 6;
  CUfunction function = scale();
  EXPECT_EQ(launchScale(function, managed, 1, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(launchScale(function, address, 1, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(*reinterpret_cast<float *>(managed), 10);
  EXPECT_EQ(*static_cast<float *>(host), 12);
  EXPECT_EQ(cuMemHostRegister_v2(own, sizeof(own), 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemHostRegister_v2(own + 1, 4, 0),
            CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  EXPECT_EQ(cuMemHostUnregister(own), CUDA_SUCCESS);
  EXPECT_EQ(cuMemHostUnregister(own), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
  EXPECT_EQ(cuMemFreeHost(own), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree_v2(reinterpret_cast<CUdeviceptr>(host)),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFreeHost(host), CUDA_SUCCESS);
  CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
  int ordinal = 7;
  void *places[] = {&type, &ordinal};
  EXPECT_EQ(cuPointerGetAttributes(2, attributes, places,
                                   reinterpret_cast<CUdeviceptr>(own)),
            CUDA_SUCCESS);
  EXPECT_EQ(type, 0u);
  EXPECT_EQ(ordinal, -2);
}

TEST_F(DriverTest, MemoryIsFreedInAStreamsOrder) {
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  CUmemPoolProps properties = {};
  properties.allocType = properties.location.type = 1;
  CUmemoryPool pool;
  ASSERT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_SUCCESS);
  uint64_t used = 0;
  auto usedBytes = [&] {
    EXPECT_EQ(
        cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used),
        CUDA_SUCCESS);
    return used;
  };
  Gate gate;
  CUdeviceptr memory;
  ASSERT_EQ(cuMemAllocFromPoolAsync(&memory, 4096, pool, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(stream, Gate::wait, &gate), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD8Async(memory, 1, 4096, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFreeAsync(memory, stream), CUDA_SUCCESS);
  EXPECT_EQ(usedBytes(), 4096u) << "it is still needed";
  gate.open = true;
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(usedBytes(), 0u);
  EXPECT_EQ(cuMemFreeAsync(memory, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_SUCCESS);
  CUmemoryPool standard, current;
  EXPECT_EQ(cuDeviceGetDefaultMemPool(&standard, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetMemPool(&current, 0), CUDA_SUCCESS);
  EXPECT_EQ(standard, current);
  EXPECT_EQ(cuMemPoolDestroy(standard), CUDA_ERROR_INVALID_VALUE);
}

/// Opens a gate after a while, and says whether that was before it is asked.
struct LateGate {
  Gate gate;
  std::thread opener{[this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    gate.open = true;
  }};
  bool wasOpen() const { return gate.open; }
  ~LateGate() { opener.join(); }
};

TEST_F(DriverTest, FillsOfWhatTheProgramSeesAreDoneAtOnce) {
  void *pinned;
  CUdeviceptr managed, device, marked;
  ASSERT_EQ(cuMemHostAlloc(&pinned, 64, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocManaged(&managed, 64, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAlloc_v2(&device, 64), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAlloc_v2(&marked, 64), CUDA_SUCCESS);
  unsigned sync = 1;
  ASSERT_EQ(
      cuPointerSetAttribute(&sync, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, marked),
      CUDA_SUCCESS);
  auto filled = [&](CUdeviceptr memory) {
    LateGate late;
    EXPECT_EQ(cuLaunchHostFunc(nullptr, Gate::wait, &late.gate), CUDA_SUCCESS);
    EXPECT_EQ(cuMemsetD32_v2(memory, 7, 16), CUDA_SUCCESS);
    bool waited = late.wasOpen();
    late.gate.open = true;
    EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
    return waited;
  };
  EXPECT_TRUE(filled(reinterpret_cast<uintptr_t>(pinned)));
  EXPECT_TRUE(filled(managed));
  EXPECT_TRUE(filled(marked));
  EXPECT_FALSE(filled(device));
}

TEST_F(DriverTest, CopiesFromHostToHostAreDoneAtOnce) {
  void *pinned[2];
  for (void *&each : pinned)
    ASSERT_EQ(cuMemHostAlloc(&each, 64, 0), CUDA_SUCCESS);
  LateGate late;
  ASSERT_EQ(cuLaunchHostFunc(nullptr, Gate::wait, &late.gate), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyAsync(reinterpret_cast<uintptr_t>(pinned[0]),
                          reinterpret_cast<uintptr_t>(pinned[1]), 64, nullptr),
            CUDA_SUCCESS);
  EXPECT_TRUE(late.wasOpen());
}

} // namespace
