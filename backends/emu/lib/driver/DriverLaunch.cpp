// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches of kernels: their sizes and arguments are checked and taken here, so
// that the program may forget them.
#include "driver/DriverCapture.h"
#include "driver/DriverModule.h"

#include <cstring>

namespace terrazzo::emu::driver {

namespace {

/// A kernel's arguments in one piece, from an array of pointers to them or from
/// the program's own piece.
CUresult takeArguments(KernelOperation &operation, void **arguments,
                       void **extra) {
  const KernelInfo &info = operation.function->info();
  operation.parameters.assign(info.parameterBytes, 0);
  if (arguments && extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (arguments) {
    for (size_t i = 0; i < info.parameters.size(); ++i) {
      if (!arguments[i])
        return CUDA_ERROR_INVALID_VALUE;
      memcpy(operation.parameters.data() + info.parameters[i].offset,
             arguments[i], info.parameters[i].bytes);
    }
    return CUDA_SUCCESS;
  }
  if (!extra)
    return info.parameters.empty() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  const void *buffer = nullptr;
  size_t bytes = 0;
  for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = extra[1];
    else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE && extra[1])
      bytes = *static_cast<size_t *>(extra[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  // More than it needs may be there, for alignment; less is a mistake.
  if (bytes < info.parameterBytes || (bytes && !buffer))
    return CUDA_ERROR_INVALID_VALUE;
  if (info.parameterBytes)
    memcpy(operation.parameters.data(), buffer, info.parameterBytes);
  return CUDA_SUCCESS;
}

CUresult checkSizes(const KernelOperation &operation) {
  constexpr uint32_t gridLimits[3] = {2147483647, 65535, 65535};
  constexpr uint32_t blockLimits[3] = {1024, 1024, 64};
  uint64_t threads = 1;
  for (int i = 0; i < 3; ++i) {
    if (operation.grid[i] < 1 || operation.grid[i] > gridLimits[i] ||
        operation.block[i] < 1 || operation.block[i] > blockLimits[i])
      return CUDA_ERROR_INVALID_VALUE;
    threads *= operation.block[i];
  }
  const Function &function = *operation.function;
  if (threads > function.architecture().maxThreadsPerBlock)
    return CUDA_ERROR_INVALID_VALUE;
  if (threads > function.maxThreads())
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  if (operation.sharedBytes > function.allowedDynamicShared())
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

/// Compiled at the first launch: what is wrong with the text shows here.
CUresult prepare(Function &function) {
  if (function.prepared)
    return CUDA_SUCCESS;
  Outcome outcome = function.module->code->prepare(function.index);
  function.prepared = bool(outcome);
  if (!outcome)
    noteFault(faultOf(function, outcome), true);
  return resultOf(outcome);
}

/// Events that a launch records, all of this context.
CUresult takeEvents(const Attributes &attributes, const Stream &stream,
                    std::vector<std::shared_ptr<Event>> &events) {
  for (int id : {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT,
                 CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT}) {
    auto found = attributes.find(id);
    if (found == attributes.end())
      continue;
    events.push_back(find<Event>(found->second.programmaticEvent.event));
    if (!events.back() || events.back()->context != stream.context)
      return CUDA_ERROR_INVALID_HANDLE;
  }
  return CUDA_SUCCESS;
}

/// The heap of kernels has the size that the context's limit has now.
void makeHeap(Context &context) {
  if (!context.heap)
    context.heap = std::make_unique<DeviceHeap>(
        context.device->memory, context.limit(CU_LIMIT_MALLOC_HEAP_SIZE));
}

CUresult launch(const CUDA_KERNEL_NODE_PARAMS &asked, CUstream handle,
                Attributes attributes) {
  return enterContext([&](Context &context, Lock &) -> CUresult {
    std::shared_ptr<Stream> stream = streamOf(handle, context);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    std::vector<std::shared_ptr<Event>> events;
    if (CUresult wrong = takeEvents(attributes, *stream, events))
      return wrong;
    KernelOperation operation;
    operation.attributes = std::move(attributes);
    if (CUresult wrong = makeKernel(operation, asked))
      return wrong;
    if (stream->context != operation.function->module->owner.get())
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult wrong = issue(*stream, std::move(operation), nullptr,
                               CU_GRAPH_NODE_TYPE_KERNEL))
      return wrong;
    for (const std::shared_ptr<Event> &event : events)
      if (CUresult wrong = recordEvent(event, *stream, false))
        return wrong;
    return CUDA_SUCCESS;
  });
}

} // namespace

CUresult checkCooperative(const KernelOperation &operation) {
  if (!operation.isCooperative())
    return CUDA_SUCCESS;
  const Function &function = *operation.function;
  int threads =
      int(operation.block[0] * operation.block[1] * operation.block[2]);
  uint64_t blocks =
      uint64_t(activeBlocks(function, threads, operation.sharedBytes)) *
      uint64_t(function.architecture().multiprocessors);
  uint64_t grid =
      uint64_t(operation.grid[0]) * operation.grid[1] * operation.grid[2];
  return grid > blocks ? CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE : CUDA_SUCCESS;
}

CUresult makeKernel(KernelOperation &operation,
                    const CUDA_KERNEL_NODE_PARAMS &asked) {
  std::shared_ptr<Context> context = currentContext();
  const void *handle = asked.func ? static_cast<const void *>(asked.func)
                                  : static_cast<const void *>(asked.kern);
  if (!handle)
    return CUDA_ERROR_INVALID_VALUE;
  if (context)
    operation.function = findFunction(handle, *context);
  else
    operation.function = find<Function>(handle);
  if (!operation.function)
    return CUDA_ERROR_INVALID_HANDLE;
  operation.grid = {asked.gridDimX, asked.gridDimY, asked.gridDimZ};
  operation.block = {asked.blockDimX, asked.blockDimY, asked.blockDimZ};
  operation.sharedBytes = asked.sharedMemBytes;
  if (CUresult wrong = checkSizes(operation))
    return wrong;
  if (CUresult wrong = checkCooperative(operation))
    return wrong;
  if (CUresult wrong =
          takeArguments(operation, asked.kernelParams, asked.extra))
    return wrong;
  if (operation.function->info().usesHeap)
    makeHeap(*operation.function->module->owner);
  return prepare(*operation.function);
}

} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

namespace {

CUDA_KERNEL_NODE_PARAMS together(CUfunction function, unsigned gridX,
                                 unsigned gridY, unsigned gridZ,
                                 unsigned blockX, unsigned blockY,
                                 unsigned blockZ, unsigned sharedBytes,
                                 void **parameters, void **extra) {
  CUDA_KERNEL_NODE_PARAMS asked = {};
  asked.func = function;
  asked.gridDimX = gridX;
  asked.gridDimY = gridY;
  asked.gridDimZ = gridZ;
  asked.blockDimX = blockX;
  asked.blockDimY = blockY;
  asked.blockDimZ = blockZ;
  asked.sharedMemBytes = sharedBytes;
  asked.kernelParams = parameters;
  asked.extra = extra;
  return asked;
}

} // namespace

extern "C" {

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                        unsigned gridZ, unsigned blockX, unsigned blockY,
                        unsigned blockZ, unsigned sharedBytes, CUstream stream,
                        void **parameters, void **extra) {
  return launch(together(function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                         sharedBytes, parameters, extra),
                stream, {});
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned gridX,
                                   unsigned gridY, unsigned gridZ,
                                   unsigned blockX, unsigned blockY,
                                   unsigned blockZ, unsigned sharedBytes,
                                   CUstream stream, void **parameters) {
  CUlaunchAttributeValue cooperative = {};
  cooperative.number = 1;
  return launch(together(function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                         sharedBytes, parameters, nullptr),
                stream, {{CU_LAUNCH_ATTRIBUTE_COOPERATIVE, cooperative}});
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                          void **parameters, void **extra) {
  if (!config || (config->numAttrs && !config->attrs))
    return CUDA_ERROR_INVALID_VALUE;
  Attributes attributes;
  CUresult wrong = enterContext([&](Context &, Lock &) -> CUresult {
    for (unsigned i = 0; i < config->numAttrs; ++i)
      if (CUresult bad = setAttribute(attributes, config->attrs[i].id,
                                      &config->attrs[i].value, LaunchOwner))
        return bad;
    return CUDA_SUCCESS;
  });
  if (wrong)
    return wrong;
  return launch(together(function, config->gridDimX, config->gridDimY,
                         config->gridDimZ, config->blockDimX, config->blockDimY,
                         config->blockDimZ, config->sharedMemBytes, parameters,
                         extra),
                config->hStream, std::move(attributes));
}
}
