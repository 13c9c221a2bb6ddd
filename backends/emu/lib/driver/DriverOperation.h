// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One piece of asynchronous work: what a stream does, and what a graph's node
// holds. `issue` gives it to a stream: to be done in its order, or, while the
// stream captures, as a node of the graph that is being made.
#pragma once

#include "driver/DriverState.h"

#include <variant>

namespace terrazzo::emu::driver {

struct EmptyOperation {};

struct KernelOperation {
  std::shared_ptr<Function> function;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  uint32_t sharedBytes = 0;
  std::vector<uint8_t> parameters;
  Attributes attributes;
  bool isCooperative() const {
    auto found = attributes.find(CU_LAUNCH_ATTRIBUTE_COOPERATIVE);
    return found != attributes.end() && found->second.number != 0;
  }
  std::vector<void *> pointers; ///< lent by cuGraphKernelNodeGetParams
};

/// A box of bytes between two places in this machine's memory.
struct CopyOperation {
  const uint8_t *from = nullptr;
  uint8_t *to = nullptr;
  size_t width = 0, height = 1, depth = 1; ///< width in bytes
  size_t fromPitch = 0, fromSlice = 0, toPitch = 0, toSlice = 0;
  bool fromDevice = false, toDevice = false;
  std::shared_ptr<std::vector<uint8_t>> staged; ///< that `from` points into
  CUDA_MEMCPY3D asked = {};
};

struct FillOperation {
  CUDA_MEMSET_NODE_PARAMS asked = {};
};

struct HostOperation {
  CUDA_HOST_NODE_PARAMS asked = {};
};

/// cuStreamAddCallback's, which hears of errors.
struct CallbackOperation {
  CUstreamCallback function;
  CUstream stream;
  void *userData;
};

struct FreeOperation {
  uint64_t address;
};

struct AllocateOperation {
  uint64_t address;
  size_t bytes;
};

struct EventOperation {
  std::shared_ptr<Event> event;
  bool record;        ///< false: wait
  WorkPointer marker; ///< of one launch
};

struct GraphOperation {
  std::shared_ptr<Graph> graph;
};

using Operation =
    std::variant<EmptyOperation, KernelOperation, CopyOperation, FillOperation,
                 HostOperation, CallbackOperation, FreeOperation,
                 AllocateOperation, EventOperation, GraphOperation>;

/// Does it on this thread. Not under the lock.
CUresult perform(const Operation &operation);

/// Words on what a kernel did wrong, with its name.
std::string faultOf(const Function &function, const Outcome &outcome);

/// Memory that cuMemFreeAsync gives back; takes the lock.
void releaseAllocation(uint64_t address);

/// The stream of a handle (0, 1, 2 are the default ones); null: unknown.
std::shared_ptr<Stream> streamOf(CUstream handle, Context &context);

/// Null with `work` set to what was queued, if anything was; or the error.
CUresult issue(Stream &stream, Operation operation, WorkPointer *work = nullptr,
               CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY);
/// Queues work behind what the stream's order says. The stream captures not.
void submit(Stream &stream, WorkPointer work);

} // namespace terrazzo::emu::driver
