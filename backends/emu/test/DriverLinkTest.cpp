// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's entry points: linking, lists of kernels, and those that are only
// there to be linked to.
#include "DriverHarness.h"

#include <cstring>

using namespace terrazzo::emu::test;

namespace {

const char *const callerText = R"(
.version 7.0
.target sm_70
.address_size 64
.extern .func (.param .b32 r) twice(.param .b32 x);
.visible .entry caller(.param .u64 out)
{
  .reg .b32 %r<3>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [out];
  ld.global.u32 %r1, [%rd1];
  { .param .b32 x; .param .b32 r;
    st.param.b32 [x], %r1;
    call (r), twice, (x);
    ld.param.b32 %r2, [r]; }
  st.global.u32 [%rd1], %r2;
  ret;
}
)";

const char *const calleeText = R"(
.version 7.1
.target sm_75
.address_size 64
.visible .func (.param .b32 r) twice(.param .b32 x)
{
  .reg .b32 %r<3>;
  ld.param.b32 %r1, [x];
  add.s32 %r2, %r1, %r1;
  st.param.b32 [r], %r2;
  ret;
}
)";

CUresult add(CUlinkState state, const char *text) {
  return cuLinkAddData_v2(state, CU_JIT_INPUT_PTX, const_cast<char *>(text),
                          strlen(text) + 1, "text", 0, nullptr, nullptr);
}

TEST_F(DriverTest, TextsAreLinked) {
  CUlinkState state;
  CUmodule module;
  CUfunction function;
  void *image = nullptr;
  size_t bytes = 0;
  ASSERT_EQ(cuLinkCreate_v2(0, nullptr, nullptr, &state), CUDA_SUCCESS);
  EXPECT_EQ(cuLinkComplete(state, &image, &bytes), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(add(state, callerText), CUDA_SUCCESS);
  ASSERT_EQ(add(state, calleeText), CUDA_SUCCESS);
  char code[] = "\x7f"
                "ELF";
  EXPECT_EQ(cuLinkAddData_v2(state, CU_JIT_INPUT_CUBIN, code, 4, "", 0, nullptr,
                             nullptr),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuLinkAddData_v2(state, 6, code, 4, "", 0, nullptr, nullptr),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLinkAddFile_v2(state, CU_JIT_INPUT_PTX, "/nowhere.ptx", 0,
                             nullptr, nullptr),
            CUDA_ERROR_FILE_NOT_FOUND);
  ASSERT_EQ(cuLinkComplete(state, &image, &bytes), CUDA_SUCCESS);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(bytes, strlen(static_cast<char *>(image)) + 1);
  ASSERT_EQ(cuModuleLoadData(&module, image), CUDA_SUCCESS);
  EXPECT_EQ(cuLinkDestroy(state), CUDA_SUCCESS);
  EXPECT_EQ(cuLinkDestroy(state), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuModuleGetFunction(&function, module, "caller"), CUDA_SUCCESS);
  CUdeviceptr memory;
  ASSERT_EQ(cuMemAlloc_v2(&memory, 4), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD32_v2(memory, 21, 1), CUDA_SUCCESS);
  void *arguments[] = {&memory};
  ASSERT_EQ(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments,
                           nullptr),
            CUDA_SUCCESS);
  int value = 0;
  ASSERT_EQ(cuMemcpyDtoH_v2(&value, memory, 4), CUDA_SUCCESS);
  EXPECT_EQ(value, 42);
}

TEST_F(DriverTest, WhatCannotBeLinkedSaysWhy) {
  CUlinkState state;
  char log[256] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  void *image;
  ASSERT_EQ(cuLinkCreate_v2(2, options, values, &state), CUDA_SUCCESS);
  ASSERT_EQ(add(state, callerText), CUDA_SUCCESS);
  EXPECT_EQ(cuLinkComplete(state, &image, nullptr), CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(std::string(log).find("twice"), std::string::npos) << log;
  EXPECT_EQ(cuLinkDestroy(state), CUDA_SUCCESS);
}

TEST_F(DriverTest, KernelsAreListed) {
  CUmodule module;
  CUfunction functions[2] = {}, function;
  ASSERT_EQ(cuModuleLoadData(&module, scaleText), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetFunction(&function, module, "vector_scale"),
            CUDA_SUCCESS);
  EXPECT_EQ(cuModuleEnumerateFunctions(functions, 2, module), CUDA_SUCCESS);
  EXPECT_EQ(functions[0], function);
  EXPECT_EQ(functions[1], nullptr);
  CUlibrary library, owner;
  CUkernel kernel = nullptr, byName;
  unsigned count = 0;
  size_t offset = 0, bytes = 0;
  ASSERT_EQ(cuLibraryLoadData(&library, scaleText, nullptr, nullptr, 0, nullptr,
                              nullptr, 0),
            CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetKernelCount(&count, library), CUDA_SUCCESS);
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(cuLibraryEnumerateKernels(&kernel, 1, library), CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetKernel(&byName, library, "vector_scale"), CUDA_SUCCESS);
  EXPECT_EQ(kernel, byName);
  EXPECT_EQ(cuKernelGetLibrary(&owner, kernel), CUDA_SUCCESS);
  EXPECT_EQ(owner, library);
  EXPECT_EQ(cuKernelGetParamInfo(kernel, 1, &offset, &bytes), CUDA_SUCCESS);
  EXPECT_EQ(offset, 8u);
  EXPECT_EQ(bytes, 8u);
  EXPECT_EQ(cuKernelGetParamInfo(kernel, 2, &offset, &bytes),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuKernelGetAttribute(nullptr, 0, kernel, 99),
            CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
}

TEST_F(DriverTest, EntryPointsThatDoNothingSaySo) {
  using Any = CUresult (*)(void *, void *, void *, void *);
  for (const char *name :
       {"cuArrayCreate", "cuTexObjectCreate", "cuMemAddressReserve",
        "cuMemCreate", "cuIpcGetMemHandle", "cuStreamWaitValue32",
        "cuGraphAddNode", "cuTensorMapEncodeTiled", "cuImportExternalMemory",
        "cuGreenCtxCreate", "cuMulticastCreate", "cuMemRangeGetAttribute"}) {
    void *address = nullptr;
    ASSERT_EQ(cuGetProcAddress_v2(name, &address, 13000, 0, nullptr),
              CUDA_SUCCESS)
        << name;
    EXPECT_EQ(
        reinterpret_cast<Any>(address)(nullptr, nullptr, nullptr, nullptr),
        CUDA_ERROR_NOT_SUPPORTED)
        << name;
  }
}

} // namespace
