// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of the device and page-locked memory of the host, copies and fills.
#include "Device.h"

#include <algorithm>

namespace terrazzo::nvidia {

namespace {

int refuseWhileRecording(terrazzo_device *device, const char *what) {
  return device->fail(ExitUsage, std::string(what) + " while work is recorded");
}

bool isPinned(const terrazzo_device &device, const char *from, uint64_t bytes) {
  auto next = device.pinned.upper_bound(const_cast<char *>(from));
  if (next == device.pinned.begin())
    return false;
  auto [start, length] = *std::prev(next);
  uint64_t offset = uint64_t(from - start);
  return offset <= length && bytes <= length - offset;
}

int copyToDevice(terrazzo_device *device, const terrazzo_copy_args &args) {
  const DriverApi &api = *device->api;
  auto *from = static_cast<const char *>(args.host);
  const char *failed = "cuMemcpyHtoDAsync";
  CudaResult result =
      isPinned(*device, from, args.bytes)
          ? api.copyToDevice(args.device, from, args.bytes, device->stream)
          : device->staging.copy(api, device->stream, args.device, from,
                                 args.bytes, failed);
  return result == CudaSuccess ? int(ExitOk) : device->fail(failed, result);
}

int copyToHost(terrazzo_device *device, const terrazzo_copy_args &args) {
  CudaResult result = device->api->copyToHost(args.host, args.device,
                                              args.bytes, device->stream);
  if (result != CudaSuccess)
    return device->fail("cuMemcpyDtoHAsync", result);
  result = device->api->streamSynchronize(device->stream);
  return result == CudaSuccess ? int(ExitOk)
                               : device->fail("cuStreamSynchronize", result);
}

int copyInside(terrazzo_device *device, const terrazzo_copy_args &args) {
  CudaResult result = device->api->copyInside(args.target, args.device,
                                              args.bytes, device->stream);
  return result == CudaSuccess ? int(ExitOk)
                               : device->fail("cuMemcpyDtoDAsync", result);
}

} // namespace

int allocateMemory(terrazzo_device *device, uint64_t bytes,
                   terrazzo_memory *memory) {
  return use(device, [&]() -> int {
    if (device->recording)
      return refuseWhileRecording(device, "memory cannot be allocated");
    CudaAddress address = 0;
    uint64_t asked = std::max<uint64_t>(bytes, 1);
    CudaResult result =
        device->orderedMemory
            ? device->api->memoryAllocateAsync(&address, asked, device->stream)
            : device->api->memoryAllocate(&address, asked);
    if (result != CudaSuccess)
      return device->fail(
          device->orderedMemory ? "cuMemAllocAsync" : "cuMemAlloc", result);
    *memory = address;
    return ExitOk;
  });
}

void freeMemory(terrazzo_device *device, terrazzo_memory memory) {
  if (!memory)
    return;
  use(device, [&]() -> int {
    if (device->recording) {
      device->lateFrees.push_back(memory);
      return ExitOk;
    }
    CudaResult result =
        device->orderedMemory
            ? device->api->memoryFreeAsync(memory, device->stream)
            : device->api->memoryFree(memory);
    return result == CudaSuccess ? int(ExitOk)
                                 : device->fail("cuMemFreeAsync", result);
  });
}

int allocateHost(terrazzo_device *device, uint64_t bytes, void **memory) {
  return use(device, [&]() -> int {
    uint64_t asked = std::max<uint64_t>(bytes, 1);
    CudaResult result =
        device->api->hostAllocate(memory, asked, HostMemoryPortable);
    if (result != CudaSuccess)
      return device->fail("cuMemHostAlloc", result);
    device->pinned[static_cast<char *>(*memory)] = asked;
    return ExitOk;
  });
}

void freeHost(terrazzo_device *device, void *memory) {
  use(device, [&]() -> int {
    if (!device->pinned.erase(static_cast<char *>(memory)))
      return ExitUsage;
    // What is queued may still read it.
    if (!device->recording)
      device->api->streamSynchronize(device->stream);
    device->api->hostFree(memory);
    return ExitOk;
  });
}

int copyMemory(terrazzo_device *device, const terrazzo_copy_args *args) {
  return use(device, [&]() -> int {
    if (!args->bytes)
      return ExitOk;
    if (args->direction == TERRAZZO_COPY_INSIDE)
      return copyInside(device, *args);
    if (device->recording)
      return refuseWhileRecording(device,
                                  "bytes cannot be copied to or from the host");
    switch (args->direction) {
    case TERRAZZO_COPY_TO_DEVICE:
      return copyToDevice(device, *args);
    case TERRAZZO_COPY_TO_HOST:
      return copyToHost(device, *args);
    default:
      return device->fail(ExitUsage, "an unknown direction of a copy");
    }
  });
}

int fillMemory(terrazzo_device *device, terrazzo_memory memory, uint8_t value,
               uint64_t bytes) {
  return use(device, [&]() -> int {
    if (!bytes)
      return ExitOk;
    constexpr unsigned everyByte = 0x01010101, wide = 4;
    CudaResult result =
        memory % wide == 0 && bytes % wide == 0
            ? device->api->fill32(memory, value * everyByte, bytes / wide,
                                  device->stream)
            : device->api->fill8(memory, value, bytes, device->stream);
    return result == CudaSuccess ? int(ExitOk)
                                 : device->fail("cuMemsetAsync", result);
  });
}

} // namespace terrazzo::nvidia
