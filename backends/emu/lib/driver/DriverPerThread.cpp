// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each entry point that takes a stream, and each copy and fill that takes none,
// once more for programs whose threads have default streams of their own.
#include "driver/DriverCapture.h"

namespace {

const CUstream own = reinterpret_cast<CUstream>(uintptr_t(2));

CUstream ownFor(CUstream stream) { return stream ? stream : own; }

CUresult finished(CUresult issued) {
  return issued ? issued : cuStreamSynchronize(own);
}

CUresult filled(CUdeviceptr address, CUresult issued) {
  if (issued)
    return issued;
  using namespace terrazzo::emu::driver;
  bool wait = false;
  CUresult result = enterContext([&](Context &context, Lock &) {
    wait = isFilledAtOnce(address, context);
    return CUDA_SUCCESS;
  });
  return wait ? finished(result) : result;
}

} // namespace

extern "C" {

TZ_EMU_API CUresult cuMemPrefetchAsync_ptsz(CUdeviceptr address, size_t bytes,
                                            CUdevice device, CUstream stream) {
  return cuMemPrefetchAsync(address, bytes, device, ownFor(stream));
}

TZ_EMU_API CUresult cuMemPrefetchAsync_v2_ptsz(CUdeviceptr address,
                                               size_t bytes,
                                               CUmemLocation location,
                                               unsigned flags,
                                               CUstream stream) {
  return cuMemPrefetchAsync_v2(address, bytes, location, flags, ownFor(stream));
}

TZ_EMU_API CUresult cuMemAllocAsync_ptsz(CUdeviceptr *address, size_t bytes,
                                         CUstream stream) {
  return cuMemAllocAsync(address, bytes, ownFor(stream));
}

TZ_EMU_API CUresult cuMemAllocFromPoolAsync_ptsz(CUdeviceptr *address,
                                                 size_t bytes,
                                                 CUmemoryPool pool,
                                                 CUstream stream) {
  return cuMemAllocFromPoolAsync(address, bytes, pool, ownFor(stream));
}

TZ_EMU_API CUresult cuMemFreeAsync_ptsz(CUdeviceptr address, CUstream stream) {
  return cuMemFreeAsync(address, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpyAsync_ptsz(CUdeviceptr to, CUdeviceptr from,
                                       size_t bytes, CUstream stream) {
  return cuMemcpyAsync(to, from, bytes, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpyHtoDAsync_v2_ptsz(CUdeviceptr to, const void *from,
                                              size_t bytes, CUstream stream) {
  return cuMemcpyHtoDAsync_v2(to, from, bytes, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpyDtoHAsync_v2_ptsz(void *to, CUdeviceptr from,
                                              size_t bytes, CUstream stream) {
  return cuMemcpyDtoHAsync_v2(to, from, bytes, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpyDtoDAsync_v2_ptsz(CUdeviceptr to, CUdeviceptr from,
                                              size_t bytes, CUstream stream) {
  return cuMemcpyDtoDAsync_v2(to, from, bytes, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpyPeerAsync_ptsz(CUdeviceptr to, CUcontext toContext,
                                           CUdeviceptr from,
                                           CUcontext fromContext, size_t bytes,
                                           CUstream stream) {
  return cuMemcpyPeerAsync(to, toContext, from, fromContext, bytes,
                           ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpy2DAsync_v2_ptsz(const CUDA_MEMCPY2D *copy,
                                            CUstream stream) {
  return cuMemcpy2DAsync_v2(copy, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpy3DAsync_v2_ptsz(const CUDA_MEMCPY3D *copy,
                                            CUstream stream) {
  return cuMemcpy3DAsync_v2(copy, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD8Async_ptsz(CUdeviceptr to, unsigned char value,
                                         size_t count, CUstream stream) {
  return cuMemsetD8Async(to, value, count, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD16Async_ptsz(CUdeviceptr to, unsigned short value,
                                          size_t count, CUstream stream) {
  return cuMemsetD16Async(to, value, count, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD32Async_ptsz(CUdeviceptr to, unsigned value,
                                          size_t count, CUstream stream) {
  return cuMemsetD32Async(to, value, count, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD2D8Async_ptsz(CUdeviceptr to, size_t pitch,
                                           unsigned char value, size_t width,
                                           size_t height, CUstream stream) {
  return cuMemsetD2D8Async(to, pitch, value, width, height, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD2D16Async_ptsz(CUdeviceptr to, size_t pitch,
                                            unsigned short value, size_t width,
                                            size_t height, CUstream stream) {
  return cuMemsetD2D16Async(to, pitch, value, width, height, ownFor(stream));
}

TZ_EMU_API CUresult cuMemsetD2D32Async_ptsz(CUdeviceptr to, size_t pitch,
                                            unsigned value, size_t width,
                                            size_t height, CUstream stream) {
  return cuMemsetD2D32Async(to, pitch, value, width, height, ownFor(stream));
}

TZ_EMU_API CUresult cuStreamQuery_ptsz(CUstream stream) {
  return cuStreamQuery(ownFor(stream));
}

TZ_EMU_API CUresult cuStreamSynchronize_ptsz(CUstream stream) {
  return cuStreamSynchronize(ownFor(stream));
}

TZ_EMU_API CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event,
                                           unsigned flags) {
  return cuStreamWaitEvent(ownFor(stream), event, flags);
}

TZ_EMU_API CUresult cuStreamAddCallback_ptsz(CUstream stream,
                                             CUstreamCallback callback,
                                             void *userData, unsigned flags) {
  return cuStreamAddCallback(ownFor(stream), callback, userData, flags);
}

TZ_EMU_API CUresult cuLaunchHostFunc_ptsz(CUstream stream, CUhostFn function,
                                          void *userData) {
  return cuLaunchHostFunc(ownFor(stream), function, userData);
}

TZ_EMU_API CUresult cuStreamGetCtx_ptsz(CUstream stream, CUcontext *context) {
  return cuStreamGetCtx(ownFor(stream), context);
}

TZ_EMU_API CUresult cuStreamGetDevice_ptsz(CUstream stream, CUdevice *device) {
  return cuStreamGetDevice(ownFor(stream), device);
}

TZ_EMU_API CUresult cuStreamGetFlags_ptsz(CUstream stream, unsigned *flags) {
  return cuStreamGetFlags(ownFor(stream), flags);
}

TZ_EMU_API CUresult cuStreamGetId_ptsz(CUstream stream,
                                       unsigned long long *id) {
  return cuStreamGetId(ownFor(stream), id);
}

TZ_EMU_API CUresult cuStreamGetPriority_ptsz(CUstream stream, int *priority) {
  return cuStreamGetPriority(ownFor(stream), priority);
}

TZ_EMU_API CUresult cuStreamAttachMemAsync_ptsz(CUstream stream,
                                                CUdeviceptr address,
                                                size_t bytes, unsigned flags) {
  return cuStreamAttachMemAsync(ownFor(stream), address, bytes, flags);
}

TZ_EMU_API CUresult cuEventRecord_ptsz(CUevent event, CUstream stream) {
  return cuEventRecord(event, ownFor(stream));
}

TZ_EMU_API CUresult cuEventRecordWithFlags_ptsz(CUevent event, CUstream stream,
                                                unsigned flags) {
  return cuEventRecordWithFlags(event, ownFor(stream), flags);
}

TZ_EMU_API CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned gridX,
                                        unsigned gridY, unsigned gridZ,
                                        unsigned blockX, unsigned blockY,
                                        unsigned blockZ, unsigned sharedBytes,
                                        CUstream stream, void **parameters,
                                        void **extra) {
  return cuLaunchKernel(function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                        sharedBytes, ownFor(stream), parameters, extra);
}

TZ_EMU_API CUresult cuLaunchCooperativeKernel_ptsz(
    CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
    unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
    CUstream stream, void **parameters) {
  return cuLaunchCooperativeKernel(function, gridX, gridY, gridZ, blockX,
                                   blockY, blockZ, sharedBytes, ownFor(stream),
                                   parameters);
}

TZ_EMU_API CUresult cuStreamBeginCapture_ptsz(CUstream stream) {
  return cuStreamBeginCapture(ownFor(stream));
}

TZ_EMU_API CUresult cuStreamBeginCapture_v2_ptsz(CUstream stream,
                                                 CUstreamCaptureMode mode) {
  return cuStreamBeginCapture_v2(ownFor(stream), mode);
}

TZ_EMU_API CUresult cuStreamEndCapture_ptsz(CUstream stream, CUgraph *graph) {
  return cuStreamEndCapture(ownFor(stream), graph);
}

TZ_EMU_API CUresult cuStreamIsCapturing_ptsz(CUstream stream,
                                             CUstreamCaptureStatus *status) {
  return cuStreamIsCapturing(ownFor(stream), status);
}

TZ_EMU_API CUresult cuStreamGetCaptureInfo_ptsz(CUstream stream,
                                                CUstreamCaptureStatus *status,
                                                uint64_t *id) {
  return cuStreamGetCaptureInfo(ownFor(stream), status, id);
}

TZ_EMU_API CUresult cuStreamGetCaptureInfo_v2_ptsz(
    CUstream stream, CUstreamCaptureStatus *status, uint64_t *id,
    CUgraph *graph, const CUgraphNode **nodes, size_t *count) {
  return cuStreamGetCaptureInfo_v2(ownFor(stream), status, id, graph, nodes,
                                   count);
}

TZ_EMU_API CUresult cuStreamGetCaptureInfo_v3_ptsz(
    CUstream stream, CUstreamCaptureStatus *status, uint64_t *id,
    CUgraph *graph, const CUgraphNode **nodes, const CUgraphEdgeData **edges,
    size_t *count) {
  return cuStreamGetCaptureInfo_v3(ownFor(stream), status, id, graph, nodes,
                                   edges, count);
}

TZ_EMU_API CUresult cuStreamUpdateCaptureDependencies_ptsz(CUstream stream,
                                                           CUgraphNode *nodes,
                                                           size_t count,
                                                           unsigned flags) {
  return cuStreamUpdateCaptureDependencies(ownFor(stream), nodes, count, flags);
}

TZ_EMU_API CUresult cuStreamUpdateCaptureDependencies_v2_ptsz(
    CUstream stream, CUgraphNode *nodes, const CUgraphEdgeData *edges,
    size_t count, unsigned flags) {
  return cuStreamUpdateCaptureDependencies_v2(ownFor(stream), nodes, edges,
                                              count, flags);
}

TZ_EMU_API CUresult cuGraphUpload_ptsz(CUgraphExec exec, CUstream stream) {
  return cuGraphUpload(exec, ownFor(stream));
}

TZ_EMU_API CUresult cuGraphLaunch_ptsz(CUgraphExec exec, CUstream stream) {
  return cuGraphLaunch(exec, ownFor(stream));
}

TZ_EMU_API CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config,
                                          CUfunction function,
                                          void **parameters, void **extra) {
  if (!config)
    return CUDA_ERROR_INVALID_VALUE;
  CUlaunchConfig changed = *config;
  changed.hStream = ownFor(config->hStream);
  return cuLaunchKernelEx(&changed, function, parameters, extra);
}

TZ_EMU_API CUresult
cuStreamSetAttribute_ptsz(CUstream stream, CUlaunchAttributeID id,
                          const CUlaunchAttributeValue *value) {
  return cuStreamSetAttribute(ownFor(stream), id, value);
}

TZ_EMU_API CUresult cuStreamGetAttribute_ptsz(CUstream stream,
                                              CUlaunchAttributeID id,
                                              CUlaunchAttributeValue *value) {
  return cuStreamGetAttribute(ownFor(stream), id, value);
}

TZ_EMU_API CUresult cuMemcpy3DPeerAsync_ptsz(const CUDA_MEMCPY3D *copy,
                                             CUstream stream) {
  return cuMemcpy3DPeerAsync(copy, ownFor(stream));
}

TZ_EMU_API CUresult cuMemcpy3DPeer_ptds(const CUDA_MEMCPY3D *copy) {
  return finished(cuMemcpy3DPeerAsync(copy, own));
}

TZ_EMU_API CUresult cuMemcpy_ptds(CUdeviceptr to, CUdeviceptr from,
                                  size_t bytes) {
  return finished(cuMemcpyAsync(to, from, bytes, own));
}

TZ_EMU_API CUresult cuMemcpyHtoD_v2_ptds(CUdeviceptr to, const void *from,
                                         size_t bytes) {
  return finished(cuMemcpyHtoDAsync_v2(to, from, bytes, own));
}

TZ_EMU_API CUresult cuMemcpyDtoH_v2_ptds(void *to, CUdeviceptr from,
                                         size_t bytes) {
  return finished(cuMemcpyDtoHAsync_v2(to, from, bytes, own));
}

TZ_EMU_API CUresult cuMemcpyDtoD_v2_ptds(CUdeviceptr to, CUdeviceptr from,
                                         size_t bytes) {
  return finished(cuMemcpyDtoDAsync_v2(to, from, bytes, own));
}

TZ_EMU_API CUresult cuMemcpyPeer_ptds(CUdeviceptr to, CUcontext toContext,
                                      CUdeviceptr from, CUcontext fromContext,
                                      size_t bytes) {
  return finished(
      cuMemcpyPeerAsync(to, toContext, from, fromContext, bytes, own));
}

TZ_EMU_API CUresult cuMemcpy2D_v2_ptds(const CUDA_MEMCPY2D *copy) {
  return finished(cuMemcpy2DAsync_v2(copy, own));
}

TZ_EMU_API CUresult cuMemcpy3D_v2_ptds(const CUDA_MEMCPY3D *copy) {
  return finished(cuMemcpy3DAsync_v2(copy, own));
}

TZ_EMU_API CUresult cuMemcpy2DUnaligned_v2_ptds(const CUDA_MEMCPY2D *copy) {
  return cuMemcpy2D_v2_ptds(copy);
}

TZ_EMU_API CUresult cuMemsetD8_v2_ptds(CUdeviceptr to, unsigned char value,
                                       size_t count) {
  return filled(to, cuMemsetD8Async(to, value, count, own));
}

TZ_EMU_API CUresult cuMemsetD16_v2_ptds(CUdeviceptr to, unsigned short value,
                                        size_t count) {
  return filled(to, cuMemsetD16Async(to, value, count, own));
}

TZ_EMU_API CUresult cuMemsetD32_v2_ptds(CUdeviceptr to, unsigned value,
                                        size_t count) {
  return filled(to, cuMemsetD32Async(to, value, count, own));
}

TZ_EMU_API CUresult cuMemsetD2D8_v2_ptds(CUdeviceptr to, size_t pitch,
                                         unsigned char value, size_t width,
                                         size_t height) {
  return filled(to, cuMemsetD2D8Async(to, pitch, value, width, height, own));
}

TZ_EMU_API CUresult cuMemsetD2D16_v2_ptds(CUdeviceptr to, size_t pitch,
                                          unsigned short value, size_t width,
                                          size_t height) {
  return filled(to, cuMemsetD2D16Async(to, pitch, value, width, height, own));
}

TZ_EMU_API CUresult cuMemsetD2D32_v2_ptds(CUdeviceptr to, size_t pitch,
                                          unsigned value, size_t width,
                                          size_t height) {
  return filled(to, cuMemsetD2D32Async(to, pitch, value, width, height, own));
}
}
