// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fills. Like the driver's, those without a stream may return before they are
// done, unless the program sees the memory itself.
#include "driver/DriverCapture.h"

namespace terrazzo::emu::driver {

namespace {

CUDA_MEMSET_NODE_PARAMS box(CUdeviceptr to, size_t pitch, unsigned value,
                            unsigned elementBytes, size_t width,
                            size_t height) {
  return {to, pitch, value, elementBytes, width, height};
}

CUresult fillInOrder(const CUDA_MEMSET_NODE_PARAMS &asked, CUstream handle) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    FillOperation fill;
    if (CUresult wrong = makeFill(fill, asked))
      return wrong;
    return issue(*stream, std::move(fill), nullptr, CU_GRAPH_NODE_TYPE_MEMSET);
  });
}

CUresult fillNow(const CUDA_MEMSET_NODE_PARAMS &asked) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    FillOperation fill;
    if (CUresult wrong = makeFill(fill, asked))
      return wrong;
    WorkPointer work;
    if (CUresult wrong = issue(*context.legacy, std::move(fill), &work))
      return wrong;
    if (!isFilledAtOnce(asked.dst, context))
      return CUDA_SUCCESS;
    waitFor(work, lock);
    return context.failure.load();
  });
}

} // namespace

bool isFilledAtOnce(CUdeviceptr address, const Context &context) {
  auto entry = driver().findAllocation(address);
  if (entry == driver().allocations.end())
    return false;
  const Allocation &allocation = entry->second;
  return allocation.onHost() || allocation.kind == Allocation::Kind::Managed ||
         allocation.syncMemops || (context.flags & CU_CTX_SYNC_MEMOPS);
}

CUresult makeFill(FillOperation &operation,
                  const CUDA_MEMSET_NODE_PARAMS &asked) {
  constexpr size_t largest = size_t(1) << 46;
  unsigned bytes = asked.elementSize;
  if ((bytes != 1 && bytes != 2 && bytes != 4) || asked.dst % bytes ||
      asked.width > largest || asked.height > largest || asked.pitch > largest)
    return CUDA_ERROR_INVALID_VALUE;
  operation.asked = asked;
  if (!asked.width || !asked.height)
    return CUDA_SUCCESS;
  size_t row = asked.width * bytes;
  if (asked.height > 1 && asked.pitch < row)
    return CUDA_ERROR_INVALID_VALUE;
  unsigned __int128 extent =
      (unsigned __int128)(asked.pitch) * (asked.height - 1) + row;
  if (extent > largest || !findDevice(asked.dst, uint64_t(extent)))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fillNow(box(to, 0, value, 1, count, 1));
}
TZ_EMU_ALIAS(cuMemsetD8, cuMemsetD8_v2);

CUresult cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fillNow(box(to, 0, value, 2, count, 1));
}
TZ_EMU_ALIAS(cuMemsetD16, cuMemsetD16_v2);

CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fillNow(box(to, 0, value, 4, count, 1));
}
TZ_EMU_ALIAS(cuMemsetD32, cuMemsetD32_v2);

CUresult cuMemsetD2D8_v2(CUdeviceptr to, size_t pitch, unsigned char value,
                         size_t width, size_t height) {
  return fillNow(box(to, pitch, value, 1, width, height));
}
TZ_EMU_ALIAS(cuMemsetD2D8, cuMemsetD2D8_v2);

CUresult cuMemsetD2D16_v2(CUdeviceptr to, size_t pitch, unsigned short value,
                          size_t width, size_t height) {
  return fillNow(box(to, pitch, value, 2, width, height));
}
TZ_EMU_ALIAS(cuMemsetD2D16, cuMemsetD2D16_v2);

CUresult cuMemsetD2D32_v2(CUdeviceptr to, size_t pitch, unsigned value,
                          size_t width, size_t height) {
  return fillNow(box(to, pitch, value, 4, width, height));
}
TZ_EMU_ALIAS(cuMemsetD2D32, cuMemsetD2D32_v2);

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                         CUstream stream) {
  return fillInOrder(box(to, 0, value, 1, count, 1), stream);
}

CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                          CUstream stream) {
  return fillInOrder(box(to, 0, value, 2, count, 1), stream);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                          CUstream stream) {
  return fillInOrder(box(to, 0, value, 4, count, 1), stream);
}

CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value,
                           size_t width, size_t height, CUstream stream) {
  return fillInOrder(box(to, pitch, value, 1, width, height), stream);
}

CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value,
                            size_t width, size_t height, CUstream stream) {
  return fillInOrder(box(to, pitch, value, 2, width, height), stream);
}

CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value,
                            size_t width, size_t height, CUstream stream) {
  return fillInOrder(box(to, pitch, value, 4, width, height), stream);
}
}
