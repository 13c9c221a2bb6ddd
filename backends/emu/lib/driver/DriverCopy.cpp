// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies. All of them become a box of bytes; what a side is (the program's own
// memory, page-locked, the device's) decides what the program may do meanwhile.
#include "driver/DriverCapture.h"

#include <cstring>

namespace terrazzo::emu::driver {

namespace {

/// Finds a side's memory and checks that the box lies in it.
CUresult placeSide(CUmemorytype type, const void *host, CUdeviceptr device,
                   size_t skipped, const CopyOperation &copy, size_t pitch,
                   size_t slice, uint64_t &place, bool &onDevice) {
  bool unified = type == CU_MEMORYTYPE_UNIFIED;
  if (type == CU_MEMORYTYPE_HOST)
    place = reinterpret_cast<uintptr_t>(host);
  else if (unified || type == CU_MEMORYTYPE_DEVICE)
    place = device;
  else
    return type == CU_MEMORYTYPE_ARRAY ? CUDA_ERROR_NOT_SUPPORTED
                                       : CUDA_ERROR_INVALID_VALUE;
  if (!place)
    return CUDA_ERROR_INVALID_VALUE;
  place += skipped;
  uint64_t extent =
      slice * (copy.depth - 1) + pitch * (copy.height - 1) + copy.width;
  onDevice = false;
  auto entry = driver().findAllocation(place);
  if (entry != driver().allocations.end() &&
      entry->second.kind != Allocation::Kind::Registered) {
    onDevice = true;
    return extent <= entry->first + entry->second.bytes - place
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  }
  if (type != CU_MEMORYTYPE_DEVICE)
    return CUDA_SUCCESS;
  // Variables of modules lie in memory that no program allocated.
  onDevice = findDevice(place, extent) != nullptr;
  return onDevice ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

bool isOnHost(uint64_t place) {
  auto entry = driver().findAllocation(place);
  return entry == driver().allocations.end() ? !findDevice(place, 1)
                                             : entry->second.onHost();
}

/// Whether the program may change or read the memory while a copy is under way.
bool isPageable(uint64_t place) {
  return driver().findAllocation(place) == driver().allocations.end() &&
         !findDevice(place, 1);
}

CUDA_MEMCPY3D flat(CUmemorytype toType, void *toHost, CUdeviceptr toDevice,
                   CUmemorytype fromType, const void *fromHost,
                   CUdeviceptr fromDevice, size_t bytes) {
  CUDA_MEMCPY3D copy = {};
  copy.srcMemoryType = fromType;
  copy.srcHost = fromHost;
  copy.srcDevice = fromDevice;
  copy.dstMemoryType = toType;
  copy.dstHost = toHost;
  copy.dstDevice = toDevice;
  copy.WidthInBytes = bytes;
  copy.Height = copy.Depth = 1;
  return copy;
}

CUDA_MEMCPY3D widen(const CUDA_MEMCPY2D &from) {
  CUDA_MEMCPY3D copy = {};
  copy.srcXInBytes = from.srcXInBytes;
  copy.srcY = from.srcY;
  copy.srcMemoryType = from.srcMemoryType;
  copy.srcHost = from.srcHost;
  copy.srcDevice = from.srcDevice;
  copy.srcPitch = from.srcPitch;
  copy.dstXInBytes = from.dstXInBytes;
  copy.dstY = from.dstY;
  copy.dstMemoryType = from.dstMemoryType;
  copy.dstHost = from.dstHost;
  copy.dstDevice = from.dstDevice;
  copy.dstPitch = from.dstPitch;
  copy.WidthInBytes = from.WidthInBytes;
  copy.Height = from.Height;
  copy.Depth = 1;
  return copy;
}

/// The program's own memory may be changed as soon as a copy from it returns,
/// and is filled when a copy to it does.
CUresult copyInOrder(const CUDA_MEMCPY3D &asked, CUstream handle) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    CopyOperation copy;
    if (CUresult wrong = makeCopy(copy, asked))
      return wrong;
    bool fromPageable = isPageable(reinterpret_cast<uintptr_t>(copy.from));
    bool toPageable = isPageable(reinterpret_cast<uintptr_t>(copy.to));
    // From host to host a copy is done when it returns.
    bool within = isOnHost(reinterpret_cast<uintptr_t>(copy.from)) &&
                  isOnHost(reinterpret_cast<uintptr_t>(copy.to));
    constexpr size_t staged = 64 << 10;
    bool small = copy.height == 1 && copy.depth == 1 && copy.width <= staged;
    if (fromPageable && !toPageable && small && !stream->capture) {
      copy.staged = std::make_shared<std::vector<uint8_t>>(
          copy.from, copy.from + copy.width);
      copy.from = copy.staged->data();
      fromPageable = false;
    }
    WorkPointer work;
    if (CUresult wrong =
            issue(*stream, std::move(copy), &work, CU_GRAPH_NODE_TYPE_MEMCPY))
      return wrong;
    if (fromPageable || toPageable || within)
      waitFor(work, lock);
    return stream->context->failure.load();
  });
}

CUresult copyNow(const CUDA_MEMCPY3D &asked) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    CopyOperation copy;
    if (CUresult wrong = makeCopy(copy, asked))
      return wrong;
    WorkPointer work;
    if (CUresult wrong = issue(*context.legacy, std::move(copy), &work))
      return wrong;
    waitFor(work, lock);
    return context.failure.load();
  });
}

CUresult checkContexts(CUcontext to, CUcontext from) {
  return enter([&](Lock &) -> CUresult {
    return find<Context>(to) && find<Context>(from)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_CONTEXT;
  });
}

/// The contexts of a copy between two only say where the sides lie.
CUresult withoutContexts(const CUDA_MEMCPY3D *asked, CUDA_MEMCPY3D &copy) {
  if (!asked)
    return CUDA_ERROR_INVALID_VALUE;
  copy = *asked;
  copy.reserved0 = copy.reserved1 = nullptr;
  return checkContexts(static_cast<CUcontext>(asked->reserved1),
                       static_cast<CUcontext>(asked->reserved0));
}

constexpr CUmemorytype onHost = CU_MEMORYTYPE_HOST,
                       onDevice = CU_MEMORYTYPE_DEVICE,
                       anywhere = CU_MEMORYTYPE_UNIFIED;

} // namespace

CUresult makeCopy(CopyOperation &copy, const CUDA_MEMCPY3D &asked) {
  copy.asked = asked;
  copy.width = asked.WidthInBytes;
  copy.height = asked.Height;
  copy.depth = asked.Depth;
  if (!copy.width || !copy.height || !copy.depth)
    return CUDA_SUCCESS;
  if (asked.srcLOD || asked.dstLOD || asked.reserved0 || asked.reserved1)
    return CUDA_ERROR_INVALID_VALUE;
  // Without a pitch, rows lie side by side.
  copy.fromPitch = asked.srcPitch ? asked.srcPitch : copy.width;
  copy.toPitch = asked.dstPitch ? asked.dstPitch : copy.width;
  constexpr size_t largest = size_t(1) << 46;
  if ((copy.height > 1 && (copy.fromPitch < copy.width + asked.srcXInBytes ||
                           copy.toPitch < copy.width + asked.dstXInBytes)) ||
      copy.width > largest || copy.height > largest || copy.depth > largest ||
      copy.fromPitch > largest || copy.toPitch > largest)
    return CUDA_ERROR_INVALID_VALUE;
  size_t fromHeight = asked.srcHeight ? asked.srcHeight : copy.height;
  size_t toHeight = asked.dstHeight ? asked.dstHeight : copy.height;
  unsigned __int128 most =
      (unsigned __int128)(std::max(copy.fromPitch, copy.toPitch)) *
      std::max(fromHeight + asked.srcY, toHeight + asked.dstY) *
      (copy.depth + std::max(asked.srcZ, asked.dstZ));
  if (most > largest)
    return CUDA_ERROR_INVALID_VALUE;
  copy.fromSlice = copy.fromPitch * fromHeight;
  copy.toSlice = copy.toPitch * toHeight;
  uint64_t from = 0, to = 0;
  if (CUresult wrong = placeSide(
          asked.srcMemoryType, asked.srcHost, asked.srcDevice,
          asked.srcZ * copy.fromSlice + asked.srcY * copy.fromPitch +
              asked.srcXInBytes,
          copy, copy.fromPitch, copy.fromSlice, from, copy.fromDevice))
    return wrong;
  if (CUresult wrong =
          placeSide(asked.dstMemoryType, asked.dstHost, asked.dstDevice,
                    asked.dstZ * copy.toSlice + asked.dstY * copy.toPitch +
                        asked.dstXInBytes,
                    copy, copy.toPitch, copy.toSlice, to, copy.toDevice))
    return wrong;
  copy.from = reinterpret_cast<const uint8_t *>(from);
  copy.to = reinterpret_cast<uint8_t *>(to);
  return CUDA_SUCCESS;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow(flat(anywhere, nullptr, to, anywhere, nullptr, from, bytes));
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                       CUstream stream) {
  return copyInOrder(
      flat(anywhere, nullptr, to, anywhere, nullptr, from, bytes), stream);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return copyNow(flat(onDevice, nullptr, to, onHost, from, 0, bytes));
}
TZ_EMU_ALIAS(cuMemcpyHtoD, cuMemcpyHtoD_v2);

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return copyNow(flat(onHost, to, 0, onDevice, nullptr, from, bytes));
}
TZ_EMU_ALIAS(cuMemcpyDtoH, cuMemcpyDtoH_v2);

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow(flat(onDevice, nullptr, to, onDevice, nullptr, from, bytes));
}
TZ_EMU_ALIAS(cuMemcpyDtoD, cuMemcpyDtoD_v2);

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  return copyInOrder(flat(onDevice, nullptr, to, onHost, from, 0, bytes),
                     stream);
}
TZ_EMU_ALIAS(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2);

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copyInOrder(flat(onHost, to, 0, onDevice, nullptr, from, bytes),
                     stream);
}
TZ_EMU_ALIAS(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2);

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copyInOrder(
      flat(onDevice, nullptr, to, onDevice, nullptr, from, bytes), stream);
}
TZ_EMU_ALIAS(cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2);

CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext toContext, CUdeviceptr from,
                      CUcontext fromContext, size_t bytes) {
  if (CUresult wrong = checkContexts(toContext, fromContext))
    return wrong;
  return cuMemcpyDtoD_v2(to, from, bytes);
}

CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext toContext,
                           CUdeviceptr from, CUcontext fromContext,
                           size_t bytes, CUstream stream) {
  if (CUresult wrong = checkContexts(toContext, fromContext))
    return wrong;
  return cuMemcpyDtoDAsync_v2(to, from, bytes, stream);
}

CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D *asked) {
  CUDA_MEMCPY3D copy;
  CUresult wrong = withoutContexts(asked, copy);
  return wrong ? wrong : copyNow(copy);
}

CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D *asked, CUstream stream) {
  CUDA_MEMCPY3D copy;
  CUresult wrong = withoutContexts(asked, copy);
  return wrong ? wrong : copyInOrder(copy, stream);
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy) {
  return copy ? copyNow(widen(*copy)) : CUDA_ERROR_INVALID_VALUE;
}
TZ_EMU_ALIAS(cuMemcpy2D, cuMemcpy2D_v2);

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *copy) {
  return cuMemcpy2D_v2(copy);
}
TZ_EMU_ALIAS(cuMemcpy2DUnaligned, cuMemcpy2DUnaligned_v2);

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
  return copy ? copyInOrder(widen(*copy), stream) : CUDA_ERROR_INVALID_VALUE;
}
TZ_EMU_ALIAS(cuMemcpy2DAsync, cuMemcpy2DAsync_v2);

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy) {
  return copy ? copyNow(*copy) : CUDA_ERROR_INVALID_VALUE;
}
TZ_EMU_ALIAS(cuMemcpy3D, cuMemcpy3D_v2);

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream) {
  return copy ? copyInOrder(*copy, stream) : CUDA_ERROR_INVALID_VALUE;
}
TZ_EMU_ALIAS(cuMemcpy3DAsync, cuMemcpy3DAsync_v2);
}
