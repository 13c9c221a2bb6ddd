// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the driver's error codes, and what they mean in our words.
#include "TzEmu/CudaDriver.h"

namespace {

struct Row {
  int code;
  const char *name, *text;
};

constexpr Row rows[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "an argument has no acceptable value"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "there is not enough memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "cuInit was not called or failed"},
    {4, "CUDA_ERROR_DEINITIALIZED", "the driver is shutting down"},
    {5, "CUDA_ERROR_PROFILER_DISABLED", "profiling is not enabled"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "this library only stands in for a driver"},
    {36, "CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER",
     "the call needs a newer driver"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "the device is busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "there is no device"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "there is no such device"},
    {102, "CUDA_ERROR_DEVICE_NOT_LICENSED", "the device has no licence"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "the image is no code for a device"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "no valid context is current"},
    {202, "CUDA_ERROR_CONTEXT_ALREADY_CURRENT", "the context is current"},
    {205, "CUDA_ERROR_MAP_FAILED", "mapping failed"},
    {206, "CUDA_ERROR_UNMAP_FAILED", "unmapping failed"},
    {207, "CUDA_ERROR_ARRAY_IS_MAPPED", "the array is mapped"},
    {208, "CUDA_ERROR_ALREADY_MAPPED", "it is mapped already"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "the image holds no code that this device runs"},
    {210, "CUDA_ERROR_ALREADY_ACQUIRED", "it is acquired already"},
    {211, "CUDA_ERROR_NOT_MAPPED", "it is not mapped"},
    {212, "CUDA_ERROR_NOT_MAPPED_AS_ARRAY", "it is not mapped as an array"},
    {213, "CUDA_ERROR_NOT_MAPPED_AS_POINTER", "it is not mapped as a pointer"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE",
     "memory has an error that cannot be corrected"},
    {215, "CUDA_ERROR_UNSUPPORTED_LIMIT", "the device has no such limit"},
    {216, "CUDA_ERROR_CONTEXT_ALREADY_IN_USE",
     "another thread uses the context"},
    {217, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED",
     "the devices do not reach each other's memory"},
    {218, "CUDA_ERROR_INVALID_PTX", "the PTX text could not be compiled"},
    {219, "CUDA_ERROR_INVALID_GRAPHICS_CONTEXT",
     "the graphics context is not usable"},
    {220, "CUDA_ERROR_NVLINK_UNCORRECTABLE",
     "a link has an error that cannot be corrected"},
    {221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "there is no compiler of PTX"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the PTX text is of a version that the driver does not know"},
    {223, "CUDA_ERROR_JIT_COMPILATION_DISABLED",
     "compiling PTX is switched off"},
    {224, "CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY",
     "the device has no such affinity"},
    {225, "CUDA_ERROR_UNSUPPORTED_DEVSIDE_SYNC",
     "device code waits for other device code in a way that is not supported"},
    {300, "CUDA_ERROR_INVALID_SOURCE", "the source is invalid"},
    {301, "CUDA_ERROR_FILE_NOT_FOUND", "there is no such file"},
    {302, "CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND",
     "a library lacks a symbol"},
    {303, "CUDA_ERROR_SHARED_OBJECT_INIT_FAILED",
     "a library could not be loaded"},
    {304, "CUDA_ERROR_OPERATING_SYSTEM", "the operating system refused a call"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "a handle is none of this kind"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "not possible in this state"},
    {500, "CUDA_ERROR_NOT_FOUND", "the name was not found"},
    {600, "CUDA_ERROR_NOT_READY", "it is not done yet"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "a kernel touched memory that it may not"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "a launch asked for more than the device has"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "a kernel took too long"},
    {703, "CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING",
     "a launch with incompatible textures"},
    {704, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED",
     "access to the other device is enabled already"},
    {705, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED",
     "access to the other device is not enabled"},
    {708, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE", "the primary context is in use"},
    {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "the context was destroyed"},
    {710, "CUDA_ERROR_ASSERT", "an assertion of a kernel failed"},
    {711, "CUDA_ERROR_TOO_MANY_PEERS", "too many devices reach this one"},
    {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "the memory is registered already"},
    {713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "the memory is not registered"},
    {714, "CUDA_ERROR_HARDWARE_STACK_ERROR", "a kernel's stack is damaged"},
    {715, "CUDA_ERROR_ILLEGAL_INSTRUCTION",
     "a kernel met an instruction that cannot be executed"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS",
     "a kernel used an address that is not aligned"},
    {717, "CUDA_ERROR_INVALID_ADDRESS_SPACE",
     "a kernel used an address of another space"},
    {718, "CUDA_ERROR_INVALID_PC", "a kernel jumped out of its code"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "a kernel failed"},
    {720, "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE",
     "the blocks of a cooperative launch do not fit at once"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "not permitted here"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "the system is not ready yet"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "library and kernel module do not match"},
    {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
     "the device does not run under a driver of another version"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "not permitted while a stream captures"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "the capture was broken by an earlier call"},
    {902, "CUDA_ERROR_STREAM_CAPTURE_MERGE", "two captures would become one"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "the capture was not begun in this stream"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "a stream that joined the capture was not joined back"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "captured work would come after work that is not captured"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "the legacy stream would come after captured work"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "the event was captured"},
    {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "the capture was begun by another thread"},
    {909, "CUDA_ERROR_TIMEOUT", "the time ran out"},
    {910, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
     "the graph differs too much from the instantiated one"},
    {911, "CUDA_ERROR_EXTERNAL_DEVICE", "an external device failed"},
    {912, "CUDA_ERROR_INVALID_CLUSTER_SIZE", "the cluster's size is invalid"},
    {913, "CUDA_ERROR_FUNCTION_NOT_LOADED", "the function is not loaded"},
    {999, "CUDA_ERROR_UNKNOWN", "an unknown error"},
};

CUresult look(CUresult error, const char **to, const char *Row::*field) {
  if (!to)
    return CUDA_ERROR_INVALID_VALUE;
  *to = nullptr;
  for (const Row &row : rows)
    if (row.code == error) {
      *to = row.*field;
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_INVALID_VALUE;
}

} // namespace

extern "C" {

CUresult cuGetErrorName(CUresult error, const char **name) {
  return look(error, name, &Row::name);
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  return look(error, text, &Row::text);
}
}
