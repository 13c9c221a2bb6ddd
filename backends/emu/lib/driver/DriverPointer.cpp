// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a pointer is one to.
#include "driver/DriverState.h"

namespace terrazzo::emu::driver {

namespace {

template <typename T> void put(void *place, T value) {
  *static_cast<T *>(place) = value;
}

CUresult describe(void *data, CUpointer_attribute attribute, uint64_t address,
                  uint64_t base, const Allocation &allocation) {
  bool host = allocation.onHost();
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    put(data, handleOf<Context, CUcontext>(allocation.context));
    break;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    put(data, unsigned(host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE));
    break;
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    if (allocation.kind == Allocation::Kind::Registered)
      return CUDA_ERROR_INVALID_VALUE;
    put(data, CUdeviceptr(address));
    break;
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    if (!host && allocation.kind != Allocation::Kind::Managed)
      return CUDA_ERROR_INVALID_VALUE;
    put(data, reinterpret_cast<void *>(address));
    break;
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    put(data, static_cast<unsigned long long>(allocation.number));
    break;
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    put(data, unsigned(allocation.kind == Allocation::Kind::Managed));
    break;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    put(data, allocation.device);
    break;
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    put(data, CUdeviceptr(base));
    break;
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    put(data, size_t(allocation.bytes));
    break;
  case CU_POINTER_ATTRIBUTE_MAPPED:
    put(data, 1u);
    break;
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    put(data, unsigned(allocation.syncMemops));
    break;
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    put(data, 0u);
    break;
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    put(data, static_cast<unsigned long long>(0));
    break;
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    put(data, 3);
    break;
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    put(data, allocation.pool ? handleOf<Pool, CUmemoryPool>(allocation.pool)
                              : nullptr);
    break;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

/// What the plural form answers for a pointer that is none of the driver's.
void describeUnknown(void *data, CUpointer_attribute attribute) {
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
  case CU_POINTER_ATTRIBUTE_MAPPED:
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    put(data, 0u);
    break;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    put(data, -2);
    break;
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    put(data, 0);
    break;
  default:
    put(data, static_cast<void *>(nullptr));
  }
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
                               CUdeviceptr address) {
  return enter([&](Lock &) -> CUresult {
    auto entry = driver().findAllocation(address);
    if (!data || entry == driver().allocations.end())
      return CUDA_ERROR_INVALID_VALUE;
    return describe(data, attribute, address, entry->first, entry->second);
  });
}

CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute *attributes,
                                void **data, CUdeviceptr address) {
  return enter([&](Lock &) -> CUresult {
    if (!count || !attributes || !data)
      return CUDA_ERROR_INVALID_VALUE;
    auto entry = driver().findAllocation(address);
    for (unsigned i = 0; i < count; ++i)
      if (entry == driver().allocations.end() ||
          describe(data[i], attributes[i], address, entry->first,
                   entry->second))
        describeUnknown(data[i], attributes[i]);
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                               CUdeviceptr address) {
  return enter([&](Lock &) -> CUresult {
    auto entry = driver().findAllocation(address);
    if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS ||
        entry == driver().allocations.end())
      return CUDA_ERROR_INVALID_VALUE;
    // Copies wait here anyhow.
    entry->second.syncMemops = *static_cast<const unsigned *>(value) != 0;
    return CUDA_SUCCESS;
  });
}
}
