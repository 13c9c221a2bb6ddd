// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings of a context that change nothing on an emulated device, kept and
// answered as a program expects; and access to other devices, which there is
// none of.
#include "driver/DriverState.h"

namespace terrazzo::emu::driver {

namespace {

/// Kernels start no kernels: the limits of those that do are none here.
bool isLimit(CUlimit limit) {
  constexpr CUlimit depth = 3, pending = 4;
  return limit >= CU_LIMIT_STACK_SIZE &&
         limit <= CU_LIMIT_PERSISTING_L2_CACHE_SIZE && limit != depth &&
         limit != pending;
}

size_t defaultLimit(int limit) {
  switch (limit) {
  case 0:
    return 1 << 10; // a thread's stack
  case 1:
    return 1 << 20; // text that kernels print
  case 2:
    return 8 << 20; // the heap of kernels
  case 5:
    return 64; // of the second-level cache's fetches
  default:
    return 0;
  }
}

} // namespace

size_t Context::limit(CUlimit limit) const {
  auto found = limits.find(limit);
  return found == limits.end() ? defaultLimit(limit) : found->second;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

namespace {

/// Least urgent and most urgent.
constexpr int leastPriority = 0, greatestPriority = -5;

} // namespace

extern "C" {

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (!isLimit(limit))
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    *value = context.limit(limit);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!isLimit(limit))
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    // Kernels that use the heap have been launched: it has its size.
    if (limit == CU_LIMIT_MALLOC_HEAP_SIZE && context.heap)
      return CUDA_ERROR_INVALID_VALUE;
    // There is no cache to set memory aside in.
    context.limits[limit] =
        limit == CU_LIMIT_PERSISTING_L2_CACHE_SIZE ? 0 : value;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = context.cacheConfig;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    constexpr int last = 3;
    if (config < 0 || config > last)
      return CUDA_ERROR_INVALID_VALUE;
    context.cacheConfig = config;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = context.sharedConfig;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetSharedMemConfig(CUsharedconfig config) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    constexpr int last = 2;
    if (config < 0 || config > last)
      return CUDA_ERROR_INVALID_VALUE;
    context.sharedConfig = config;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return enterContext([&](Context &, Lock &) {
    if (least)
      *least = leastPriority;
    if (greatest)
      *greatest = greatestPriority;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxResetPersistingL2Cache() {
  return enterContext([](Context &, Lock &) { return CUDA_SUCCESS; });
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    if (!find<Context>(peer))
      return CUDA_ERROR_INVALID_CONTEXT;
    return flags ? CUDA_ERROR_INVALID_VALUE
                 : CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
  });
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
  return enterContext([&](Context &, Lock &) -> CUresult {
    return find<Context>(peer) ? CUDA_ERROR_PEER_ACCESS_NOT_ENABLED
                               : CUDA_ERROR_INVALID_CONTEXT;
  });
}
}
