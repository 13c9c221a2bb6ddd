// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes and flags: what is not there is an invalid value, what is there on
// hardware but not done here is not supported, and the rest is kept to.
#include "DriverHarness.h"

#include <cstring>

using namespace terrazzo::emu::test;

namespace {

class AttributeTest : public DriverTest {
protected:
  void SetUp() override {
    DriverTest::SetUp();
    function = scale();
    memory = upload({1});
  }
  /// Launches with one attribute, of which the first bytes are given.
  template <typename T> CUresult launchWith(int id, T value) {
    CUlaunchAttribute attribute = {};
    attribute.id = id;
    memcpy(&attribute.value, &value, sizeof(value));
    CUlaunchConfig config = {};
    config.gridDimX = grid;
    config.gridDimY = config.gridDimZ = 1;
    config.blockDimX = 32;
    config.blockDimY = config.blockDimZ = 1;
    config.hStream = stream;
    config.attrs = &attribute;
    config.numAttrs = 1;
    return cuLaunchKernelEx(&config, function, arguments, nullptr);
  }
  CUfunction function = nullptr;
  CUstream stream = nullptr;
  unsigned grid = 1;
  CUdeviceptr memory = 0;
  long long count = 1;
  void *arguments[2] = {&memory, &count};
};

struct Sizes {
  unsigned x, y, z;
};

TEST_F(AttributeTest, LaunchesHaveThoseThatThereAre) {
  for (int id : {-1, 15, 17, 99, 0x7fffffff})
    EXPECT_EQ(launchWith(id, 0), CUDA_ERROR_INVALID_VALUE) << id;
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, 2),
            CUDA_ERROR_INVALID_VALUE)
      << "of streams only";
  struct {
    int id, value;
    CUresult expected;
  } rows[] = {
      {CU_LAUNCH_ATTRIBUTE_IGNORE, 7, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 1, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 2, CUDA_ERROR_INVALID_VALUE},
      {CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, 2,
       CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, 3,
       CUDA_ERROR_INVALID_VALUE},
      {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, 1, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_PRIORITY, -1, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, 1, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, 2, CUDA_ERROR_INVALID_VALUE},
      {CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE, 1,
       CUDA_ERROR_NOT_SUPPORTED},
      {CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 100, CUDA_SUCCESS},
      {CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 101,
       CUDA_ERROR_INVALID_VALUE},
      {CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING, 1,
       CUDA_ERROR_NOT_SUPPORTED},
  };
  for (auto [id, value, expected] : rows)
    EXPECT_EQ(launchWith(id, value), expected) << id << ": " << value;
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, Sizes{1, 1, 1}),
            CUDA_SUCCESS);
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, Sizes{1, 0, 1}),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, Sizes{2, 1, 1}),
            CUDA_ERROR_INVALID_CLUSTER_SIZE);
}

TEST_F(AttributeTest, EventsOfALaunchComeBehindIt) {
  struct {
    CUevent event;
    int flags, atStart;
  } value = {};
  CUevent timed;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&timed, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&value.event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  for (int id : {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT,
                 CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT}) {
    Gate gate;
    ASSERT_EQ(cuLaunchHostFunc(stream, Gate::wait, &gate), CUDA_SUCCESS);
    ASSERT_EQ(launchWith(id, value), CUDA_SUCCESS);
    EXPECT_EQ(cuEventQuery(value.event), CUDA_ERROR_NOT_READY);
    gate.open = true;
    EXPECT_EQ(cuEventSynchronize(value.event), CUDA_SUCCESS);
    auto wrong = value;
    wrong.flags = 1;
    EXPECT_EQ(launchWith(id, wrong), CUDA_ERROR_INVALID_VALUE);
    wrong = value;
    wrong.event = timed;
    EXPECT_EQ(launchWith(id, wrong), CUDA_ERROR_INVALID_VALUE);
    wrong.event = nullptr;
    EXPECT_EQ(launchWith(id, wrong), CUDA_ERROR_INVALID_HANDLE);
  }
  EXPECT_EQ(first(memory), 4);
}

TEST_F(AttributeTest, CooperativeGridsFitWhereverTheyComeFrom) {
  int perMultiprocessor = 0, multiprocessors = 0;
  ASSERT_EQ(cuOccupancyMaxActiveBlocksPerMultiprocessor(&perMultiprocessor,
                                                        function, 32, 0),
            CUDA_SUCCESS);
  ASSERT_EQ(cuDeviceGetAttribute(&multiprocessors, 16, 0), CUDA_SUCCESS);
  unsigned most = unsigned(perMultiprocessor * multiprocessors);
  grid = most;
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 1), CUDA_SUCCESS);
  grid = most + 1;
  EXPECT_EQ(launchWith(CU_LAUNCH_ATTRIBUTE_COOPERATIVE, 1),
            CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  CUgraph graph;
  CUgraphNode node, other;
  CUDA_KERNEL_NODE_PARAMS kernel = {};
  kernel.func = function;
  kernel.gridDimX = grid;
  kernel.gridDimY = kernel.gridDimZ = 1;
  kernel.blockDimX = 32;
  kernel.blockDimY = kernel.blockDimZ = 1;
  kernel.kernelParams = arguments;
  ASSERT_EQ(cuGraphCreate(&graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddKernelNode_v2(&node, graph, nullptr, 0, &kernel),
            CUDA_SUCCESS);
  kernel.gridDimX = 1;
  ASSERT_EQ(cuGraphAddKernelNode_v2(&other, graph, nullptr, 0, &kernel),
            CUDA_SUCCESS);
  CUlaunchAttributeValue value = {};
  value.number = 1;
  constexpr int cooperative = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  EXPECT_EQ(cuGraphKernelNodeSetAttribute(node, cooperative, &value),
            CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  EXPECT_EQ(cuGraphKernelNodeSetAttribute(other, cooperative, &value),
            CUDA_SUCCESS);
  EXPECT_EQ(cuGraphKernelNodeCopyAttributes(node, other),
            CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  EXPECT_EQ(cuGraphKernelNodeGetAttribute(node, cooperative, &value),
            CUDA_SUCCESS);
  EXPECT_EQ(value.number, 0);
  EXPECT_EQ(cuGraphKernelNodeGetAttribute(other, cooperative, &value),
            CUDA_SUCCESS);
  EXPECT_EQ(value.number, 1);
  EXPECT_EQ(
      cuGraphKernelNodeSetAttribute(
          node, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, &value),
      CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST_F(AttributeTest, StreamsHaveTheirs) {
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  CUlaunchAttributeValue value = {};
  constexpr int policy = CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY;
  EXPECT_EQ(cuStreamGetAttribute(stream, policy, &value), CUDA_SUCCESS);
  EXPECT_EQ(value.number, 1);
  value.number = 3;
  EXPECT_EQ(cuStreamSetAttribute(stream, policy, &value), CUDA_SUCCESS);
  value.number = 9;
  EXPECT_EQ(cuStreamSetAttribute(stream, policy, &value),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamGetAttribute(stream, policy, &value), CUDA_SUCCESS);
  EXPECT_EQ(value.number, 3);
  EXPECT_EQ(
      cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value),
      CUDA_ERROR_INVALID_VALUE);
}

TEST_F(AttributeTest, FlagsOfWhatIsNotDoneAreRefused) {
  CUevent event;
  EXPECT_EQ(
      cuEventCreate(&event, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING),
      CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuEventCreate(&event, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamCreate(&stream, 2), CUDA_ERROR_INVALID_VALUE);
  CUcontext other;
  EXPECT_EQ(cuCtxCreate_v2(&other, 3, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxCreate_v2(&other, CU_CTX_COREDUMP_ENABLE, 0),
            CUDA_ERROR_NOT_SUPPORTED);
  char own[256];
  for (unsigned flag :
       {CU_MEMHOSTREGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_IOMEMORY,
        CU_MEMHOSTREGISTER_READ_ONLY})
    EXPECT_EQ(cuMemHostRegister_v2(own, sizeof(own), flag),
              CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuMemHostRegister_v2(own, sizeof(own), 16),
            CUDA_ERROR_INVALID_VALUE);
  CUmemPoolProps properties = {};
  CUmemoryPool pool;
  properties.allocType = properties.location.type = 1;
  properties.location.type = 2;
  EXPECT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_ERROR_NOT_SUPPORTED);
  properties.location.type = 9;
  EXPECT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetCacheConfig(function, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetAttribute(function, 11, 2), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuFuncSetAttribute(function, 16, 0), CUDA_ERROR_INVALID_VALUE);
  size_t limit;
  EXPECT_EQ(cuCtxGetLimit(&limit, 3), CUDA_ERROR_UNSUPPORTED_LIMIT);
  CUgraph graph;
  CUgraphExec exec;
  ASSERT_EQ(cuGraphCreate(&graph, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphInstantiateWithFlags(
                &exec, graph, CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH),
            CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 16),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  CUDA_MEMCPY3D copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = memory;
  copy.WidthInBytes = copy.Height = copy.Depth = 1;
  EXPECT_EQ(cuMemcpy3D_v2(&copy), CUDA_ERROR_NOT_SUPPORTED);
  CUdeviceptr managed;
  ASSERT_EQ(cuMemAllocManaged(&managed, 64, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAdvise(managed, 64, 1, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAdvise(managed, 64, 7, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAdvise(managed, 64, 3, 99), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuMemPrefetchAsync(managed, 65, 0, nullptr),
            CUDA_ERROR_INVALID_VALUE);
}

TEST_F(AttributeTest, OptionsOfLoadsThatAreNotDoneAreRefused) {
  CUmodule module;
  auto load = [&](CUjit_option option, uintptr_t value) {
    void *values[] = {reinterpret_cast<void *>(value)};
    return cuModuleLoadDataEx(&module, scaleText, 1, &option, values);
  };
  EXPECT_EQ(load(CU_JIT_MAX_REGISTERS, 32), CUDA_SUCCESS);
  EXPECT_EQ(load(CU_JIT_OPTIMIZATION_LEVEL, 4), CUDA_SUCCESS);
  EXPECT_EQ(load(CU_JIT_OPTIMIZATION_LEVEL, 5), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(load(CU_JIT_TARGET, 75), CUDA_SUCCESS);
  EXPECT_EQ(load(CU_JIT_TARGET, 120), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(load(CU_JIT_GLOBAL_SYMBOL_COUNT, 1), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(load(CU_JIT_LTO, 1), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(load(CU_JIT_OVERRIDE_DIRECTIVE_VALUES, 1),
            CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(load(99, 0), CUDA_ERROR_INVALID_VALUE);
  CUlibrary library;
  CUlibraryOption tables = 0;
  void *none = nullptr;
  EXPECT_EQ(cuLibraryLoadData(&library, scaleText, nullptr, nullptr, 0, &tables,
                              &none, 1),
            CUDA_ERROR_NOT_SUPPORTED);
}

/// Whoever brings no buffer for it reads on stderr what is wrong with a text.
TEST_F(AttributeTest, ARefusedTextIsHeardOf) {
  std::string text = scaleText;
  text.insert(text.find("  mov.u32 %r1"), "  nonsense.u32 %r1, %r2;\n");
  CUmodule module;
  auto words = [&](bool buffer) {
    char log[256];
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                              CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
    testing::internal::CaptureStderr();
    EXPECT_EQ(cuModuleLoadDataEx(&module, text.c_str(), buffer ? 2 : 0, options,
                                 values),
              CUDA_ERROR_INVALID_PTX);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_NE(words(false).find("nonsense"), std::string::npos);
  EXPECT_EQ(words(false), "") << "once";
  text.replace(text.find("nonsense"), 8, "gibberish");
  EXPECT_EQ(words(true), "");
}

} // namespace
