// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory allocated and freed in a stream's order, and the pools it is counted
// in. An allocation is there at once; only freeing waits for its turn.
#include "driver/DriverCapture.h"
#include "driver/DriverMemory.h"

namespace terrazzo::emu::driver {

namespace {

CUresult allocateInOrder(Context &context, Lock &lock, Stream &stream,
                         const std::shared_ptr<Pool> &pool, size_t bytes,
                         CUdeviceptr *result) {
  if (stream.capture && stream.capture->invalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (pool->maximum && pool->used + bytes > pool->maximum)
    return CUDA_ERROR_OUT_OF_MEMORY;
  Allocation allocation;
  allocation.bytes = bytes;
  allocation.kind =
      stream.capture ? Allocation::Kind::Graph : Allocation::Kind::Pool;
  if (!stream.capture)
    allocation.pool = pool;
  uint64_t address = 0;
  if (CUresult wrong = allocateMemory(context, lock, allocation, address))
    return wrong;
  *result = address;
  if (stream.capture) {
    stream.capture->graph->memory->blocks.emplace_back(context.device, address);
    return issue(stream, AllocateOperation{address, bytes}, nullptr,
                 CU_GRAPH_NODE_TYPE_MEM_ALLOC);
  }
  pool->used += bytes;
  pool->usedHigh = std::max(pool->usedHigh.load(), pool->used.load());
  return CUDA_SUCCESS;
}

CUresult freeInOrder(Stream &stream, uint64_t address) {
  auto entry = driver().allocations.find(address);
  if (entry == driver().allocations.end() || entry->second.onHost())
    return CUDA_ERROR_INVALID_VALUE;
  // A graph keeps its memory as long as it lives: the next launch needs it.
  if (entry->second.kind == Allocation::Kind::Graph)
    return stream.capture ? issue(stream, EmptyOperation(), nullptr,
                                  CU_GRAPH_NODE_TYPE_MEM_FREE)
                          : CUDA_SUCCESS;
  return issue(stream, FreeOperation{address}, nullptr,
               CU_GRAPH_NODE_TYPE_MEM_FREE);
}

template <typename Body> CUresult usePool(CUmemoryPool handle, Body body) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Pool> pool = find<Pool>(handle);
    return pool ? body(pool) : CUDA_ERROR_INVALID_VALUE;
  });
}

template <typename Body> CUresult usePoolOf(CUdevice number, Body body) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    return device ? body(*device) : CUDA_ERROR_INVALID_DEVICE;
  });
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream handle) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!address)
      return CUDA_ERROR_INVALID_VALUE;
    return allocateInOrder(*stream->context, lock, *stream,
                           stream->context->device->pool, bytes, address);
  });
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes,
                                 CUmemoryPool poolHandle, CUstream handle) {
  return enterContext([&](Context &context, Lock &lock) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<Pool> pool = find<Pool>(poolHandle);
    if (!address || !pool || pool->device != stream->context->device->number)
      return CUDA_ERROR_INVALID_VALUE;
    return allocateInOrder(*stream->context, lock, *stream, pool, bytes,
                           address);
  });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    return stream ? freeInOrder(*stream, address) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice number) {
  return usePoolOf(number, [&](Device &device) {
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    *pool = handleOf<Pool, CUmemoryPool>(device.defaultPool);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice number) {
  return usePoolOf(number, [&](Device &device) {
    if (!pool)
      return CUDA_ERROR_INVALID_VALUE;
    *pool = handleOf<Pool, CUmemoryPool>(device.pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceSetMemPool(CUdevice number, CUmemoryPool handle) {
  return usePoolOf(number, [&](Device &device) {
    std::shared_ptr<Pool> pool = find<Pool>(handle);
    if (!pool || pool->device != device.number)
      return CUDA_ERROR_INVALID_VALUE;
    device.pool = std::move(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *result,
                         const CUmemPoolProps *properties) {
  return enter([&](Lock &) -> CUresult {
    constexpr int pinned = 1, onDevice = 1;
    // Memory of the host's, of one of its nodes, or of the nearest one.
    constexpr int lastPlace = 4;
    if (!result || !properties || properties->allocType != pinned ||
        properties->location.type < onDevice ||
        properties->location.type > lastPlace)
      return CUDA_ERROR_INVALID_VALUE;
    if (properties->handleTypes || properties->usage ||
        properties->location.type != onDevice)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (!findDevice(properties->location.id))
      return CUDA_ERROR_INVALID_VALUE;
    auto pool = std::make_shared<Pool>();
    pool->device = properties->location.id;
    pool->maximum = properties->maxSize;
    driver().add(pool, nullptr);
    *result = handleOf<Pool, CUmemoryPool>(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  return usePool(handle, [&](const std::shared_ptr<Pool> &pool) {
    if (pool->isDefault)
      return CUDA_ERROR_INVALID_VALUE;
    Device &device = *driver().devices[pool->device];
    if (device.pool == pool)
      device.pool = device.defaultPool;
    driver().remove(*pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  // Nothing unused is ever kept.
  return usePool(handle,
                 [](const std::shared_ptr<Pool> &) { return CUDA_SUCCESS; });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return usePool(handle, [&](const std::shared_ptr<Pool> &pool) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      if (*static_cast<unsigned *>(value) > 1)
        return CUDA_ERROR_INVALID_VALUE;
      pool->reuse[attribute - 1] = *static_cast<int *>(value);
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      pool->threshold = *static_cast<uint64_t *>(value);
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      // It can only be set back.
      if (*static_cast<uint64_t *>(value) != 0)
        return CUDA_ERROR_INVALID_VALUE;
      pool->usedHigh = pool->used.load();
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return usePool(handle, [&](const std::shared_ptr<Pool> &pool) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    auto *number = static_cast<uint64_t *>(value);
    switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      *static_cast<int *>(value) = pool->reuse[attribute - 1];
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      *number = pool->threshold;
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      *number = pool->used;
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      *number = pool->usedHigh;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CUresult cuMemPoolSetAccess(CUmemoryPool handle,
                            const CUmemAccessDesc *accesses, size_t count) {
  return usePool(handle, [&](const std::shared_ptr<Pool> &pool) {
    if (count && !accesses)
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count; ++i) {
      if (accesses[i].location.type != 1)
        return CUDA_ERROR_NOT_SUPPORTED;
      bool own = accesses[i].location.id == pool->device;
      if (own ? accesses[i].flags != 3 : accesses[i].flags != 0)
        return own ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_DEVICE;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAccess(int *flags, CUmemoryPool handle,
                            CUmemLocation *location) {
  return usePool(handle, [&](const std::shared_ptr<Pool> &pool) {
    constexpr int readAndWrite = 3;
    if (!flags || !location)
      return CUDA_ERROR_INVALID_VALUE;
    if (location->type != 1)
      return CUDA_ERROR_NOT_SUPPORTED;
    *flags = location->id == pool->device ? readAndWrite : 0;
    return CUDA_SUCCESS;
  });
}
}
