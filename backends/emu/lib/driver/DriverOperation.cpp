// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "driver/DriverOperation.h"
#include "driver/DriverCapture.h"

#include <cstring>

namespace terrazzo::emu::driver {

std::string faultOf(const Function &function, const Outcome &outcome) {
  std::string kernel = "kernel '" + function.info().name + "'";
  return outcome.text.find(kernel) == std::string::npos
             ? kernel + ": " + outcome.text
             : outcome.text;
}

namespace {

CUresult run(const KernelOperation &kernel) {
  Module::Launch launch;
  launch.kernel = kernel.function->index;
  launch.grid = kernel.grid;
  launch.block = kernel.block;
  launch.dynamicSharedBytes = kernel.sharedBytes;
  launch.parameters = kernel.parameters.data();
  launch.cooperative = kernel.isCooperative();
  launch.heap = kernel.function->module->owner->heap.get();
  Outcome outcome = kernel.function->module->code->launch(launch);
  if (!outcome)
    noteFault(faultOf(*kernel.function, outcome), true);
  return resultOf(outcome);
}

/// Bytes from the first to behind the last that a box of a copy touches.
uint64_t extent(const CopyOperation &copy, size_t pitch, size_t slice) {
  return slice * (copy.depth - 1) + pitch * (copy.height - 1) + copy.width;
}

CUresult run(const CopyOperation &copy) {
  if (copy.width == 0 || copy.height == 0 || copy.depth == 0)
    return CUDA_SUCCESS;
  // Freed since it was issued: a fault of the program that must not be ours.
  auto lives = [&](const void *start, size_t pitch, size_t slice) {
    return findDevice(reinterpret_cast<uintptr_t>(start),
                      extent(copy, pitch, slice)) != nullptr;
  };
  if ((copy.fromDevice && !lives(copy.from, copy.fromPitch, copy.fromSlice)) ||
      (copy.toDevice && !lives(copy.to, copy.toPitch, copy.toSlice))) {
    noteFault("a copy touches memory that is no longer allocated", true);
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  for (size_t z = 0; z < copy.depth; ++z)
    for (size_t y = 0; y < copy.height; ++y)
      memmove(copy.to + z * copy.toSlice + y * copy.toPitch,
              copy.from + z * copy.fromSlice + y * copy.fromPitch, copy.width);
  return CUDA_SUCCESS;
}

CUresult run(const FillOperation &fill) {
  const CUDA_MEMSET_NODE_PARAMS &asked = fill.asked;
  size_t row = asked.width * asked.elementSize;
  if (row == 0 || asked.height == 0)
    return CUDA_SUCCESS;
  if (!findDevice(asked.dst, asked.pitch * (asked.height - 1) + row)) {
    noteFault("a fill touches memory that is no longer allocated", true);
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  for (size_t y = 0; y < asked.height; ++y) {
    auto *to = reinterpret_cast<uint8_t *>(asked.dst + y * asked.pitch);
    if (asked.elementSize == 1)
      memset(to, int(asked.value), row);
    else
      for (size_t x = 0; x < row; x += asked.elementSize)
        memcpy(to + x, &asked.value, asked.elementSize);
  }
  return CUDA_SUCCESS;
}

CUresult run(const GraphOperation &child) {
  for (const NodePointer &node : child.graph->nodes)
    if (CUresult result = perform(node->operation))
      return result;
  return CUDA_SUCCESS;
}

struct Performer {
  CUresult operator()(const EmptyOperation &) const { return CUDA_SUCCESS; }
  CUresult operator()(const AllocateOperation &) const { return CUDA_SUCCESS; }
  CUresult operator()(const CallbackOperation &) const { return CUDA_SUCCESS; }
  CUresult operator()(const HostOperation &host) const {
    callHostFunction(host.asked.fn, host.asked.userData);
    return CUDA_SUCCESS;
  }
  CUresult operator()(const FreeOperation &operation) const {
    releaseAllocation(operation.address);
    return CUDA_SUCCESS;
  }
  CUresult operator()(const EventOperation &operation) const {
    if (operation.record && operation.marker)
      operation.marker->finish();
    return CUDA_SUCCESS;
  }
  template <typename T> CUresult operator()(const T &operation) const {
    return run(operation);
  }
};

} // namespace

CUresult perform(const Operation &operation) {
  return std::visit(Performer(), operation);
}

void releaseAllocation(uint64_t address) {
  Driver &state = driver();
  Lock lock(state.mutex);
  auto entry = state.allocations.find(address);
  if (entry == state.allocations.end())
    return;
  if (entry->second.pool)
    entry->second.pool->used -= entry->second.bytes;
  state.devices[entry->second.device]->memory.release(address);
  state.allocations.erase(entry);
}

std::shared_ptr<Stream> streamOf(CUstream handle, Context &context) {
  auto number = reinterpret_cast<uintptr_t>(handle);
  constexpr uintptr_t legacy = 1, perThread = 2;
  if (number <= legacy)
    return context.legacy;
  if (number == perThread) {
    std::shared_ptr<Stream> &stream = context.perThread[threadNumber()];
    if (!stream) {
      stream = std::make_shared<Stream>();
      stream->role = Stream::Role::PerThread;
      stream->context = &context;
      stream->number = driver().number();
    }
    return stream;
  }
  return find<Stream>(handle);
}

void submit(Stream &stream, WorkPointer work) {
  Context &context = *stream.context;
  work->context = std::static_pointer_cast<Context>(context.shared_from_this());
  auto follow = [&](const WorkPointer &earlier) {
    if (earlier && !earlier->isDone())
      work->after.push_back(earlier);
  };
  if (stream.role == Stream::Role::Legacy) {
    for (const auto &other : context.streams)
      if (other->blocking())
        follow(other->queue.last());
    for (const auto &[thread, other] : context.perThread)
      follow(other->queue.last());
    for (const WorkPointer &orphan : context.orphans)
      follow(orphan);
  } else if (stream.blocking()) {
    follow(context.legacy->queue.last());
  }
  stream.queue.push(std::move(work));
}

CUresult issue(Stream &stream, Operation operation, WorkPointer *queued,
               CUgraphNodeType type) {
  if (stream.capture) {
    if (stream.capture->invalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    stream.frontier = {addNode(*stream.capture->graph, std::move(operation),
                               type, stream.frontier)};
    return CUDA_SUCCESS;
  }
  if (stream.role == Stream::Role::Legacy)
    if (CUresult result = checkLegacy(*stream.context))
      return result;
  auto work = std::make_shared<Work>();
  if (auto *callback = std::get_if<CallbackOperation>(&operation)) {
    // Called after errors too, so outside of what a failed context skips.
    auto context =
        std::static_pointer_cast<Context>(stream.context->shared_from_this());
    work->run = [callback = *callback, context] {
      struct Call {
        CallbackOperation callback;
        CUresult result;
      } call{callback, context->failure.load()};
      callHostFunction(
          [](void *data) {
            auto *call = static_cast<Call *>(data);
            call->callback.function(call->callback.stream, call->result,
                                    call->callback.userData);
          },
          &call);
      return CUDA_SUCCESS;
    };
    work->always = true;
  } else {
    work->run = [operation = std::move(operation)] {
      return perform(operation);
    };
  }
  if (queued)
    *queued = work;
  submit(stream, std::move(work));
  return CUDA_SUCCESS;
}

} // namespace terrazzo::emu::driver
