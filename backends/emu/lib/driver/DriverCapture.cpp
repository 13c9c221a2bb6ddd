// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "driver/DriverCapture.h"

#include <algorithm>
#include <unordered_set>

namespace terrazzo::emu::driver {

namespace {

thread_local CUstreamCaptureMode threadMode = CU_STREAM_CAPTURE_MODE_GLOBAL;

std::vector<std::shared_ptr<Capture>> activeCaptures() {
  std::vector<std::shared_ptr<Capture>> active;
  std::erase_if(driver().captures, [&](const std::weak_ptr<Capture> &entry) {
    std::shared_ptr<Capture> capture = entry.lock();
    if (!capture || !capture->origin)
      return true;
    active.push_back(std::move(capture));
    return false;
  });
  return active;
}

/// Ends the capture for all of its streams.
std::shared_ptr<Graph> finish(Capture &capture) {
  for (Stream *member : capture.members) {
    member->frontier.clear();
    // The origin last: its reference may be the last one.
    if (member != capture.origin)
      member->capture.reset();
  }
  capture.members.clear();
  std::shared_ptr<Graph> graph = std::move(capture.graph);
  Stream *origin = capture.origin;
  capture.origin = nullptr;
  if (origin)
    origin->capture.reset();
  return graph;
}

/// Whether everything captured comes before what the origin would do next.
bool isJoined(const Capture &capture) {
  std::unordered_set<const Node *> inner;
  for (const NodePointer &node : capture.graph->nodes)
    inner.insert(node->after.begin(), node->after.end());
  const auto &frontier = capture.origin->frontier;
  return std::ranges::all_of(
      capture.graph->nodes, [&](const NodePointer &node) {
        return inner.contains(node.get()) ||
               std::ranges::find(frontier, node) != frontier.end();
      });
}

CUresult endCapture(Stream &stream, CUgraph *result) {
  std::shared_ptr<Capture> capture = stream.capture;
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != &stream)
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != threadNumber())
    return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  bool invalid = capture->invalid;
  bool joined = invalid || isJoined(*capture);
  std::shared_ptr<Graph> graph = finish(*capture);
  if (invalid || !joined) {
    forgetGraph(*graph);
    return invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
                   : CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  }
  *result = handleOf<Graph, CUgraph>(graph);
  return CUDA_SUCCESS;
}

CUresult captureInfo(Stream &stream, CUstreamCaptureStatus *status,
                     uint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
                     const CUgraphEdgeData **edges, size_t *count) {
  const std::shared_ptr<Capture> &capture = stream.capture;
  *status = !capture           ? CU_STREAM_CAPTURE_STATUS_NONE
            : capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                               : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  if (*status != CU_STREAM_CAPTURE_STATUS_ACTIVE)
    return CUDA_SUCCESS;
  stream.frontierHandles.clear();
  stream.frontierEdges.assign(stream.frontier.size(), {});
  for (const NodePointer &node : stream.frontier)
    stream.frontierHandles.push_back(handleOf<Node, CUgraphNode>(node));
  if (id)
    *id = capture->number;
  if (graph)
    *graph = handleOf<Graph, CUgraph>(capture->graph);
  if (nodes)
    *nodes = stream.frontierHandles.data();
  if (edges)
    *edges = stream.frontierEdges.data();
  if (count)
    *count = stream.frontier.size();
  return CUDA_SUCCESS;
}

} // namespace

CUresult checkUnsafe() {
  if (threadMode == CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_SUCCESS;
  bool broken = false;
  for (const auto &capture : activeCaptures()) {
    bool own = capture->thread == threadNumber();
    bool forbids = own ? capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED
                       : threadMode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
                             capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    if (forbids)
      capture->invalid = broken = true;
  }
  return broken ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

CUresult checkLegacy(Context &context) {
  bool broken = false;
  for (const auto &stream : context.streams)
    if (stream->capture && stream->blocking())
      stream->capture->invalid = broken = true;
  for (const auto &[thread, stream] : context.perThread)
    if (stream->capture)
      stream->capture->invalid = broken = true;
  return broken ? CUDA_ERROR_STREAM_CAPTURE_IMPLICIT : CUDA_SUCCESS;
}

void invalidateCapture(Stream &stream) {
  if (stream.capture)
    stream.capture->invalid = true;
}

void abandonCapture(Stream &stream) {
  std::shared_ptr<Capture> capture = stream.capture;
  if (!capture)
    return;
  if (capture->origin == &stream) {
    forgetGraph(*finish(*capture));
    return;
  }
  // What it captured stays; the end of the capture finds what is not joined.
  std::erase(capture->members, &stream);
  stream.capture.reset();
  stream.frontier.clear();
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (mode < 0 || mode > CU_STREAM_CAPTURE_MODE_RELAXED)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream->role == Stream::Role::Legacy)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream->capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    auto capture = std::make_shared<Capture>();
    capture->number = driver().number();
    capture->mode = mode;
    capture->thread = threadNumber();
    capture->origin = stream.get();
    capture->members = {stream.get()};
    capture->graph = std::make_shared<Graph>();
    driver().add(capture->graph, nullptr);
    driver().captures.push_back(capture);
    stream->capture = capture;
    stream->frontier.clear();
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamBeginCapture(CUstream stream) {
  return cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    *graph = nullptr;
    return endCapture(*stream, graph);
  });
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  return cuStreamGetCaptureInfo_v2(handle, status, nullptr, nullptr, nullptr,
                                   nullptr);
}

CUresult cuStreamGetCaptureInfo(CUstream handle, CUstreamCaptureStatus *status,
                                uint64_t *id) {
  return cuStreamGetCaptureInfo_v2(handle, status, id, nullptr, nullptr,
                                   nullptr);
}

CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                   CUstreamCaptureStatus *status, uint64_t *id,
                                   CUgraph *graph, const CUgraphNode **nodes,
                                   size_t *count) {
  return cuStreamGetCaptureInfo_v3(stream, status, id, graph, nodes, nullptr,
                                   count);
}

CUresult cuStreamGetCaptureInfo_v3(CUstream handle,
                                   CUstreamCaptureStatus *status, uint64_t *id,
                                   CUgraph *graph, const CUgraphNode **nodes,
                                   const CUgraphEdgeData **edges,
                                   size_t *count) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!status)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream->role == Stream::Role::Legacy)
      if (CUresult result = checkLegacy(context))
        return result;
    return captureInfo(*stream, status, id, graph, nodes, edges, count);
  });
}

CUresult cuStreamUpdateCaptureDependencies(CUstream handle, CUgraphNode *nodes,
                                           size_t count, unsigned flags) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!stream->capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    constexpr unsigned add = 0, set = 1;
    if (flags > set || (count && !nodes))
      return CUDA_ERROR_INVALID_VALUE;
    std::vector<NodePointer> frontier;
    if (flags == add)
      frontier = stream->frontier;
    for (size_t i = 0; i < count; ++i) {
      NodePointer node = find<Node>(nodes[i]);
      if (!node || node->graph != stream->capture->graph.get())
        return CUDA_ERROR_INVALID_VALUE;
      if (std::ranges::find(frontier, node) == frontier.end())
        frontier.push_back(std::move(node));
    }
    stream->frontier = std::move(frontier);
    return CUDA_SUCCESS;
  });
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  if (!mode || *mode < 0 || *mode > CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_ERROR_INVALID_VALUE;
  std::swap(*mode, threadMode);
  return CUDA_SUCCESS;
}
}
