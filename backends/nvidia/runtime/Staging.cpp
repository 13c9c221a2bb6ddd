// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Staging.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::nvidia {

CudaResult Staging::make(const DriverApi &api, const char *&failed) {
  if (!pieces.empty())
    return CudaSuccess;
  std::vector<Piece> fresh(pieceCount);
  CudaResult result = CudaSuccess;
  for (Piece &piece : fresh) {
    void *memory = nullptr;
    failed = "cuMemHostAlloc";
    result = api.hostAllocate(&memory, pieceBytes, HostMemoryPortable);
    if (result != CudaSuccess)
      break;
    piece.memory = static_cast<char *>(memory);
    failed = "cuEventCreate";
    result = api.eventCreate(&piece.fetched, EventWithoutTiming);
    if (result != CudaSuccess)
      break;
  }
  pieces = std::move(fresh);
  if (result != CudaSuccess)
    destroy(api);
  return result;
}

CudaResult Staging::advance(const DriverApi &api, CudaStream stream,
                            const char *&failed) {
  failed = "cuEventRecord";
  if (CudaResult result = api.eventRecord(pieces[current].fetched, stream))
    return result;
  pieces[current].busy = true;
  current = (current + 1) % pieceCount;
  used = 0;
  if (!pieces[current].busy)
    return CudaSuccess;
  failed = "cuEventSynchronize";
  CudaResult result = api.eventSynchronize(pieces[current].fetched);
  pieces[current].busy = result != CudaSuccess;
  return result;
}

CudaResult Staging::copy(const DriverApi &api, CudaStream stream,
                         CudaAddress to, const char *from, uint64_t bytes,
                         const char *&failed) {
  if (CudaResult result = make(api, failed))
    return result;
  while (bytes > 0) {
    if (used == pieceBytes)
      if (CudaResult result = advance(api, stream, failed))
        return result;
    size_t count = std::min<uint64_t>(bytes, pieceBytes - used);
    char *place = pieces[current].memory + used;
    memcpy(place, from, count);
    failed = "cuMemcpyHtoDAsync";
    if (CudaResult result = api.copyToDevice(to, place, count, stream))
      return result;
    // Each copy begins on a line of its own.
    constexpr size_t line = 64;
    used = std::min(pieceBytes, (used + count + line - 1) / line * line);
    to += count;
    from += count;
    bytes -= count;
  }
  return CudaSuccess;
}

void Staging::destroy(const DriverApi &api) {
  for (const Piece &piece : pieces) {
    if (piece.fetched)
      api.eventDestroy(piece.fetched);
    if (piece.memory)
      api.hostFree(piece.memory);
  }
  pieces.clear();
  current = used = 0;
}

} // namespace terrazzo::nvidia
