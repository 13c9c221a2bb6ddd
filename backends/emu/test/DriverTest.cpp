// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's entry points: beginning, contexts, modules, launches, memory.
#include "DriverHarness.h"

#include <cstring>

using namespace terrazzo::emu::test;

namespace {

int callsBeforeInit() {
  CUcontext context;
  CUdeviceptr memory;
  int count = 0;
  bool refused = cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED &&
                 cuMemAlloc_v2(&memory, 16) == CUDA_ERROR_NOT_INITIALIZED &&
                 cuCtxCreate_v2(&context, 0, 0) == CUDA_ERROR_NOT_INITIALIZED &&
                 cuInit(1) == CUDA_ERROR_INVALID_VALUE &&
                 cuInit(0) == CUDA_SUCCESS &&
                 cuMemAlloc_v2(&memory, 16) == CUDA_ERROR_INVALID_CONTEXT;
  return refused ? 0 : 1;
}

TEST(Start, NothingIsPossibleBeforeInit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(_exit(callsBeforeInit()), testing::ExitedWithCode(0), "");
}

TEST(Start, AnUnknownArchitectureIsNoDevice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("TERRAZZO_EMU_ARCH", "sm_1", 1);
        _exit(cuInit(0));
      },
      testing::ExitedWithCode(CUDA_ERROR_INVALID_DEVICE), "sm_1.*sm_80");
}

TEST(Start, AChildProcessHasNoDriver) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(
      {
        int count;
        _exit(cuDeviceGetCount(&count));
      },
      testing::ExitedWithCode(CUDA_ERROR_NOT_INITIALIZED), "");
}

TEST_F(DriverTest, TheDeviceAnswersAboutItself) {
  int value = 0, major = 0, minor = 0;
  char name[64];
  CUuuid uuid;
  size_t bytes = 0;
  EXPECT_EQ(cuDriverGetVersion(&value), CUDA_SUCCESS);
  EXPECT_EQ(value, 13000);
  EXPECT_EQ(cuDeviceGetName(name, sizeof(name), 0), CUDA_SUCCESS);
  EXPECT_STREQ(name, "Terrazzo emulated sm_80");
  EXPECT_EQ(cuDeviceGetUuid(&uuid, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceTotalMem_v2(&bytes, 0), CUDA_SUCCESS);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(cuDeviceComputeCapability(&major, &minor, 0), CUDA_SUCCESS);
  EXPECT_EQ(major * 10 + minor, 80);
  struct {
    int attribute, value;
  } known[] = {{1, 1024},       {10, 32},       {75, 8},    {76, 0},
               {41, 1},         {115, 1},       {8, 49152}, {20, 0},
               {97, 163 << 10}, {5, 2147483647}};
  for (auto [attribute, expected] : known) {
    EXPECT_EQ(cuDeviceGetAttribute(&value, attribute, 0), CUDA_SUCCESS);
    EXPECT_EQ(value, expected) << attribute;
  }
  EXPECT_EQ(cuDeviceGetAttribute(&value, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetAttribute(&value, 1, 99), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGet(&value, -1), CUDA_ERROR_INVALID_DEVICE);
  const char *text = nullptr;
  EXPECT_EQ(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(cuGetErrorString(CUresult(12345), &text), CUDA_ERROR_INVALID_VALUE);
  EXPECT_NE(terrazzoEmuFidelity(), nullptr);
}

TEST_F(DriverTest, ThreadsHaveStacksOfContexts) {
  CUcontext primary, current, popped;
  unsigned flags;
  int active;
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&primary, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_SUCCESS);
  EXPECT_EQ(active, 1);
  ASSERT_EQ(cuCtxPushCurrent_v2(primary), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, primary);
  std::thread([] {
    CUcontext other = reinterpret_cast<CUcontext>(1);
    EXPECT_EQ(cuCtxGetCurrent(&other), CUDA_SUCCESS);
    EXPECT_EQ(other, nullptr);
    EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_INVALID_CONTEXT);
  }).join();
  CUdeviceptr memory;
  EXPECT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxPopCurrent_v2(&popped), CUDA_SUCCESS);
  EXPECT_EQ(popped, primary);
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, context);
}

TEST_F(DriverTest, UnknownHandlesAreRefused) {
  auto *nothing = reinterpret_cast<void *>(0x1234567890);
  CUfunction function;
  CUstream stream;
  EXPECT_EQ(cuModuleUnload(CUmodule(nothing)), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleGetFunction(&function, CUmodule(nothing), "x"),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunchKernel(CUfunction(nothing), 1, 1, 1, 1, 1, 1, 0, nullptr,
                           nullptr, nullptr),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamSynchronize(CUstream(nothing)), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventQuery(CUevent(nothing)), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuGraphDestroy(CUgraph(nothing)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphLaunch(CUgraphExec(nothing), nullptr),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxSetCurrent(CUcontext(nothing)), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuMemPoolTrimTo(CUmemoryPool(nothing), 0),
            CUDA_ERROR_INVALID_VALUE);
  // One that was a stream's, and one of another kind.
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(reinterpret_cast<CUevent>(stream)),
            CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuStreamDestroy_v2(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy_v2(stream), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverTest, ModulesSayWhatIsWrong) {
  std::string text = scaleText;
  text.insert(text.find("  mov.u32 %r1"), "  bogus.u32 %r1, %r2;\n");
  char log[256] = "", info[256] = "";
  CUjit_option options[] = {
      CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
      CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log)), info,
                    reinterpret_cast<void *>(sizeof(info))};
  CUmodule module;
  EXPECT_EQ(cuModuleLoadDataEx(&module, text.c_str(), 4, options, values),
            CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(std::string(log).find("bogus"), std::string::npos) << log;
  EXPECT_NE(std::string(log).find("line "), std::string::npos) << log;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(values[1]), strlen(log));
  values[1] = values[3] = reinterpret_cast<void *>(sizeof(log));
  EXPECT_EQ(cuModuleLoadDataEx(&module, scaleText, 4, options, values),
            CUDA_SUCCESS);
  EXPECT_NE(std::string(info).find("vector_scale"), std::string::npos);
  CUfunction function;
  EXPECT_EQ(cuModuleGetFunction(&function, module, "absent"),
            CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleUnload(module), CUDA_SUCCESS);

  EXPECT_EQ(cuModuleLoadData(&module, "no code at all"),
            CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(cuModuleLoadData(&module, "\x7f"
                                      "ELF machine code"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuModuleLoadData(&module, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuModuleLoad(&module, "/nowhere.ptx"), CUDA_ERROR_FILE_NOT_FOUND);
  text = scaleText;
  text.replace(text.find("sm_75"), 5, "sm_120");
  EXPECT_EQ(cuModuleLoadData(&module, text.c_str()),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
}

TEST_F(DriverTest, LibrariesGiveKernels) {
  CUlibrary library;
  CUkernel kernel;
  CUfunction function;
  ASSERT_EQ(cuLibraryLoadData(&library, scaleText, nullptr, nullptr, 0, nullptr,
                              nullptr, 0),
            CUDA_SUCCESS);
  EXPECT_EQ(cuLibraryGetKernel(&kernel, library, "absent"),
            CUDA_ERROR_NOT_FOUND);
  ASSERT_EQ(cuLibraryGetKernel(&kernel, library, "vector_scale"), CUDA_SUCCESS);
  ASSERT_EQ(cuKernelGetFunction(&function, kernel), CUDA_SUCCESS);
  CUdeviceptr memory = upload({3});
  EXPECT_EQ(launchScale(function, memory, 1, nullptr), CUDA_SUCCESS);
  // A kernel is taken where a function is.
  EXPECT_EQ(
      launchScale(reinterpret_cast<CUfunction>(kernel), memory, 1, nullptr),
      CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 12);
  const char *name = nullptr;
  EXPECT_EQ(cuFuncGetName(&name, function), CUDA_SUCCESS);
  EXPECT_STREQ(name, "vector_scale");
  EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
  EXPECT_EQ(cuKernelGetFunction(&function, kernel), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverTest, LaunchesTakeArgumentsInBothForms) {
  CUfunction function = scale();
  CUdeviceptr memory = upload({3});
  struct {
    CUdeviceptr memory;
    long long count;
  } packed = {memory, 1};
  size_t bytes = sizeof(packed);
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed,
                   CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
  EXPECT_EQ(
      cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, extra),
      CUDA_SUCCESS);
  bytes = 8;
  EXPECT_EQ(
      cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, extra),
      CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(
      cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr),
      CUDA_ERROR_INVALID_VALUE);
  CUlaunchConfig config = {};
  config.gridDimX = config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = 32;
  config.blockDimY = config.blockDimZ = 1;
  void *arguments[] = {&packed.memory, &packed.count};
  EXPECT_EQ(cuLaunchKernelEx(&config, function, arguments, nullptr),
            CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 12);
}

TEST_F(DriverTest, LaunchesHaveLimits) {
  CUfunction function = scale();
  CUdeviceptr memory = upload({1});
  long long count = 1;
  void *arguments[] = {&memory, &count};
  auto launch = [&](unsigned grid, unsigned blockX, unsigned blockZ,
                    unsigned shared) {
    return cuLaunchKernel(function, grid, 1, 1, blockX, 1, blockZ, shared,
                          nullptr, arguments, nullptr);
  };
  EXPECT_EQ(launch(0, 32, 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 1025, 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 32, 65, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 512, 4, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(1, 32, 1, 48 << 10), CUDA_SUCCESS);
  EXPECT_EQ(launch(1, 32, 1, (48 << 10) + 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(function,
                               CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                               100 << 10),
            CUDA_SUCCESS);
  EXPECT_EQ(launch(1, 32, 1, 100 << 10), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncSetAttribute(function,
                               CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                               164 << 10),
            CUDA_ERROR_INVALID_VALUE);
  int blocks = 0, threads = 0, grid = 0;
  EXPECT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, 256,
                                                        80 << 10),
            CUDA_SUCCESS);
  EXPECT_EQ(blocks, 2);
  EXPECT_EQ(cuOccupancyMaxPotentialBlockSize(&grid, &threads, function, nullptr,
                                             0, 0),
            CUDA_SUCCESS);
  EXPECT_GT(threads, 0);
}

TEST_F(DriverTest, FaultsStayWithTheContext) {
  CUcontext other;
  CUmodule module;
  CUfunction function;
  CUdeviceptr memory;
  ASSERT_EQ(cuCtxCreate_v2(&other, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleLoadData(&module, faultText), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetFunction(&function, module, "fault"), CUDA_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_EQ(
      cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr),
      CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
  std::string words = testing::internal::GetCapturedStderr();
  EXPECT_NE(words.find("'fault'"), std::string::npos) << words;
  EXPECT_NE(std::string(terrazzoEmuLastFault()).find("'fault'"),
            std::string::npos);
  EXPECT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cuStreamQuery(nullptr), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cuCtxDestroy_v2(other), CUDA_SUCCESS);
  EXPECT_EQ(first(upload({7})), 7);
}

TEST_F(DriverTest, EntryPointsAreFoundByName) {
  void *address = nullptr;
  int status = -1;
  EXPECT_EQ(cuGetProcAddress_v2("cuMemAlloc", &address, 12000, 0, &status),
            CUDA_SUCCESS);
  EXPECT_EQ(address, reinterpret_cast<void *>(&cuMemAlloc_v2));
  EXPECT_EQ(status, 0);
  EXPECT_EQ(cuGetProcAddress_v2("cuCtxCreate", &address, 12000, 0, &status),
            CUDA_SUCCESS);
  EXPECT_EQ(address, reinterpret_cast<void *>(&cuCtxCreate_v3));
  EXPECT_EQ(
      cuGetProcAddress_v2("cuGraphAddKernelNode", &address, 11000, 0, &status),
      CUDA_SUCCESS);
  EXPECT_EQ(address, reinterpret_cast<void *>(&cuGraphAddKernelNode));
  EXPECT_EQ(cuGetProcAddress_v2("cuGraphGetEdges", &address, 13000, 0, &status),
            CUDA_SUCCESS);
  EXPECT_EQ(address, reinterpret_cast<void *>(&cuGraphGetEdges_v2));
  EXPECT_EQ(
      cuGetProcAddress_v2("cuGetProcAddress", &address, 11000, 0, &status),
      CUDA_SUCCESS);
  EXPECT_EQ(status, 2) << "newer than what was asked for";
  void *ordinary = nullptr;
  cuGetProcAddress_v2("cuLaunchKernel", &ordinary, 12000, 0, nullptr);
  cuGetProcAddress_v2("cuLaunchKernel", &address, 12000, 2, nullptr);
  EXPECT_NE(ordinary, address);
  EXPECT_NE(address, nullptr);
  EXPECT_EQ(cuGetProcAddress_v2("cuNothing", &address, 12000, 0, &status),
            CUDA_SUCCESS);
  EXPECT_EQ(status, 1);
  EXPECT_EQ(cuGetProcAddress_v2("cuNothing", &address, 12000, 0, nullptr),
            CUDA_ERROR_NOT_FOUND);
}

} // namespace
