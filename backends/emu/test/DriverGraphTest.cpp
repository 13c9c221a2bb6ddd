// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's entry points: capture of streams, and graphs.
#include "DriverHarness.h"

using namespace terrazzo::emu::test;

namespace {

class GraphTest : public DriverTest {
protected:
  void SetUp() override {
    DriverTest::SetUp();
    function = scale();
    memory = upload({1});
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  }
  CUDA_KERNEL_NODE_PARAMS scaleNode() {
    CUDA_KERNEL_NODE_PARAMS node = {};
    node.func = function;
    node.gridDimX = node.gridDimY = node.gridDimZ = 1;
    node.blockDimX = 32;
    node.blockDimY = node.blockDimZ = 1;
    node.kernelParams = arguments;
    return node;
  }
  CUdeviceptr memory = 0;
  long long count = 1;
  void *arguments[2] = {&memory, &count};
  CUfunction function = nullptr;
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec exec = nullptr;
};

TEST_F(GraphTest, WorkIsCapturedAndRepeated) {
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
            CUDA_SUCCESS);
  ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
  CUstreamCaptureStatus status;
  uint64_t id = 0;
  EXPECT_EQ(cuStreamGetCaptureInfo(stream, &status, &id), CUDA_SUCCESS);
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
  EXPECT_NE(id, 0u);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  CUgraph none;
  EXPECT_EQ(cuStreamEndCapture(stream, &none), CUDA_ERROR_ILLEGAL_STATE);
  size_t nodes = 0, roots = 0, edges = 0;
  EXPECT_EQ(cuGraphGetNodes(graph, nullptr, &nodes), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphGetRootNodes(graph, nullptr, &roots), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphGetEdges(graph, nullptr, nullptr, &edges), CUDA_SUCCESS);
  EXPECT_EQ(nodes, 2u);
  EXPECT_EQ(roots, 1u);
  EXPECT_EQ(edges, 1u);
  EXPECT_EQ(first(memory), 1);
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 64);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

TEST_F(GraphTest, CaptureSpreadsThroughEvents) {
  CUstream other;
  CUevent fork, join;
  CUdeviceptr second = upload({1});
  ASSERT_EQ(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&fork, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&join, 0), CUDA_SUCCESS);
  for (bool joined : {true, false}) {
    ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED),
              CUDA_SUCCESS);
    ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(fork, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamWaitEvent(other, fork, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuMemcpyDtoDAsync_v2(second, memory, 4, other), CUDA_SUCCESS);
    EXPECT_EQ(cuEventQuery(fork), CUDA_ERROR_CAPTURED_EVENT);
    EXPECT_EQ(cuStreamEndCapture(other, &graph),
              CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    if (!joined) {
      EXPECT_EQ(cuStreamEndCapture(stream, &graph),
                CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
      EXPECT_EQ(graph, nullptr);
      break;
    }
    ASSERT_EQ(cuEventRecord(join, other), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamWaitEvent(stream, join, 0), CUDA_SUCCESS);
    ASSERT_EQ(launchScale(function, second, 1, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    EXPECT_EQ(first(second), 4);
    EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
    EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  }
  EXPECT_EQ(launchScale(function, second, 1, other), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(other), CUDA_SUCCESS);
}

/// Once it is joined, nothing of the capture depends on the stream.
TEST_F(GraphTest, AJoinedStreamMayGo) {
  CUevent fork, join;
  ASSERT_EQ(cuEventCreate(&fork, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&join, 0), CUDA_SUCCESS);
  for (bool joined : {true, false}) {
    CUstream side;
    ASSERT_EQ(cuStreamCreate(&side, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED),
              CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(fork, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamWaitEvent(side, fork, 0), CUDA_SUCCESS);
    ASSERT_EQ(launchScale(function, memory, 1, side), CUDA_SUCCESS);
    if (joined) {
      ASSERT_EQ(cuEventRecord(join, side), CUDA_SUCCESS);
      ASSERT_EQ(cuStreamWaitEvent(stream, join, 0), CUDA_SUCCESS);
    }
    ASSERT_EQ(cuStreamDestroy_v2(side), CUDA_SUCCESS);
    EXPECT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamEndCapture(stream, &graph),
              joined ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    size_t nodes = 0;
    if (joined) {
      EXPECT_EQ(cuGraphGetNodes(graph, nullptr, &nodes), CUDA_SUCCESS);
      EXPECT_EQ(nodes, 2u);
      EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
    }
  }
}

TEST_F(GraphTest, DependenciesOfACaptureHaveTheirEdges) {
  CUstreamCaptureStatus status;
  const CUgraphNode *nodes = nullptr;
  const CUgraphEdgeData *edges = nullptr;
  size_t number = 0;
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED),
            CUDA_SUCCESS);
  ASSERT_EQ(launchScale(function, memory, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamGetCaptureInfo_v3(stream, &status, nullptr, nullptr, &nodes,
                                      &edges, &number),
            CUDA_SUCCESS);
  ASSERT_EQ(number, 1u);
  ASSERT_NE(edges, nullptr);
  EXPECT_EQ(edges[0].type, 0);
  // What was given can be given back.
  EXPECT_EQ(cuStreamUpdateCaptureDependencies_v2(
                stream, const_cast<CUgraphNode *>(nodes), edges, number, 1),
            CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST_F(GraphTest, WaitingBreaksACapture) {
  CUdeviceptr other;
  auto broken = [&](auto call, CUresult expected) {
    ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
              CUDA_SUCCESS);
    EXPECT_EQ(call(), expected);
    EXPECT_EQ(launchScale(function, memory, 1, stream),
              CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    EXPECT_EQ(cuStreamEndCapture(stream, &graph),
              CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  };
  CUresult unsupported = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  broken([&] { return cuStreamSynchronize(stream); }, unsupported);
  broken([&] { return cuStreamQuery(stream); }, unsupported);
  broken([&] { return cuCtxSynchronize(); }, unsupported);
  broken([&] { return cuMemAlloc_v2(&other, 16); }, unsupported);
  broken([&] { return cuMemFree_v2(memory); }, unsupported);
  float value = 0;
  broken([&] { return cuMemcpyDtoH_v2(&value, memory, 4); }, unsupported);
  EXPECT_EQ(cuStreamBeginCapture_v2(nullptr, 0), unsupported);
  // The legacy stream would have to wait for a blocking one's capture.
  CUstream blocking;
  ASSERT_EQ(cuStreamCreate(&blocking, CU_STREAM_DEFAULT), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamBeginCapture_v2(blocking, CU_STREAM_CAPTURE_MODE_RELAXED),
            CUDA_SUCCESS);
  EXPECT_EQ(launchScale(function, memory, 1, nullptr),
            CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  EXPECT_EQ(cuStreamEndCapture(blocking, &graph),
            CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(first(memory), 1);
}

TEST_F(GraphTest, ModesDecideWhoIsDisturbed) {
  CUdeviceptr other = 0;
  CUresult elsewhere = CUDA_SUCCESS;
  auto allocateElsewhere = [&] {
    std::thread([&] {
      cuCtxSetCurrent(context);
      elsewhere = cuMemAlloc_v2(&other, 16);
    }).join();
    return elsewhere;
  };
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED),
            CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc_v2(&other, 16), CUDA_SUCCESS);
  EXPECT_EQ(allocateElsewhere(), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  cuGraphDestroy(graph);
  ASSERT_EQ(
      cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
      CUDA_SUCCESS);
  EXPECT_EQ(allocateElsewhere(), CUDA_SUCCESS);
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(&mode), CUDA_SUCCESS);
  EXPECT_EQ(mode, CU_STREAM_CAPTURE_MODE_GLOBAL);
  EXPECT_EQ(cuMemAlloc_v2(&other, 16), CUDA_SUCCESS);
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(&mode), CUDA_SUCCESS);
  CUresult wrongThread = CUDA_SUCCESS;
  std::thread([&] {
    cuCtxSetCurrent(context);
    wrongThread = cuStreamEndCapture(stream, &graph);
  }).join();
  EXPECT_EQ(wrongThread, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  cuGraphDestroy(graph);
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
            CUDA_SUCCESS);
  EXPECT_EQ(allocateElsewhere(), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph),
            CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
}

TEST_F(GraphTest, MemoryOfAGraphLivesAsLongAsIt) {
  CUdeviceptr own = 0;
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
            CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocAsync(&own, 64, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoDAsync_v2(own, memory, 4, stream), CUDA_SUCCESS);
  ASSERT_EQ(launchScale(function, own, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoDAsync_v2(memory, own, 4, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFreeAsync(own, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 4);
  ASSERT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
  terrazzoEmuObjects objects;
  terrazzoEmuLiveObjects(&objects);
  EXPECT_EQ(objects.allocations, 1u);
}

TEST_F(GraphTest, NodesRunInTheOrderOfTheirEdges) {
  CUgraphNode fill, kernel, host, copy, empty;
  CUdeviceptr result = upload({0});
  std::atomic<int> calls{0};
  ASSERT_EQ(cuGraphCreate(&graph, 0), CUDA_SUCCESS);
  // Added backwards; the edges come later.
  CUDA_MEMCPY3D back = {};
  back.srcMemoryType = back.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  back.srcDevice = memory;
  back.dstDevice = result;
  back.WidthInBytes = 4;
  back.Height = back.Depth = 1;
  ASSERT_EQ(cuGraphAddMemcpyNode(&copy, graph, nullptr, 0, &back, context),
            CUDA_SUCCESS);
  CUDA_KERNEL_NODE_PARAMS node = scaleNode();
  ASSERT_EQ(cuGraphAddKernelNode_v2(&kernel, graph, nullptr, 0, &node),
            CUDA_SUCCESS);
  CUDA_MEMSET_NODE_PARAMS three = {memory, 0, 0x40400000, 4, 1, 1};
  ASSERT_EQ(cuGraphAddMemsetNode(&fill, graph, nullptr, 0, &three, context),
            CUDA_SUCCESS);
  CUDA_HOST_NODE_PARAMS call = {Gate::count, &calls};
  ASSERT_EQ(cuGraphAddHostNode(&host, graph, &fill, 1, &call), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddEmptyNode(&empty, graph, &copy, 1), CUDA_SUCCESS);
  CUgraphNode from[] = {fill, kernel}, to[] = {kernel, copy};
  ASSERT_EQ(cuGraphAddDependencies(graph, from, to, 2), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphAddDependencies(graph, from, to, 1),
            CUDA_ERROR_INVALID_VALUE);
  CUgraphNodeType type;
  EXPECT_EQ(cuGraphNodeGetType(fill, &type), CUDA_SUCCESS);
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_MEMSET);
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(result), 6);
  EXPECT_EQ(calls, 1);

  // Another kernel's arguments for the instantiated graph only.
  CUDA_KERNEL_NODE_PARAMS known;
  ASSERT_EQ(cuGraphKernelNodeGetParams_v2(kernel, &known), CUDA_SUCCESS);
  EXPECT_EQ(known.func, function);
  EXPECT_EQ(*static_cast<CUdeviceptr *>(known.kernelParams[0]), memory);
  count = 0;
  ASSERT_EQ(cuGraphExecKernelNodeSetParams_v2(exec, kernel, &node),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(result), 3);
  // And back, by taking over the graph, which still has the old ones.
  CUgraphExecUpdateResultInfo info;
  ASSERT_EQ(cuGraphExecUpdate_v2(exec, graph, &info), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(result), 6);
  CUgraph clone;
  CUgraphNode image;
  ASSERT_EQ(cuGraphClone(&clone, graph), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphNodeFindInClone(&image, kernel, clone), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroyNode(image), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphExecUpdate_v2(exec, clone, &info),
            CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  EXPECT_EQ(info.result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  // A circle can be drawn but not run.
  ASSERT_EQ(cuGraphAddDependencies(graph, &empty, &fill, 1), CUDA_SUCCESS);
  CUgraphExec none;
  EXPECT_EQ(cuGraphInstantiateWithFlags(&none, graph, 0),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDestroy(clone), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

TEST_F(GraphTest, GraphsAreNodesOfGraphs) {
  CUgraph outer, inner;
  CUgraphNode node, child;
  ASSERT_EQ(cuGraphCreate(&inner, 0), CUDA_SUCCESS);
  CUDA_KERNEL_NODE_PARAMS kernel = scaleNode();
  ASSERT_EQ(cuGraphAddKernelNode_v2(&node, inner, nullptr, 0, &kernel),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphCreate(&outer, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddChildGraphNode(&child, outer, nullptr, 0, inner),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddKernelNode_v2(&node, outer, &child, 1, &kernel),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroy(inner), CUDA_SUCCESS);
  CUgraph seen;
  size_t nodes = 0;
  ASSERT_EQ(cuGraphChildGraphNodeGetGraph(child, &seen), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphGetNodes(seen, nullptr, &nodes), CUDA_SUCCESS);
  EXPECT_EQ(nodes, 1u);
  ASSERT_EQ(cuGraphInstantiate(&exec, outer, nullptr, nullptr, 0),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphDestroy(outer), CUDA_SUCCESS);
  // A launch that is captured becomes a node too.
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
            CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  CUgraphExec twice;
  ASSERT_EQ(cuGraphInstantiateWithFlags(&twice, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphLaunch(twice, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(first(memory), 16);
  for (CUgraphExec each : {exec, twice})
    EXPECT_EQ(cuGraphExecDestroy(each), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
}

} // namespace
