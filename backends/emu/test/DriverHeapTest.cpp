// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// malloc and free of kernels, in a heap of the context's size.
#include "DriverHarness.h"

using namespace terrazzo::emu::test;

namespace {

const char *const heapText = R"(
.version 7.0
.target sm_75
.address_size 64
.extern .func (.param .b64 r) malloc(.param .b64 bytes);
.extern .func free(.param .b64 pointer);
.visible .entry take(.param .u64 out, .param .u64 bytes)
{
  .reg .b32 %r<3>;
  .reg .b64 %rd<6>;
  ld.param.u64 %rd1, [out];
  ld.param.u64 %rd2, [bytes];
  mov.u32 %r1, %tid.x;
  { .param .b64 n; .param .b64 r;
    st.param.b64 [n], %rd2;
    call.uni (r), malloc, (n);
    ld.param.b64 %rd3, [r]; }
  mad.wide.u32 %rd4, %r1, 8, %rd1;
  st.global.u64 [%rd4], %rd3;
  ret;
}
.visible .entry touch(.param .u64 in, .param .u64 offset)
{
  .reg .b32 %r<3>;
  .reg .b64 %rd<6>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [offset];
  mov.u32 %r1, %tid.x;
  mad.wide.u32 %rd4, %r1, 8, %rd1;
  ld.global.u64 %rd3, [%rd4];
  add.s64 %rd3, %rd3, %rd2;
  st.u32 [%rd3], %r1;
  ret;
}
.visible .entry give(.param .u64 in, .param .u64 offset)
{
  .reg .b32 %r<3>;
  .reg .b64 %rd<6>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [offset];
  mov.u32 %r1, %tid.x;
  mad.wide.u32 %rd4, %r1, 8, %rd1;
  ld.global.u64 %rd3, [%rd4];
  add.s64 %rd3, %rd3, %rd2;
  { .param .b64 p;
    st.param.b64 [p], %rd3;
    call.uni free, (p); }
  ret;
}
)";

class HeapTest : public DriverTest {
protected:
  static constexpr unsigned threads = 40;
  void SetUp() override {
    DriverTest::SetUp();
    ASSERT_EQ(cuModuleLoadData(&module, heapText), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc_v2(&list, threads * 8), CUDA_SUCCESS);
  }
  CUresult run(const char *name, long long argument) {
    CUfunction function;
    EXPECT_EQ(cuModuleGetFunction(&function, module, name), CUDA_SUCCESS);
    void *arguments[] = {&list, &argument};
    CUresult result = cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0,
                                     nullptr, arguments, nullptr);
    return result ? result : cuCtxSynchronize();
  }
  std::vector<CUdeviceptr> pointers() {
    std::vector<CUdeviceptr> all(threads);
    EXPECT_EQ(cuMemcpyDtoH_v2(all.data(), list, threads * 8), CUDA_SUCCESS);
    return all;
  }
  CUmodule module = nullptr;
  CUdeviceptr list = 0;
};

TEST_F(HeapTest, WhatIsAllocatedOutlivesTheKernel) {
  ASSERT_EQ(run("take", 100), CUDA_SUCCESS);
  std::vector<CUdeviceptr> all = pointers();
  for (unsigned i = 0; i < threads; ++i) {
    ASSERT_NE(all[i], 0u);
    EXPECT_EQ(all[i] % 16, 0u);
    for (unsigned j = 0; j < i; ++j)
      EXPECT_GE(all[i] < all[j] ? all[j] - all[i] : all[i] - all[j], 100u);
  }
  EXPECT_EQ(run("touch", 96), CUDA_SUCCESS);
  EXPECT_EQ(run("give", 0), CUDA_SUCCESS);
  EXPECT_EQ(run("take", 100), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, 1 << 20),
            CUDA_ERROR_INVALID_VALUE)
      << "it is in use";
}

TEST_F(HeapTest, AnExhaustedHeapGivesNull) {
  ASSERT_EQ(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, 64 << 10), CUDA_SUCCESS);
  ASSERT_EQ(run("take", 4096), CUDA_SUCCESS);
  unsigned given = 0;
  for (CUdeviceptr pointer : pointers())
    given += pointer != 0;
  EXPECT_GE(given, 14u);
  EXPECT_LE(given, 16u);
  EXPECT_EQ(run("give", 0), CUDA_SUCCESS) << "null can be freed";
  ASSERT_EQ(run("take", 1000), CUDA_SUCCESS);
  for (CUdeviceptr pointer : pointers())
    EXPECT_NE(pointer, 0u);
}

TEST_F(HeapTest, BehindAnAllocationIsNothing) {
  ASSERT_EQ(run("take", 100), CUDA_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("touch", 100), CUDA_ERROR_ILLEGAL_ADDRESS);
  testing::internal::GetCapturedStderr();
}

TEST_F(HeapTest, WhatWasNotGivenCannotBeFreed) {
  ASSERT_EQ(run("take", 100), CUDA_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("give", 16), CUDA_ERROR_ILLEGAL_ADDRESS);
  std::string words = testing::internal::GetCapturedStderr();
  EXPECT_NE(words.find("malloc did not give"), std::string::npos) << words;
}

} // namespace
