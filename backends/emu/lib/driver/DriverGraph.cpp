// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs as a structure: made, copied, put in order, asked.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

GraphMemory::~GraphMemory() {
  Driver &state = driver();
  Lock lock(state.mutex);
  for (const auto &[device, address] : blocks) {
    device->memory.release(address);
    state.allocations.erase(address);
  }
}

NodePointer addNode(Graph &graph, Operation operation, CUgraphNodeType type,
                    const std::vector<NodePointer> &after) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->operation = std::move(operation);
  node->graph = &graph;
  for (const NodePointer &earlier : after)
    node->after.push_back(earlier.get());
  driver().add(node, nullptr);
  graph.nodes.push_back(node);
  return node;
}

std::shared_ptr<Graph> cloneGraph(const Graph &graph) {
  auto clone = std::make_shared<Graph>();
  clone->memory = graph.memory;
  std::unordered_map<const Node *, Node *> images;
  for (const NodePointer &node : graph.nodes) {
    auto image = std::make_shared<Node>();
    image->type = node->type;
    image->operation = node->operation;
    image->graph = clone.get();
    image->origin = node->handle ? node->handle : node->origin;
    if (auto *child = std::get_if<GraphOperation>(&image->operation))
      child->graph = cloneGraph(*child->graph);
    images[node.get()] = image.get();
    clone->nodes.push_back(std::move(image));
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (Node *earlier : graph.nodes[i]->after)
      clone->nodes[i]->after.push_back(images.at(earlier));
  return clone;
}

bool sortNodes(Graph &graph) {
  std::unordered_map<const Node *, bool> placed;
  std::vector<NodePointer> sorted, left = graph.nodes;
  while (!left.empty()) {
    size_t before = left.size();
    std::vector<NodePointer> later;
    for (NodePointer &node : left) {
      bool ready = std::ranges::all_of(
          node->after, [&](const Node *earlier) { return placed[earlier]; });
      if (ready) {
        placed[node.get()] = true;
        sorted.push_back(std::move(node));
      } else {
        later.push_back(std::move(node));
      }
    }
    left = std::move(later);
    if (left.size() == before)
      return false;
  }
  graph.nodes = std::move(sorted);
  for (const NodePointer &node : graph.nodes)
    if (auto *child = std::get_if<GraphOperation>(&node->operation))
      if (!sortNodes(*child->graph))
        return false;
  return true;
}

void forgetGraph(Graph &graph) {
  for (const NodePointer &node : graph.nodes) {
    if (auto *child = std::get_if<GraphOperation>(&node->operation))
      forgetGraph(*child->graph);
    driver().remove(*node);
  }
  driver().remove(graph);
}

namespace {

/// Gives a clone and its nodes handles.
void lendHandles(const std::shared_ptr<Graph> &graph) {
  driver().add(graph, nullptr);
  for (const NodePointer &node : graph->nodes)
    driver().add(node, nullptr);
}

/// The protocol of all functions that list nodes: without a place for them
/// `count` becomes their number, else as many as fit are written and the rest
/// of the places cleared.
CUresult list(const std::vector<CUgraphNode> &all, CUgraphNode *places,
              size_t *count) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  if (!places) {
    *count = all.size();
    return CUDA_SUCCESS;
  }
  for (size_t i = 0; i < *count; ++i)
    places[i] = i < all.size() ? all[i] : nullptr;
  *count = std::min(*count, all.size());
  return CUDA_SUCCESS;
}

CUgraphNode handleOfNode(const Node &node) {
  return reinterpret_cast<CUgraphNode>(node.handle);
}

template <typename Keep>
CUresult listNodes(CUgraph handle, CUgraphNode *places, size_t *count,
                   Keep keep) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<CUgraphNode> all;
    for (const NodePointer &node : graph->nodes)
      if (keep(*node))
        all.push_back(handleOfNode(*node));
    return list(all, places, count);
  });
}

template <typename Change>
CUresult changeEdges(CUgraph handle, const CUgraphNode *from,
                     const CUgraphNode *to, size_t count, Change change) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    if (!graph || (count && (!from || !to)))
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count; ++i) {
      NodePointer earlier = find<Node>(from[i]), later = find<Node>(to[i]);
      if (!earlier || !later || earlier == later ||
          earlier->graph != graph.get() || later->graph != graph.get() ||
          !change(earlier.get(), later->after))
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
  });
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuGraphCreate(CUgraph *graph, unsigned flags) {
  return enter([&](Lock &) -> CUresult {
    if (!graph || flags)
      return CUDA_ERROR_INVALID_VALUE;
    auto fresh = std::make_shared<Graph>();
    driver().add(fresh, nullptr);
    *graph = handleOf<Graph, CUgraph>(fresh);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroy(CUgraph handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    forgetGraph(*graph);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphClone(CUgraph *clone, CUgraph original) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(original);
    if (!graph || !clone)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Graph> fresh = cloneGraph(*graph);
    lendHandles(fresh);
    *clone = handleOf<Graph, CUgraph>(fresh);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeFindInClone(CUgraphNode *found, CUgraphNode original,
                                CUgraph clone) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(clone);
    if (!graph || !found)
      return CUDA_ERROR_INVALID_VALUE;
    for (const NodePointer &node : graph->nodes)
      if (node->origin == original) {
        *found = handleOfNode(*node);
        return CUDA_SUCCESS;
      }
    return CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from,
                                const CUgraphNode *to, size_t count) {
  return changeEdges(graph, from, to, count,
                     [](Node *earlier, std::vector<Node *> &after) {
                       if (std::ranges::find(after, earlier) != after.end())
                         return false;
                       after.push_back(earlier);
                       return true;
                     });
}

CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from,
                                   const CUgraphNode *to, size_t count) {
  return changeEdges(graph, from, to, count,
                     [](Node *earlier, std::vector<Node *> &after) {
                       return std::erase(after, earlier) > 0;
                     });
}

CUresult cuGraphDestroyNode(CUgraphNode handle) {
  return enter([&](Lock &) -> CUresult {
    NodePointer node = find<Node>(handle);
    if (!node)
      return CUDA_ERROR_INVALID_VALUE;
    for (const NodePointer &other : node->graph->nodes)
      std::erase(other->after, node.get());
    std::erase(node->graph->nodes, node);
    if (auto *child = std::get_if<GraphOperation>(&node->operation))
      forgetGraph(*child->graph);
    driver().remove(*node);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  return listNodes(graph, nodes, count, [](const Node &) { return true; });
}

CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  return listNodes(graph, nodes, count,
                   [](const Node &node) { return node.after.empty(); });
}

CUresult cuGraphGetEdges(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
                         size_t *count) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Graph> graph = find<Graph>(handle);
    if (!graph || !count || !from != !to)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<CUgraphNode> sources, targets;
    for (const NodePointer &node : graph->nodes)
      for (const Node *earlier : node->after) {
        sources.push_back(handleOfNode(*earlier));
        targets.push_back(handleOfNode(*node));
      }
    size_t room = *count;
    list(sources, from, &room);
    return list(targets, to, count);
  });
}

CUresult cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type) {
  return enter([&](Lock &) -> CUresult {
    NodePointer node = find<Node>(handle);
    if (!node || !type)
      return CUDA_ERROR_INVALID_VALUE;
    *type = node->type;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetDependencies(CUgraphNode handle, CUgraphNode *nodes,
                                    size_t *count) {
  return enter([&](Lock &) -> CUresult {
    NodePointer node = find<Node>(handle);
    if (!node)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<CUgraphNode> all;
    for (const Node *earlier : node->after)
      all.push_back(handleOfNode(*earlier));
    return list(all, nodes, count);
  });
}

CUresult cuGraphNodeGetDependentNodes(CUgraphNode handle, CUgraphNode *nodes,
                                      size_t *count) {
  return enter([&](Lock &) -> CUresult {
    NodePointer node = find<Node>(handle);
    if (!node)
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<CUgraphNode> all;
    for (const NodePointer &other : node->graph->nodes)
      if (std::ranges::find(other->after, node.get()) != other->after.end())
        all.push_back(handleOfNode(*other));
    return list(all, nodes, count);
  });
}
}
