// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings of a context that change nothing on an emulated device, kept and
// answered as a program expects; and access to other devices, which there is
// none of.
#include "DriverState.h"

using namespace terrazzo::emu::driver;

namespace {

constexpr int limitCount = 7;

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

/// Least urgent and most urgent.
constexpr int leastPriority = 0, greatestPriority = -5;

} // namespace

extern "C" {

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (limit < 0 || limit >= limitCount)
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    auto found = context.limits.find(limit);
    *value =
        found == context.limits.end() ? defaultLimit(limit) : found->second;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    if (limit < 0 || limit >= limitCount)
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    context.limits[limit] = value;
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
