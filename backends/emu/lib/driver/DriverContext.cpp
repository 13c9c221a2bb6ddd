// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contexts: primary ones, created ones, and the threads that have them current.
#include "driver/DriverCapture.h"
#include "driver/DriverState.h"

namespace terrazzo::emu::driver {

namespace {

constexpr unsigned knownFlags = 0xff;
constexpr unsigned coredumpFlags = 0x60;
constexpr unsigned apiVersion = 3020;

CUresult checkFlags(unsigned flags) {
  // How a thread waits is one of them, or the driver's choice.
  constexpr unsigned waiting = 7;
  unsigned way = flags & waiting;
  if ((flags & ~knownFlags) || (way & (way - 1)))
    return CUDA_ERROR_INVALID_VALUE;
  return flags & coredumpFlags ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
}

std::shared_ptr<Context> findContext(CUcontext handle) {
  return find<Context>(handle);
}

CUresult create(CUcontext *result, unsigned flags, CUdevice number) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!result)
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult wrong = checkFlags(flags))
      return wrong;
    std::shared_ptr<Context> context = makeContext(*device, flags);
    contextStack().push_back(context);
    *result = handleOf<Context, CUcontext>(context);
    return CUDA_SUCCESS;
  });
}

/// The handle's context, or the current one for null.
template <typename Body> CUresult useContext(CUcontext handle, Body body) {
  return enter([&](Lock &lock) -> CUresult {
    std::shared_ptr<Context> context =
        handle ? findContext(handle) : currentContext();
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!context->active)
      return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    return body(*context, lock);
  });
}

CUresult synchronise(Context &context, Lock &lock) {
  if (CUresult failure = context.failure.load())
    return failure;
  if (CUresult forbidden = checkUnsafe())
    return forbidden;
  for (const auto &stream : context.streams)
    if (stream->capture) {
      invalidateCapture(*stream);
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
  waitForAll(context, lock);
  return context.failure.load();
}

void endPrimary(Device &device, Lock &lock) {
  if (!device.primary)
    return;
  clearContext(*device.primary, lock);
  device.primary->active = false;
}

} // namespace
} // namespace terrazzo::emu::driver

using namespace terrazzo::emu::driver;

extern "C" {

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice number) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    if (!device->primary) {
      device->primary = makeContext(*device, device->primaryFlags);
      device->primary->primary = true;
    }
    device->primary->active = true;
    ++device->primaryUses;
    *context = handleOf<Context, CUcontext>(device->primary);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice number) {
  return enter([&](Lock &lock) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    if (device->primaryUses == 0)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (--device->primaryUses == 0)
      endPrimary(*device, lock);
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2);

CUresult cuDevicePrimaryCtxReset_v2(CUdevice number) {
  return enter([&](Lock &lock) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    endPrimary(*device, lock);
    // Whoever retained it may go on, with nothing in it.
    if (device->primary)
      device->primary->active = device->primaryUses > 0;
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2);

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice number, unsigned flags) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    if (CUresult wrong = checkFlags(flags))
      return wrong;
    device->primaryFlags = flags;
    if (device->primary)
      device->primary->flags = flags;
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuDevicePrimaryCtxSetFlags, cuDevicePrimaryCtxSetFlags_v2);

CUresult cuDevicePrimaryCtxGetState(CUdevice number, unsigned *flags,
                                    int *active) {
  return enter([&](Lock &) -> CUresult {
    Device *device = findDevice(number);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!flags || !active)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = device->primaryFlags;
    *active = device->primary && device->primary->active;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device) {
  return create(context, flags, device);
}
TZ_EMU_ALIAS(cuCtxCreate, cuCtxCreate_v2);

CUresult cuCtxCreate_v3(CUcontext *context, void *, int affinityCount,
                        unsigned flags, CUdevice device) {
  return affinityCount ? CUDA_ERROR_NOT_SUPPORTED
                       : create(context, flags, device);
}

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *params,
                        unsigned flags, CUdevice device) {
  return params && (params->numExecAffinityParams || params->cigParams)
             ? CUDA_ERROR_NOT_SUPPORTED
             : create(context, flags, device);
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
  return enter([&](Lock &lock) -> CUresult {
    std::shared_ptr<Context> context = findContext(handle);
    if (!context || context->primary)
      return CUDA_ERROR_INVALID_CONTEXT;
    clearContext(*context, lock);
    context->active = false;
    driver().remove(*context);
    auto &stack = contextStack();
    if (!stack.empty() && stack.back() == context)
      stack.pop_back();
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuCtxDestroy, cuCtxDestroy_v2);

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Context> context = findContext(handle);
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    contextStack().push_back(std::move(context));
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuCtxPushCurrent, cuCtxPushCurrent_v2);

CUresult cuCtxPopCurrent_v2(CUcontext *handle) {
  return enter([&](Lock &) -> CUresult {
    auto &stack = contextStack();
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    if (handle)
      *handle = handleOf<Context, CUcontext>(stack.back());
    stack.pop_back();
    return CUDA_SUCCESS;
  });
}
TZ_EMU_ALIAS(cuCtxPopCurrent, cuCtxPopCurrent_v2);

CUresult cuCtxSetCurrent(CUcontext handle) {
  return enter([&](Lock &) -> CUresult {
    std::shared_ptr<Context> context = findContext(handle);
    if (handle && !context)
      return CUDA_ERROR_INVALID_CONTEXT;
    auto &stack = contextStack();
    if (!stack.empty())
      stack.pop_back();
    if (context)
      stack.push_back(std::move(context));
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext *handle) {
  return enter([&](Lock &) -> CUresult {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Context> context = currentContext();
    *handle = context ? handleOf<Context, CUcontext>(context) : nullptr;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext handle) {
  return useContext(handle, [&](Context &context, Lock &) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = context.device->number;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice *device) {
  return cuCtxGetDevice_v2(device, nullptr);
}

CUresult cuCtxGetFlags(unsigned *flags) {
  return useContext(nullptr, [&](Context &context, Lock &) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = context.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetFlags(unsigned flags) {
  return useContext(nullptr, [&](Context &context, Lock &) {
    if (CUresult wrong = checkFlags(flags))
      return wrong;
    context.flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetId(CUcontext handle, unsigned long long *id) {
  return useContext(handle, [&](Context &context, Lock &) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = context.number;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetApiVersion(CUcontext handle, unsigned *version) {
  return useContext(handle, [&](Context &, Lock &) {
    if (!version)
      return CUDA_ERROR_INVALID_VALUE;
    *version = apiVersion;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize_v2(CUcontext handle) {
  return useContext(handle, synchronise);
}

CUresult cuCtxSynchronize() { return cuCtxSynchronize_v2(nullptr); }

CUresult cuCtxAttach(CUcontext *, unsigned) { return CUDA_ERROR_NOT_SUPPORTED; }
CUresult cuCtxDetach(CUcontext) { return CUDA_ERROR_NOT_SUPPORTED; }
}
