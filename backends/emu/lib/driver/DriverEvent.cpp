// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Events: points in streams' orders, and how capture spreads through them.
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

namespace {

template <typename Body> CUresult useEvent(CUevent handle, Body body) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<Event> event = find<Event>(handle);
    return event ? body(context, event, lock) : CUDA_ERROR_INVALID_HANDLE;
  });
}

} // namespace

CUresult recordEvent(const std::shared_ptr<Event> &event, Stream &stream,
                     bool external) {
  if (stream.capture) {
    if (stream.capture->invalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (external)
      return issue(stream, EventOperation{event, true, nullptr}, nullptr,
                   CU_GRAPH_NODE_TYPE_EVENT_RECORD);
    event->capture = stream.capture;
    event->captured = stream.frontier;
    return CUDA_SUCCESS;
  }
  if (stream.context != event->context)
    return CUDA_ERROR_INVALID_HANDLE;
  WorkPointer marker;
  if (CUresult wrong = issue(stream, EmptyOperation(), &marker))
    return wrong;
  event->capture.reset();
  event->captured.clear();
  event->marker = std::move(marker);
  return CUDA_SUCCESS;
}

namespace {

/// The stream's further work comes after what was captured before the event.
CUresult joinCapture(Stream &stream, const Event &event) {
  if (!event.capture->origin)
    return CUDA_ERROR_CAPTURED_EVENT;
  if (event.capture->invalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (stream.role == Stream::Role::Legacy) {
    event.capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  if (!stream.capture) {
    stream.capture = event.capture;
    stream.capture->members.push_back(&stream);
  } else if (stream.capture != event.capture) {
    stream.capture->invalid = event.capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_MERGE;
  }
  for (const NodePointer &node : event.captured)
    if (std::ranges::find(stream.frontier, node) == stream.frontier.end())
      stream.frontier.push_back(node);
  return CUDA_SUCCESS;
}

CUresult wait(Stream &stream, const std::shared_ptr<Event> &event,
              bool external) {
  if (stream.capture && stream.capture->invalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (stream.capture && external)
    return issue(stream, EventOperation{event, false, nullptr}, nullptr,
                 CU_GRAPH_NODE_TYPE_WAIT_EVENT);
  if (event->capture)
    return joinCapture(stream, *event);
  if (stream.capture) {
    stream.capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  if (!event->marker || event->marker->isDone())
    return CUDA_SUCCESS;
  if (stream.role == Stream::Role::Legacy)
    if (CUresult wrong = checkLegacy(*stream.context))
      return wrong;
  auto work = std::make_shared<Work>();
  work->after.push_back(event->marker);
  submit(stream, std::move(work));
  return CUDA_SUCCESS;
}

constexpr unsigned eventFlags = 7, waitExternal = 1;

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuEventCreate(CUevent *result, unsigned flags) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!result || (flags & ~eventFlags))
      return CUDA_ERROR_INVALID_VALUE;
    if ((flags & CU_EVENT_INTERPROCESS) && !(flags & CU_EVENT_DISABLE_TIMING))
      return CUDA_ERROR_INVALID_VALUE;
    // No other process ever sees one.
    if (flags & CU_EVENT_INTERPROCESS)
      return CUDA_ERROR_NOT_SUPPORTED;
    auto event = std::make_shared<Event>();
    event->flags = flags;
    driver().add(event, &context);
    *result = handleOf<Event, CUevent>(event);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent handle) {
  return useEvent(handle,
                  [](Context &, const std::shared_ptr<Event> &event, Lock &) {
                    driver().remove(*event);
                    return CUDA_SUCCESS;
                  });
}
TZ_EMU_ALIAS(cuEventDestroy, cuEventDestroy_v2);

CUresult cuEventRecordWithFlags(CUevent handle, CUstream streamHandle,
                                unsigned flags) {
  return useEvent(handle,
                  [&](Context &context, const std::shared_ptr<Event> &event,
                      Lock &) -> CUresult {
                    std::shared_ptr<Stream> stream =
                        streamOf(streamHandle, context);
                    if (!stream)
                      return CUDA_ERROR_INVALID_HANDLE;
                    bool external = flags == CU_EVENT_RECORD_EXTERNAL;
                    if (flags & ~unsigned(CU_EVENT_RECORD_EXTERNAL))
                      return CUDA_ERROR_INVALID_VALUE;
                    return recordEvent(event, *stream, external);
                  });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return cuEventRecordWithFlags(event, stream, 0);
}

CUresult cuStreamWaitEvent(CUstream streamHandle, CUevent handle,
                           unsigned flags) {
  return useEvent(handle,
                  [&](Context &context, const std::shared_ptr<Event> &event,
                      Lock &) -> CUresult {
                    std::shared_ptr<Stream> stream =
                        streamOf(streamHandle, context);
                    if (!stream)
                      return CUDA_ERROR_INVALID_HANDLE;
                    if (flags & ~waitExternal)
                      return CUDA_ERROR_INVALID_VALUE;
                    return wait(*stream, event, flags == waitExternal);
                  });
}

CUresult cuEventQuery(CUevent handle) {
  return useEvent(handle,
                  [](Context &context, const std::shared_ptr<Event> &event,
                     Lock &) -> CUresult {
                    if (CUresult forbidden = checkUnsafe())
                      return forbidden;
                    if (event->capture)
                      return CUDA_ERROR_CAPTURED_EVENT;
                    if (event->marker && !event->marker->isDone())
                      return CUDA_ERROR_NOT_READY;
                    return context.failure.load();
                  });
}

CUresult cuEventSynchronize(CUevent handle) {
  return useEvent(handle,
                  [](Context &context, const std::shared_ptr<Event> &event,
                     Lock &lock) -> CUresult {
                    if (CUresult forbidden = checkUnsafe())
                      return forbidden;
                    if (event->capture)
                      return CUDA_ERROR_CAPTURED_EVENT;
                    waitFor(event->marker, lock);
                    return context.failure.load();
                  });
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent beginHandle,
                            CUevent endHandle) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    std::shared_ptr<Event> begin = find<Event>(beginHandle),
                           end = find<Event>(endHandle);
    if (!begin || !end)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!milliseconds)
      return CUDA_ERROR_INVALID_VALUE;
    if (((begin->flags | end->flags) & CU_EVENT_DISABLE_TIMING) ||
        !begin->marker || !end->marker)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!begin->marker->isDone() || !end->marker->isDone())
      return CUDA_ERROR_NOT_READY;
    *milliseconds = std::chrono::duration<float, std::milli>(
                        end->marker->finished - begin->marker->finished)
                        .count();
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuEventElapsedTime_v2, cuEventElapsedTime);
}
