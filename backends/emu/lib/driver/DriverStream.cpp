// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams: made, asked, waited for.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

constexpr int leastPriority = 0, greatestPriority = -5;

template <typename Body> CUresult useStream(CUstream handle, Body body) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    return stream ? body(*stream, lock) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Whether asking about, or waiting for, the stream's end is possible now.
CUresult checkNotCapturing(Stream &stream) {
  if (stream.role == Stream::Role::Legacy)
    return checkLegacy(*stream.context);
  if (!stream.capture)
    return CUDA_SUCCESS;
  invalidateCapture(stream);
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

/// What is in the stream now; for the legacy one, what it waits for too.
std::vector<WorkPointer> pending(Stream &stream) {
  std::vector<WorkPointer> all = {stream.queue.last()};
  if (stream.role == Stream::Role::Legacy) {
    for (const auto &other : stream.context->streams)
      if (other->blocking())
        all.push_back(other->queue.last());
    for (const auto &[thread, other] : stream.context->perThread)
      all.push_back(other->queue.last());
  }
  return all;
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuStreamCreateWithPriority(CUstream *result, unsigned flags,
                                    int priority) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!result || (flags & ~unsigned(CU_STREAM_NON_BLOCKING)))
      return CUDA_ERROR_INVALID_VALUE;
    auto stream = std::make_shared<Stream>();
    stream->flags = flags;
    stream->priority = std::clamp(priority, greatestPriority, leastPriority);
    stream->number = driver().number();
    driver().add(stream, &context);
    context.streams.push_back(stream);
    *result = handleOf<Stream, CUstream>(stream);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, leastPriority);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = find<Stream>(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    abandonCapture(*stream);
    Context &context = *stream->context;
    std::erase_if(context.orphans,
                  [](const WorkPointer &work) { return work->isDone(); });
    if (WorkPointer work = stream->queue.last())
      context.orphans.push_back(std::move(work));
    std::erase(context.streams, stream);
    driver().remove(*stream);
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuStreamDestroy, cuStreamDestroy_v2);

CUresult cuStreamQuery(CUstream handle) {
  return useStream(handle, [](Stream &stream, Lock &) -> CUresult {
    if (CUresult wrong = checkNotCapturing(stream))
      return wrong;
    for (const WorkPointer &work : pending(stream))
      if (work && !work->isDone())
        return CUDA_ERROR_NOT_READY;
    return stream.context->failure.load();
  });
}

CUresult cuStreamSynchronize(CUstream handle) {
  return useStream(handle, [](Stream &stream, Lock &lock) -> CUresult {
    if (CUresult wrong = checkNotCapturing(stream))
      return wrong;
    auto context =
        std::static_pointer_cast<Context>(stream.context->shared_from_this());
    for (const WorkPointer &work : pending(stream))
      waitFor(work, lock);
    return context->failure.load();
  });
}

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *userData) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    return function ? issue(stream, HostOperation{{function, userData}},
                            nullptr, CU_GRAPH_NODE_TYPE_HOST)
                    : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback callback,
                             void *userData, unsigned flags) {
  return useStream(handle, [&](Stream &stream, Lock &) -> CUresult {
    if (!callback || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult wrong = checkNotCapturing(stream))
      return wrong;
    return issue(stream, CallbackOperation{callback, handle, userData});
  });
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    *context = reinterpret_cast<CUcontext>(stream.context->handle);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = stream.context->device->number;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = stream.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream handle, unsigned long long *id) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = stream.number;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    if (!priority)
      return CUDA_ERROR_INVALID_VALUE;
    *priority = stream.priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamSetAttribute(CUstream handle, CUlaunchAttributeID id,
                              const CUlaunchAttributeValue *value) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    CUresult wrong = setAttribute(stream.attributes, id, value, StreamOwner);
    if (!wrong && id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
      stream.priority =
          std::clamp(value->number, greatestPriority, leastPriority);
    return wrong;
  });
}

CUresult cuStreamGetAttribute(CUstream handle, CUlaunchAttributeID id,
                              CUlaunchAttributeValue *value) {
  return useStream(handle, [&](Stream &stream, Lock &) {
    CUresult wrong = getAttribute(stream.attributes, id, value, StreamOwner);
    if (!wrong && id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
      value->number = stream.priority;
    return wrong;
  });
}

CUresult cuStreamCopyAttributes(CUstream to, CUstream from) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> target = streamOf(to, context);
    std::shared_ptr<Stream> source = streamOf(from, context);
    if (!target || !source)
      return CUDA_ERROR_INVALID_HANDLE;
    target->attributes = source->attributes;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamAttachMemAsync(CUstream handle, CUdeviceptr address, size_t,
                                unsigned flags) {
  return useStream(handle, [&](Stream &, Lock &) {
    constexpr unsigned global = 1, host = 2, single = 4;
    auto entry = driver().findAllocation(address);
    bool known = flags == global || flags == host || flags == single;
    return known && entry != driver().allocations.end() &&
                   entry->second.kind == Allocation::Kind::Managed
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}
}
