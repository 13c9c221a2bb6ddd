// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Newer forms of entry points that say more: of edges, how their ends are
// connected (only the plain way exists here), of memory, which node it should
// be near (all of it is equally near).
#include "driver/DriverState.h"

#include <cstring>

namespace {

bool arePlain(const CUgraphEdgeData *edges, size_t count) {
  constexpr CUgraphEdgeData plain = {};
  for (size_t i = 0; edges && i < count; ++i)
    if (memcmp(&edges[i], &plain, sizeof(plain)) != 0)
      return false;
  return true;
}

/// After a list of nodes: as many edges, all plain.
CUresult listPlain(CUresult listed, CUgraphEdgeData *edges,
                   const size_t *count) {
  if (listed == CUDA_SUCCESS && edges)
    memset(edges, 0, *count * sizeof(*edges));
  return listed;
}

} // namespace

extern "C" {

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                   const CUgraphNode *to,
                                   const CUgraphEdgeData *edges, size_t count) {
  return arePlain(edges, count) ? cuGraphAddDependencies(graph, from, to, count)
                                : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                      const CUgraphNode *to,
                                      const CUgraphEdgeData *edges,
                                      size_t count) {
  return arePlain(edges, count)
             ? cuGraphRemoveDependencies(graph, from, to, count)
             : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *edges, size_t *count) {
  return listPlain(cuGraphGetEdges(graph, from, to, count), edges, count);
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *nodes,
                                       CUgraphEdgeData *edges, size_t *count) {
  return listPlain(cuGraphNodeGetDependencies(node, nodes, count), edges,
                   count);
}

CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *nodes,
                                         CUgraphEdgeData *edges,
                                         size_t *count) {
  return listPlain(cuGraphNodeGetDependentNodes(node, nodes, count), edges,
                   count);
}

CUresult cuStreamUpdateCaptureDependencies_v2(CUstream stream,
                                              CUgraphNode *nodes,
                                              const CUgraphEdgeData *edges,
                                              size_t count, unsigned flags) {
  return arePlain(edges, count)
             ? cuStreamUpdateCaptureDependencies(stream, nodes, count, flags)
             : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuMemAdvise_v2(CUdeviceptr address, size_t bytes, int advice,
                        CUmemLocation location) {
  return cuMemAdvise(address, bytes, advice, location.id);
}

CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t bytes,
                               CUmemLocation location, unsigned flags,
                               CUstream stream) {
  return flags ? CUDA_ERROR_INVALID_VALUE
               : cuMemPrefetchAsync(address, bytes, location.id, stream);
}
}
