// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs, and how streams' work is captured into them.
#pragma once

#include "driver/DriverOperation.h"

namespace terrazzo::emu::driver {

struct Node : Object {
  static constexpr Kind kindOf = Kind::Node;
  Node() : Object(kindOf) {}
  CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
  Operation operation;
  Graph *graph = nullptr;
  std::vector<Node *> after;    ///< of the same graph
  const void *origin = nullptr; ///< handle of the node that it is a clone of
};

/// Memory that nodes of a graph allocate; shared by its clones.
struct GraphMemory {
  ~GraphMemory();
  std::vector<std::pair<Device *, uint64_t>> blocks;
};

struct Graph : Object {
  static constexpr Kind kindOf = Kind::Graph;
  Graph() : Object(kindOf), memory(std::make_shared<GraphMemory>()) {}
  std::vector<NodePointer> nodes; ///< in the order in which they were added
  std::shared_ptr<GraphMemory> memory;
};

struct Exec : Object {
  static constexpr Kind kindOf = Kind::Exec;
  Exec() : Object(kindOf) {}
  std::shared_ptr<Graph> graph; ///< its own copy, in an order that can be run
  uint64_t flags = 0;
  WorkPointer newest; ///< launches of one do not overlap
};

struct Capture {
  uint64_t number = 0;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  uint64_t thread = 0;
  bool invalid = false;
  Stream *origin = nullptr;
  std::vector<Stream *> members; ///< the origin and streams that joined
  std::shared_ptr<Graph> graph;
};

/// A node of the graph behind those of `after`; registered with the driver.
NodePointer addNode(Graph &graph, Operation operation, CUgraphNodeType type,
                    const std::vector<NodePointer> &after);
std::shared_ptr<Graph> cloneGraph(const Graph &graph);
/// Puts every node behind those it comes after; false when there is a cycle.
bool sortNodes(Graph &graph);
/// Takes the graph and its nodes from the driver's handles.
void forgetGraph(Graph &graph);

/// Operations as the program asks for them, checked; success, or what is wrong.
CUresult makeKernel(KernelOperation &operation,
                    const CUDA_KERNEL_NODE_PARAMS &asked);
CUresult makeCopy(CopyOperation &operation, const CUDA_MEMCPY3D &asked);
CUresult makeFill(FillOperation &operation,
                  const CUDA_MEMSET_NODE_PARAMS &asked);

/// Success, or why a cooperative kernel's blocks cannot all be there at once.
CUresult checkCooperative(const KernelOperation &operation);

/// Who has an attribute.
enum AttributeOwner { LaunchOwner = 1, NodeOwner = 2, StreamOwner = 4 };
/// Success, or why the owner cannot have the attribute with this value.
CUresult checkAttribute(CUlaunchAttributeID id,
                        const CUlaunchAttributeValue &value,
                        AttributeOwner owner);
CUresult setAttribute(Attributes &attributes, CUlaunchAttributeID id,
                      const CUlaunchAttributeValue *value,
                      AttributeOwner owner);
CUresult getAttribute(const Attributes &attributes, CUlaunchAttributeID id,
                      CUlaunchAttributeValue *value, AttributeOwner owner);

/// What was given to the stream so far comes before the event.
CUresult recordEvent(const std::shared_ptr<Event> &event, Stream &stream,
                     bool external);

/// Whether a fill without a stream is done when it returns.
bool isFilledAtOnce(CUdeviceptr address, const Context &context);

/// Success, or why the calling thread may now do nothing that might wait for
/// the device or allocate: captures that this breaks are invalidated.
CUresult checkUnsafe();
/// The same for work in the legacy stream beside captures of blocking streams.
CUresult checkLegacy(Context &context);
/// Ends the stream's part in a capture.
void abandonCapture(Stream &stream);
void invalidateCapture(Stream &stream);

} // namespace terrazzo::emu::driver
