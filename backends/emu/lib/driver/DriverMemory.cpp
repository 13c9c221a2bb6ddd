// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory: of the device, page-locked, managed. An emulated device's memory is
// the host's own, so page-locked and managed memory is device memory that the
// program may touch.
#include "driver/DriverMemory.h"
#include "driver/DriverCapture.h"

#include <algorithm>

namespace terrazzo::emu::driver {

CUresult allocateMemory(Context &context, Lock &lock, Allocation allocation,
                        uint64_t &address) {
  if (allocation.bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  DeviceMemory &memory = context.device->memory;
  address = memory.allocate(allocation.bytes);
  if (!address && !context.legacy->capture) {
    // Memory that is freed in the order of a stream may be on its way.
    bool capturing =
        std::ranges::any_of(context.streams, [](const auto &stream) {
          return stream->capture != nullptr;
        });
    if (!capturing) {
      waitForAll(context, lock);
      address = memory.allocate(allocation.bytes);
    }
  }
  if (!address)
    return CUDA_ERROR_OUT_OF_MEMORY;
  allocation.device = context.device->number;
  allocation.number = driver().number();
  allocation.context =
      std::static_pointer_cast<Context>(context.shared_from_this());
  driver().allocations[address] = std::move(allocation);
  return CUDA_SUCCESS;
}

namespace {

CUresult allocateSafely(Allocation::Kind kind, size_t bytes, unsigned flags,
                        uint64_t *address) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    if (!address)
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    Allocation allocation;
    allocation.kind = kind;
    allocation.bytes = bytes;
    allocation.flags = flags;
    return allocateMemory(context, lock, std::move(allocation), *address);
  });
}

/// Frees what one of the kinds' own function may free.
template <typename Accept>
CUresult freeMemory(uint64_t address, Accept accept) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    if (address == 0)
      return CUDA_SUCCESS;
    auto entry = driver().allocations.find(address);
    if (entry == driver().allocations.end() || !accept(entry->second))
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    waitForAll(context, lock);
    if (CUresult failure = context.failure.load())
      return failure;
    releaseAllocation(address);
    return CUDA_SUCCESS;
  });
}

bool isHost(const Allocation &allocation) {
  return allocation.kind == Allocation::Kind::Host;
}

bool isDevice(const Allocation &allocation) {
  return !allocation.onHost() && allocation.kind != Allocation::Kind::Graph;
}

/// Of managed memory, and inside of it.
CUresult checkManaged(CUdeviceptr address, size_t bytes) {
  auto entry = driver().findAllocation(address);
  return bytes && entry != driver().allocations.end() &&
                 entry->second.kind == Allocation::Kind::Managed &&
                 bytes <= entry->first + entry->second.bytes - address
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

/// A device, or the host.
bool isPlace(CUdevice number) {
  constexpr CUdevice host = -1;
  return number == host || findDevice(number);
}

constexpr unsigned hostFlags = 7, registerFlags = 15;

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuMemGetInfo_v2(size_t *freeBytes, size_t *totalBytes) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!freeBytes || !totalBytes)
      return CUDA_ERROR_INVALID_VALUE;
    *freeBytes = context.device->memory.freeBytes();
    *totalBytes = context.device->memory.totalBytes();
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuMemGetInfo, cuMemGetInfo_v2);

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  uint64_t place = 0;
  CUresult result = allocateSafely(Allocation::Kind::Device, bytes, 0,
                                   address ? &place : nullptr);
  if (result == CUDA_SUCCESS)
    *address = place;
  return result;
}
TZ_EMU_ALIAS(cuMemAlloc, cuMemAlloc_v2);

CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width,
                            size_t height, unsigned elementBytes) {
  constexpr size_t multiple = 512;
  if (!address || !pitch || !width || !height ||
      (elementBytes != 4 && elementBytes != 8 && elementBytes != 16) ||
      width > SIZE_MAX - multiple)
    return CUDA_ERROR_INVALID_VALUE;
  size_t row = (width + multiple - 1) / multiple * multiple, bytes;
  if (__builtin_mul_overflow(row, height, &bytes))
    return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = cuMemAlloc_v2(address, bytes);
  if (result == CUDA_SUCCESS)
    *pitch = row;
  return result;
}
TZ_EMU_ALIAS(cuMemAllocPitch, cuMemAllocPitch_v2);

CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned flags) {
  constexpr unsigned global = 1, host = 2;
  if (flags != global && flags != host)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t place = 0;
  CUresult result = allocateSafely(Allocation::Kind::Managed, bytes, flags,
                                   address ? &place : nullptr);
  if (result == CUDA_SUCCESS)
    *address = place;
  return result;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  return freeMemory(address, isDevice);
}
TZ_EMU_ALIAS(cuMemFree, cuMemFree_v2);

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes,
                                 CUdeviceptr address) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    auto entry = driver().findAllocation(address);
    if (entry == driver().allocations.end())
      return CUDA_ERROR_NOT_FOUND;
    if (base)
      *base = entry->first;
    if (bytes)
      *bytes = entry->second.bytes;
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuMemGetAddressRange, cuMemGetAddressRange_v2);

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  if (flags & ~hostFlags)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t place = 0;
  CUresult result = allocateSafely(Allocation::Kind::Host, bytes, flags,
                                   memory ? &place : nullptr);
  if (result == CUDA_SUCCESS)
    *memory = reinterpret_cast<void *>(place);
  return result;
}

CUresult cuMemAllocHost_v2(void **memory, size_t bytes) {
  return cuMemHostAlloc(memory, bytes, 0);
}
TZ_EMU_ALIAS(cuMemAllocHost, cuMemAllocHost_v2);

CUresult cuMemFreeHost(void *memory) {
  return freeMemory(reinterpret_cast<uintptr_t>(memory), isHost);
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *memory,
                                      unsigned flags) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    auto place = reinterpret_cast<uintptr_t>(memory);
    auto entry = driver().findAllocation(place);
    if (!address || flags || entry == driver().allocations.end())
      return CUDA_ERROR_INVALID_VALUE;
    // Registered memory can be copied from and to, but kernels do not reach it.
    if (!isHost(entry->second))
      return CUDA_ERROR_NOT_SUPPORTED;
    *address = place;
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuMemHostGetDevicePointer, cuMemHostGetDevicePointer_v2);

CUresult cuMemHostGetFlags(unsigned *flags, void *memory) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    auto entry = driver().findAllocation(reinterpret_cast<uintptr_t>(memory));
    if (!flags || entry == driver().allocations.end() ||
        !entry->second.onHost())
      return CUDA_ERROR_INVALID_VALUE;
    *flags = entry->second.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    auto address = reinterpret_cast<uintptr_t>(memory);
    if (!memory || !bytes || (flags & ~registerFlags) ||
        address + bytes < address)
      return CUDA_ERROR_INVALID_VALUE;
    // Kernels do not reach it, and it is no device's.
    if (flags & ~unsigned(CU_MEMHOSTREGISTER_PORTABLE))
      return CUDA_ERROR_NOT_SUPPORTED;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    auto &allocations = driver().allocations;
    auto next = allocations.lower_bound(address);
    if (driver().findAllocation(address) != allocations.end() ||
        (next != allocations.end() && next->first < address + bytes))
      return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    Allocation allocation;
    allocation.kind = Allocation::Kind::Registered;
    allocation.bytes = bytes;
    allocation.flags = flags;
    allocation.number = driver().number();
    allocation.device = context.device->number;
    allocation.context =
        std::static_pointer_cast<Context>(context.shared_from_this());
    allocations[address] = std::move(allocation);
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuMemHostRegister, cuMemHostRegister_v2);

CUresult cuMemHostUnregister(void *memory) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    auto entry = driver().allocations.find(reinterpret_cast<uintptr_t>(memory));
    if (!memory)
      return CUDA_ERROR_INVALID_VALUE;
    if (entry == driver().allocations.end() ||
        entry->second.kind != Allocation::Kind::Registered)
      return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    if (CUresult forbidden = checkUnsafe())
      return forbidden;
    waitForAll(context, lock);
    driver().allocations.erase(reinterpret_cast<uintptr_t>(memory));
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAdvise(CUdeviceptr address, size_t bytes, int advice,
                     CUdevice device) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    // The first two are about no device.
    constexpr int first = 1, last = 6, aboutDevice = 3;
    if (advice < first || advice > last)
      return CUDA_ERROR_INVALID_VALUE;
    if (advice >= aboutDevice && !isPlace(device))
      return CUDA_ERROR_INVALID_DEVICE;
    return checkManaged(address, bytes);
  });
}

CUresult cuMemPrefetchAsync(CUdeviceptr address, size_t bytes, CUdevice device,
                            CUstream stream) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!streamOf(stream, context))
      return CUDA_ERROR_INVALID_HANDLE;
    return isPlace(device) ? checkManaged(address, bytes)
                           : CUDA_ERROR_INVALID_DEVICE;
  });
}
}
