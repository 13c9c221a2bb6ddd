// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes of graphs that the program builds itself.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

/// Adds what `make` makes; `make` answers what is wrong with it.
template <typename T, typename Make>
CUresult add(CUgraphNode *result, CUgraph handle, const CUgraphNode *after,
             size_t count, CUgraphNodeType type, Make make) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    if (!graph || !result || (count && !after))
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<NodePointer> earlier;
    for (size_t i = 0; i < count; ++i) {
      NodePointer node = find<Node>(after[i]);
      if (!node || node->graph != graph.get() ||
          std::ranges::find(earlier, node) != earlier.end())
        return CUDA_ERROR_INVALID_VALUE;
      earlier.push_back(std::move(node));
    }
    T operation;
    if (CUresult wrong = make(operation))
      return wrong;
    *result = handleOf<Node, CUgraphNode>(
        addNode(*graph, std::move(operation), type, earlier));
    return CUDA_SUCCESS;
  });
}

template <typename T, typename Use>
CUresult useNode(CUgraphNode handle, Use use) {
  return enter([&](Lock &) -> CUresult {
    NodePointer node = find<Node>(handle);
    auto *operation = node ? std::get_if<T>(&node->operation) : nullptr;
    return operation ? use(*operation) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUDA_KERNEL_NODE_PARAMS widen(const CUDA_KERNEL_NODE_PARAMS_v1 &old) {
  CUDA_KERNEL_NODE_PARAMS wide = {};
  static_cast<CUDA_KERNEL_NODE_PARAMS_v1 &>(wide) = old;
  return wide;
}

CUDA_KERNEL_NODE_PARAMS describe(KernelOperation &kernel) {
  CUDA_KERNEL_NODE_PARAMS asked = {};
  asked.func = handleOf<Function, CUfunction>(kernel.function);
  asked.gridDimX = kernel.grid[0];
  asked.gridDimY = kernel.grid[1];
  asked.gridDimZ = kernel.grid[2];
  asked.blockDimX = kernel.block[0];
  asked.blockDimY = kernel.block[1];
  asked.blockDimZ = kernel.block[2];
  asked.sharedMemBytes = kernel.sharedBytes;
  kernel.pointers.clear();
  for (const auto &parameter : kernel.function->info().parameters)
    kernel.pointers.push_back(kernel.parameters.data() + parameter.offset);
  asked.kernelParams = kernel.pointers.data();
  return asked;
}

template <typename Make>
CUresult addEvent(CUgraphNode *node, CUgraph graph, const CUgraphNode *after,
                  size_t count, CUevent event, CUgraphNodeType type,
                  Make record) {
  return add<EventOperation>(node, graph, after, count, type,
                             [&](EventOperation &operation) -> CUresult {
                               operation.event = find<Event>(event);
                               operation.record = record;
                               return operation.event
                                          ? CUDA_SUCCESS
                                          : CUDA_ERROR_INVALID_HANDLE;
                             });
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph,
                                 const CUgraphNode *after, size_t count,
                                 const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return add<KernelOperation>(node, graph, after, count,
                              CU_GRAPH_NODE_TYPE_KERNEL,
                              [&](KernelOperation &operation) {
                                return parameters
                                           ? makeKernel(operation, *parameters)
                                           : CUDA_ERROR_INVALID_VALUE;
                              });
}

CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *after, size_t count,
                              const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  CUDA_KERNEL_NODE_PARAMS wide = widen(*parameters);
  return cuGraphAddKernelNode_v2(node, graph, after, count, &wide);
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *after, size_t count,
                              const CUDA_MEMCPY3D *copy, CUcontext context) {
  return add<CopyOperation>(node, graph, after, count,
                            CU_GRAPH_NODE_TYPE_MEMCPY,
                            [&](CopyOperation &operation) -> CUresult {
                              if (!copy || !find<Context>(context))
                                return CUDA_ERROR_INVALID_VALUE;
                              return makeCopy(operation, *copy);
                            });
}

CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *after, size_t count,
                              const CUDA_MEMSET_NODE_PARAMS *fill,
                              CUcontext context) {
  return add<FillOperation>(node, graph, after, count,
                            CU_GRAPH_NODE_TYPE_MEMSET,
                            [&](FillOperation &operation) -> CUresult {
                              if (!fill || !find<Context>(context))
                                return CUDA_ERROR_INVALID_VALUE;
                              return makeFill(operation, *fill);
                            });
}

CUresult cuGraphAddHostNode(CUgraphNode *node, CUgraph graph,
                            const CUgraphNode *after, size_t count,
                            const CUDA_HOST_NODE_PARAMS *host) {
  return add<HostOperation>(node, graph, after, count, CU_GRAPH_NODE_TYPE_HOST,
                            [&](HostOperation &operation) -> CUresult {
                              if (!host || !host->fn)
                                return CUDA_ERROR_INVALID_VALUE;
                              operation.asked = *host;
                              return CUDA_SUCCESS;
                            });
}

CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph,
                             const CUgraphNode *after, size_t count) {
  return add<EmptyOperation>(node, graph, after, count,
                             CU_GRAPH_NODE_TYPE_EMPTY,
                             [](EmptyOperation &) { return CUDA_SUCCESS; });
}

CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph,
                                  const CUgraphNode *after, size_t count,
                                  CUgraph child) {
  return add<GraphOperation>(
      node, graph, after, count, CU_GRAPH_NODE_TYPE_GRAPH,
      [&](GraphOperation &operation) -> CUresult {
        std::shared_ptr<Graph> original = find<Graph>(child);
        if (!original || child == graph)
          return CUDA_ERROR_INVALID_VALUE;
        operation.graph = cloneGraph(*original);
        return CUDA_SUCCESS;
      });
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph,
                                   const CUgraphNode *after, size_t count,
                                   CUevent event) {
  return addEvent(node, graph, after, count, event,
                  CU_GRAPH_NODE_TYPE_EVENT_RECORD, true);
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph,
                                 const CUgraphNode *after, size_t count,
                                 CUevent event) {
  return addEvent(node, graph, after, count, event,
                  CU_GRAPH_NODE_TYPE_WAIT_EVENT, false);
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node,
                                       CUDA_KERNEL_NODE_PARAMS *parameters) {
  return useNode<KernelOperation>(node, [&](KernelOperation &kernel) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    *parameters = describe(kernel);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphKernelNodeGetParams(CUgraphNode node,
                                    CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  CUDA_KERNEL_NODE_PARAMS wide = {};
  CUresult result = cuGraphKernelNodeGetParams_v2(node, &wide);
  if (result == CUDA_SUCCESS && parameters)
    *parameters = wide;
  return parameters ? result : CUDA_ERROR_INVALID_VALUE;
}

CUresult
cuGraphKernelNodeSetParams_v2(CUgraphNode node,
                              const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return useNode<KernelOperation>(node, [&](KernelOperation &kernel) {
    KernelOperation fresh;
    fresh.attributes = kernel.attributes;
    CUresult wrong =
        parameters ? makeKernel(fresh, *parameters) : CUDA_ERROR_INVALID_VALUE;
    if (wrong == CUDA_SUCCESS)
      kernel = std::move(fresh);
    return wrong;
  });
}

CUresult
cuGraphKernelNodeSetParams(CUgraphNode node,
                           const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  CUDA_KERNEL_NODE_PARAMS wide = widen(*parameters);
  return cuGraphKernelNodeSetParams_v2(node, &wide);
}

CUresult cuGraphKernelNodeSetAttribute(CUgraphNode node, CUlaunchAttributeID id,
                                       const CUlaunchAttributeValue *value) {
  return useNode<KernelOperation>(node, [&](KernelOperation &kernel) {
    KernelOperation changed = kernel;
    CUresult wrong = setAttribute(changed.attributes, id, value, NodeOwner);
    if (!wrong)
      wrong = checkCooperative(changed);
    if (!wrong)
      kernel.attributes = std::move(changed.attributes);
    return wrong;
  });
}

CUresult cuGraphKernelNodeGetAttribute(CUgraphNode node, CUlaunchAttributeID id,
                                       CUlaunchAttributeValue *value) {
  return useNode<KernelOperation>(node, [&](KernelOperation &kernel) {
    return getAttribute(kernel.attributes, id, value, NodeOwner);
  });
}

CUresult cuGraphKernelNodeCopyAttributes(CUgraphNode to, CUgraphNode from) {
  return useNode<KernelOperation>(from, [&](KernelOperation &source) {
    return useNode<KernelOperation>(to, [&](KernelOperation &kernel) {
      KernelOperation changed = kernel;
      changed.attributes = source.attributes;
      CUresult wrong = checkCooperative(changed);
      if (!wrong)
        kernel.attributes = std::move(changed.attributes);
      return wrong;
    });
  });
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *copy) {
  return useNode<CopyOperation>(node, [&](CopyOperation &operation) {
    if (!copy)
      return CUDA_ERROR_INVALID_VALUE;
    *copy = operation.asked;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphMemsetNodeGetParams(CUgraphNode node,
                                    CUDA_MEMSET_NODE_PARAMS *fill) {
  return useNode<FillOperation>(node, [&](FillOperation &operation) {
    if (!fill)
      return CUDA_ERROR_INVALID_VALUE;
    *fill = operation.asked;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphHostNodeGetParams(CUgraphNode node,
                                  CUDA_HOST_NODE_PARAMS *host) {
  return useNode<HostOperation>(node, [&](HostOperation &operation) {
    if (!host)
      return CUDA_ERROR_INVALID_VALUE;
    *host = operation.asked;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph) {
  return useNode<GraphOperation>(node, [&](GraphOperation &operation) {
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    if (!operation.graph->handle) {
      driver().add(operation.graph, nullptr);
      for (const NodePointer &inner : operation.graph->nodes)
        driver().add(inner, nullptr);
    }
    *graph = handleOf<Graph, CUgraph>(operation.graph);
    return CUDA_SUCCESS;
  });
}
}
