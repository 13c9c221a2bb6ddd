// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is asked of and set for a kernel, and how many of its blocks fit.
#include "driver/DriverModule.h"

#include <algorithm>

namespace terrazzo::emu::driver {

uint64_t Function::allowedDynamicShared() const {
  if (dynamicShared >= 0)
    return uint64_t(dynamicShared);
  uint64_t limit = architecture().sharedPerBlock;
  return limit - std::min(limit, info().sharedBytes);
}

uint32_t Function::maxThreads() const {
  uint32_t limit = architecture().maxThreadsPerBlock;
  return info().maxThreads ? std::min(info().maxThreads, limit) : limit;
}

namespace {

CUresult getAttribute(const Function &function, CUfunction_attribute attribute,
                      int *value) {
  const KernelInfo &info = function.info();
  const Architecture &architecture = function.architecture();
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = int(function.maxThreads());
    break;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = int(info.sharedBytes);
    break;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    *value = int(info.constantBytes);
    break;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    *value = int(info.localBytes);
    break;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    *value = int(std::clamp(info.registers, 16u, 255u));
    break;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    *value = function.module->ptxVersion;
    break;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = architecture.major * 10 + architecture.minor;
    break;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = int(function.allowedDynamicShared());
    break;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    *value = function.carveout;
    break;
  default:
    if (attribute < 0 ||
        attribute > CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE)
      return CUDA_ERROR_INVALID_VALUE;
    *value = 0;
  }
  return CUDA_SUCCESS;
}

CUresult setAttribute(Function &function, CUfunction_attribute attribute,
                      int value) {
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
    uint64_t most = function.architecture().sharedPerBlockOptin;
    if (value < 0 || uint64_t(value) + function.info().sharedBytes > most)
      return CUDA_ERROR_INVALID_VALUE;
    function.dynamicShared = value;
    return CUDA_SUCCESS;
  }
  if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
    constexpr int percent = 100;
    if (value < -1 || value > percent)
      return CUDA_ERROR_INVALID_VALUE;
    function.carveout = value;
    return CUDA_SUCCESS;
  }
  constexpr CUfunction_attribute clusterWidth = 11;
  if (attribute < clusterWidth ||
      attribute > CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE)
    return CUDA_ERROR_INVALID_VALUE; // cannot be set, or is none
  // About clusters of several blocks, which are not modelled.
  return value ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
}

template <typename Body> CUresult useFunction(const void *handle, Body body) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Function> function = findFunction(handle, context);
    return function ? body(*function) : CUDA_ERROR_INVALID_HANDLE;
  });
}

} // namespace

int activeBlocks(const Function &function, int threads, size_t sharedBytes) {
  const Architecture &architecture = function.architecture();
  uint64_t shared = function.info().sharedBytes + sharedBytes;
  if (threads < 1 || uint32_t(threads) > function.maxThreads() ||
      sharedBytes > function.allowedDynamicShared())
    return 0;
  int residentThreads = 0, blocks = 0;
  CUdevice device = function.module->owner->device->number;
  cuDeviceGetAttribute(&residentThreads, 39, device);
  cuDeviceGetAttribute(&blocks, 106, device);
  constexpr int warp = 32, residentRegisters = 65536;
  int rounded = (threads + warp - 1) / warp * warp;
  int registers = int(std::clamp(function.info().registers, 16u, 255u));
  blocks = std::min(blocks, residentThreads / rounded);
  blocks = std::min(blocks, residentRegisters / (registers * rounded));
  if (shared)
    blocks =
        std::min(blocks, int(architecture.sharedPerMultiprocessor / shared));
  return blocks;
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute,
                            CUfunction handle) {
  return useFunction(handle, [&](Function &function) {
    return value ? getAttribute(function, attribute, value)
                 : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute,
                            int value) {
  return useFunction(handle, [&](Function &function) {
    return setAttribute(function, attribute, value);
  });
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute,
                              CUkernel kernel, CUdevice device) {
  if (!findDevice(device))
    return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncGetAttribute(value, attribute,
                            reinterpret_cast<CUfunction>(kernel));
}

CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value,
                              CUkernel kernel, CUdevice device) {
  if (!findDevice(device))
    return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncSetAttribute(reinterpret_cast<CUfunction>(kernel), attribute,
                            value);
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config,
                                CUdevice device) {
  if (!findDevice(device))
    return CUDA_ERROR_INVALID_DEVICE;
  return cuFuncSetCacheConfig(reinterpret_cast<CUfunction>(kernel), config);
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset,
                              size_t *bytes) {
  return cuFuncGetParamInfo(reinterpret_cast<CUfunction>(kernel), index, offset,
                            bytes);
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
  return useFunction(handle, [&](Function &function) {
    constexpr CUfunc_cache last = 3;
    if (config < 0 || config > last)
      return CUDA_ERROR_INVALID_VALUE;
    function.cacheConfig = config;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig config) {
  return useFunction(handle, [&](Function &) {
    constexpr CUsharedconfig last = 2;
    return config >= 0 && config <= last ? CUDA_SUCCESS
                                         : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction handle) {
  return useFunction(handle, [&](Function &function) {
    if (!module)
      return CUDA_ERROR_INVALID_VALUE;
    *module = handleOf<LoadedModule, CUmodule>(function.module);
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetName(const char **name, CUfunction handle) {
  return useFunction(handle, [&](Function &function) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = function.info().name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset,
                            size_t *bytes) {
  return useFunction(handle, [&](Function &function) {
    const auto &parameters = function.info().parameters;
    if (!offset || index >= parameters.size())
      return CUDA_ERROR_INVALID_VALUE;
    *offset = parameters[index].offset;
    if (bytes)
      *bytes = parameters[index].bytes;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncIsLoaded(int *state, CUfunction handle) {
  return useFunction(handle, [&](Function &function) {
    if (!state)
      return CUDA_ERROR_INVALID_VALUE;
    *state = function.prepared;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncLoad(CUfunction handle) {
  return useFunction(handle, [&](Function &function) -> CUresult {
    terrazzo::emu::Outcome outcome =
        function.module->code->prepare(function.index);
    function.prepared = bool(outcome);
    if (!outcome)
      noteFault(outcome.text, true);
    return resultOf(outcome);
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, CUfunction handle, int threads, size_t sharedBytes,
    unsigned flags) {
  return useFunction(handle, [&](Function &function) {
    if (!blocks || threads < 1 || flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    *blocks = activeBlocks(function, threads, sharedBytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                     CUfunction function,
                                                     int threads,
                                                     size_t sharedBytes) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
      blocks, function, threads, sharedBytes, 0);
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *grid, int *threads,
                                                   CUfunction handle,
                                                   CUoccupancyB2DSize sharedOf,
                                                   size_t sharedBytes,
                                                   int limit, unsigned flags) {
  return useFunction(handle, [&](Function &function) {
    if (!grid || !threads || flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    constexpr int warp = 32;
    int most = int(function.maxThreads());
    if (limit > 0)
      most = std::min(most, limit);
    int best = 0;
    for (int size = most; size >= warp; size -= warp) {
      int blocks =
          activeBlocks(function, size, sharedOf ? sharedOf(size) : sharedBytes);
      if (blocks * size <= best)
        continue;
      best = blocks * size;
      *threads = size;
      *grid = blocks * function.architecture().multiprocessors;
    }
    return best ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuOccupancyMaxPotentialBlockSize(int *grid, int *threads,
                                          CUfunction function,
                                          CUoccupancyB2DSize sharedOf,
                                          size_t sharedBytes, int limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(
      grid, threads, function, sharedOf, sharedBytes, limit, 0);
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes,
                                                 CUfunction handle, int blocks,
                                                 int threads) {
  return useFunction(handle, [&](Function &function) {
    if (!bytes || blocks < 1 || threads < 1)
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t share =
        function.architecture().sharedPerMultiprocessor / uint64_t(blocks);
    share -= std::min(share, function.info().sharedBytes);
    *bytes = std::min(share, function.allowedDynamicShared());
    return CUDA_SUCCESS;
  });
}
}
