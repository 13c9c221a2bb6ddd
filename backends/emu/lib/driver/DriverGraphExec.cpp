// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs that can be launched: a copy in an order that one thread can follow.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

CUresult instantiate(CUgraphExec *result, CUgraph handle, uint64_t flags) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    constexpr uint64_t known = 15;
    if (!graph || !result || (flags & ~known))
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
      return CUDA_ERROR_NOT_SUPPORTED;
    auto exec = std::make_shared<Exec>();
    exec->graph = cloneGraph(*graph);
    exec->flags = flags;
    if (!sortNodes(*exec->graph))
      return CUDA_ERROR_INVALID_VALUE;
    driver().add(exec, nullptr);
    *result = handleOf<Exec, CUgraphExec>(exec);
    return CUDA_SUCCESS;
  });
}

/// The node of the instantiated graph that `original` became. Launches that
/// are still to run keep what they had.
Node *nodeIn(Exec &exec, CUgraphNode original) {
  if (exec.graph.use_count() > 1)
    exec.graph = cloneGraph(*exec.graph);
  for (const NodePointer &node : exec.graph->nodes)
    if (node->origin == original)
      return node.get();
  return nullptr;
}

template <typename T, typename Make>
CUresult setNode(CUgraphExec handle, CUgraphNode original, Make make) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Exec> exec = find<Exec>(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_VALUE;
    Node *node = nodeIn(*exec, original);
    if (!node || !std::holds_alternative<T>(node->operation))
      return CUDA_ERROR_INVALID_VALUE;
    T fresh;
    if constexpr (std::is_same_v<T, KernelOperation>)
      fresh.attributes = std::get<T>(node->operation).attributes;
    if (CUresult wrong = make(fresh))
      return wrong;
    node->operation = std::move(fresh);
    return CUDA_SUCCESS;
  });
}

/// Events are recorded anew by each launch.
std::shared_ptr<Graph> withMarkers(std::shared_ptr<Graph> graph,
                                   std::vector<WorkPointer> &after) {
  bool any = std::ranges::any_of(graph->nodes, [](const NodePointer &node) {
    return std::holds_alternative<EventOperation>(node->operation);
  });
  if (!any)
    return graph;
  graph = cloneGraph(*graph);
  for (const NodePointer &node : graph->nodes)
    if (auto *event = std::get_if<EventOperation>(&node->operation)) {
      if (event->record)
        event->event->marker = event->marker = std::make_shared<Work>();
      else if (event->event->marker)
        after.push_back(event->event->marker);
    }
  return graph;
}

CUresult launch(Exec &exec, Stream &stream) {
  if (stream.capture)
    return issue(stream, GraphOperation{cloneGraph(*exec.graph)}, nullptr,
                 CU_GRAPH_NODE_TYPE_GRAPH);
  if (stream.role == Stream::Role::Legacy)
    if (CUresult result = checkLegacy(*stream.context))
      return result;
  auto work = std::make_shared<Work>();
  std::shared_ptr<Graph> graph = withMarkers(exec.graph, work->after);
  work->run = [graph] { return perform(GraphOperation{graph}); };
  if (exec.newest && !exec.newest->isDone())
    work->after.push_back(exec.newest);
  exec.newest = work;
  submit(stream, std::move(work));
  return CUDA_SUCCESS;
}

/// Why the graph cannot take the instantiated one's place.
int differences(const Graph &old, const Graph &fresh, CUgraphNode *where) {
  if (old.nodes.size() != fresh.nodes.size())
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  std::unordered_map<const Node *, size_t> oldPlaces, freshPlaces;
  for (size_t i = 0; i < old.nodes.size(); ++i) {
    const Node &a = *old.nodes[i], &b = *fresh.nodes[i];
    oldPlaces[&a] = freshPlaces[&b] = i;
    *where = reinterpret_cast<CUgraphNode>(const_cast<void *>(b.origin));
    if (a.type != b.type)
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    bool same = std::ranges::equal(
        a.after, b.after, [&](const Node *left, const Node *right) {
          return oldPlaces[left] == freshPlaces[right];
        });
    if (!same)
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  }
  *where = nullptr;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                     unsigned long long flags) {
  // That one says in which stream, by the form with parameters.
  return flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD
             ? CUDA_ERROR_INVALID_VALUE
             : instantiate(exec, graph, flags);
}

CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph,
                            CUgraphNode *errorNode, char *log, size_t bytes) {
  if (errorNode)
    *errorNode = nullptr;
  if (log && bytes)
    *log = 0;
  return instantiate(exec, graph, 0);
}

TZ_EMU_ALIAS(cuGraphInstantiate_v2, cuGraphInstantiate);

CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS *params) {
  if (!params)
    return CUDA_ERROR_INVALID_VALUE;
  CUresult result = instantiate(exec, graph, params->flags);
  params->hErrNode_out = nullptr;
  params->result_out = result == CUDA_SUCCESS ? 0 : 1;
  return result;
}

CUresult cuGraphUpload(CUgraphExec exec, CUstream stream) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    return find<Exec>(exec) && streamOf(stream, context)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Exec> exec = find<Exec>(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Stream> stream = streamOf(streamHandle, context);
    return stream ? launch(*exec, *stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphExecDestroy(CUgraphExec handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Exec> exec = find<Exec>(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_VALUE;
    driver().remove(*exec);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphExecGetFlags(CUgraphExec handle, uint64_t *flags) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Exec> exec = find<Exec>(handle);
    if (!exec || !flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = exec->flags;
    return CUDA_SUCCESS;
  });
}

CUresult
cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                  const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return setNode<KernelOperation>(exec, node, [&](KernelOperation &kernel) {
    return parameters ? makeKernel(kernel, *parameters)
                      : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult
cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                               const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  CUDA_KERNEL_NODE_PARAMS wide = {};
  static_cast<CUDA_KERNEL_NODE_PARAMS_v1 &>(wide) = *parameters;
  return cuGraphExecKernelNodeSetParams_v2(exec, node, &wide);
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMCPY3D *copy,
                                        CUcontext context) {
  return setNode<CopyOperation>(exec, node, [&](CopyOperation &operation) {
    return copy && find<Context>(context) ? makeCopy(operation, *copy)
                                          : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMSET_NODE_PARAMS *fill,
                                        CUcontext context) {
  return setNode<FillOperation>(exec, node, [&](FillOperation &operation) {
    return fill && find<Context>(context) ? makeFill(operation, *fill)
                                          : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graphHandle,
                              CUgraphExecUpdateResultInfo *info) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Exec> exec = find<Exec>(handle);
    std::shared_ptr<Graph> graph = find<Graph>(graphHandle);
    if (!exec || !graph || !info)
      return CUDA_ERROR_INVALID_VALUE;
    *info = {};
    std::shared_ptr<Graph> fresh = cloneGraph(*graph);
    info->result = sortNodes(*fresh)
                       ? differences(*exec->graph, *fresh, &info->errorNode)
                       : int(CU_GRAPH_EXEC_UPDATE_ERROR);
    if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS)
      return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    // Nodes go on being known by the graph that was instantiated.
    for (size_t i = 0; i < fresh->nodes.size(); ++i)
      fresh->nodes[i]->origin = exec->graph->nodes[i]->origin;
    exec->graph = std::move(fresh);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph,
                           CUgraphNode *errorNode, int *result) {
  CUgraphExecUpdateResultInfo info = {};
  CUresult answer = cuGraphExecUpdate_v2(exec, graph, &info);
  if (errorNode)
    *errorNode = info.errorNode;
  if (result)
    *result = info.result;
  return answer;
}
}
