// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of the CUDA driver API that the device plugin calls, declared by
// ourselves and looked up in the driver's library when a device is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace terrazzo::nvidia {

using CudaDevice = int;
using CudaAddress = unsigned long long;
using CudaContext = struct CudaContextObject *;
using CudaModule = struct CudaModuleObject *;
using CudaFunction = struct CudaFunctionObject *;
using CudaStream = struct CudaStreamObject *;
using CudaEvent = struct CudaEventObject *;
using CudaGraph = struct CudaGraphObject *;
using CudaGraphExec = struct CudaGraphExecObject *;

/// Answers of the driver that are told from the others.
enum CudaResult : int {
  CudaSuccess = 0,
  CudaInvalidValue = 1,
  CudaOutOfMemory = 2,
  CudaNotInitialized = 3,
  CudaDeviceUnavailable = 46,
  CudaNoDevice = 100,
  CudaInvalidDevice = 101,
  CudaInvalidImage = 200,
  CudaNoBinary = 209,
  CudaEccUncorrectable = 214,
  CudaInvalidPtx = 218,
  CudaNoCompiler = 221,
  CudaUnsupportedPtx = 222,
  CudaNotFound = 500,
  CudaIllegalAddress = 700,
  CudaLaunchOutOfResources = 701,
  CudaLaunchFailed = 719,
  CudaSystemNotReady = 802,
  CudaDriverMismatch = 803,
  CudaCompatUnsupported = 804
};

enum CudaDeviceAttribute : int {
  AttributeMultiprocessors = 16,
  AttributeCapabilityMajor = 75,
  AttributeCapabilityMinor = 76,
  AttributeSharedOptin = 97,
  AttributeMemoryPools = 115
};

inline constexpr int FunctionStaticShared = 1, FunctionMaxDynamicShared = 8;
inline constexpr int JitErrorLog = 5, JitErrorLogBytes = 6;
inline constexpr unsigned StreamNonBlocking = 1, EventWithoutTiming = 2,
                          HostMemoryPortable = 1;
/// Other threads, and loading of modules by this one, do not disturb a capture
/// of this mode.
inline constexpr int CaptureRelaxed = 2;

#define TZ_CUDA_FUNCTIONS(X)                                                   \
  X(init, "cuInit", (unsigned flags))                                          \
  X(driverGetVersion, "cuDriverGetVersion", (int *version))                    \
  X(getErrorName, "cuGetErrorName", (CudaResult result, const char **name))    \
  X(getErrorString, "cuGetErrorString",                                        \
    (CudaResult result, const char **text))                                    \
  X(deviceGet, "cuDeviceGet", (CudaDevice * device, int ordinal))              \
  X(deviceGetCount, "cuDeviceGetCount", (int *count))                          \
  X(deviceGetName, "cuDeviceGetName",                                          \
    (char *name, int length, CudaDevice device))                               \
  X(deviceGetAttribute, "cuDeviceGetAttribute",                                \
    (int *value, int attribute, CudaDevice device))                            \
  X(primaryRetain, "cuDevicePrimaryCtxRetain",                                 \
    (CudaContext * context, CudaDevice device))                                \
  X(primaryRelease, "cuDevicePrimaryCtxRelease_v2", (CudaDevice device))       \
  X(contextPush, "cuCtxPushCurrent_v2", (CudaContext context))                 \
  X(contextPop, "cuCtxPopCurrent_v2", (CudaContext * context))                 \
  X(memoryInfo, "cuMemGetInfo_v2", (size_t *freeBytes, size_t *totalBytes))    \
  X(memoryAllocate, "cuMemAlloc_v2", (CudaAddress * address, size_t bytes))    \
  X(memoryFree, "cuMemFree_v2", (CudaAddress address))                         \
  X(hostAllocate, "cuMemHostAlloc",                                            \
    (void **memory, size_t bytes, unsigned flags))                             \
  X(hostFree, "cuMemFreeHost", (void *memory))                                 \
  X(copyToDevice, "cuMemcpyHtoDAsync_v2",                                      \
    (CudaAddress to, const void *from, size_t bytes, CudaStream stream))       \
  X(copyToHost, "cuMemcpyDtoHAsync_v2",                                        \
    (void *to, CudaAddress from, size_t bytes, CudaStream stream))             \
  X(copyInside, "cuMemcpyDtoDAsync_v2",                                        \
    (CudaAddress to, CudaAddress from, size_t bytes, CudaStream stream))       \
  X(fill8, "cuMemsetD8Async",                                                  \
    (CudaAddress to, unsigned char value, size_t count, CudaStream stream))    \
  X(fill32, "cuMemsetD32Async",                                                \
    (CudaAddress to, unsigned value, size_t count, CudaStream stream))         \
  X(moduleLoad, "cuModuleLoadDataEx",                                          \
    (CudaModule * module, const void *image, unsigned count, int *options,     \
     void **values))                                                           \
  X(moduleUnload, "cuModuleUnload", (CudaModule module))                       \
  X(moduleGetFunction, "cuModuleGetFunction",                                  \
    (CudaFunction * function, CudaModule module, const char *name))            \
  X(functionGetAttribute, "cuFuncGetAttribute",                                \
    (int *value, int attribute, CudaFunction function))                        \
  X(functionSetAttribute, "cuFuncSetAttribute",                                \
    (CudaFunction function, int attribute, int value))                         \
  X(launchKernel, "cuLaunchKernel",                                            \
    (CudaFunction function, unsigned gridX, unsigned gridY, unsigned gridZ,    \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     CudaStream stream, void **parameters, void **extra))                      \
  X(streamCreate, "cuStreamCreate", (CudaStream * stream, unsigned flags))     \
  X(streamDestroy, "cuStreamDestroy_v2", (CudaStream stream))                  \
  X(streamSynchronize, "cuStreamSynchronize", (CudaStream stream))             \
  X(streamBeginCapture, "cuStreamBeginCapture_v2",                             \
    (CudaStream stream, int mode))                                             \
  X(streamEndCapture, "cuStreamEndCapture",                                    \
    (CudaStream stream, CudaGraph * graph))                                    \
  X(eventCreate, "cuEventCreate", (CudaEvent * event, unsigned flags))         \
  X(eventDestroy, "cuEventDestroy_v2", (CudaEvent event))                      \
  X(eventRecord, "cuEventRecord", (CudaEvent event, CudaStream stream))        \
  X(eventSynchronize, "cuEventSynchronize", (CudaEvent event))                 \
  X(graphDestroy, "cuGraphDestroy", (CudaGraph graph))                         \
  X(graphInstantiate, "cuGraphInstantiateWithFlags",                           \
    (CudaGraphExec * exec, CudaGraph graph, unsigned long long flags))         \
  X(graphLaunch, "cuGraphLaunch", (CudaGraphExec exec, CudaStream stream))     \
  X(graphExecDestroy, "cuGraphExecDestroy", (CudaGraphExec exec))

struct DriverApi {
#define TZ_DECLARE(member, symbol, parameters) CudaResult(*member) parameters;
  TZ_CUDA_FUNCTIONS(TZ_DECLARE)
#undef TZ_DECLARE

  // Newer than the rest; null where the driver has none.
  CudaResult (*memoryAllocateAsync)(CudaAddress *, size_t, CudaStream);
  CudaResult (*memoryFreeAsync)(CudaAddress, CudaStream);
  CudaResult (*functionParameter)(CudaFunction, size_t index, size_t *offset,
                                  size_t *bytes);

  // Of an emulated driver only; null otherwise.
  int (*emulatorSelect)(const char *architecture);
  const char *(*emulatorFidelity)();
  const char *(*emulatorLastFault)();

  /// "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
  std::string describe(CudaResult result) const;
  /// The newest CUDA that it knows: "12.4".
  std::string version() const;
};

/// The driver behind the library, initialised; null with the reason in `why`.
/// `path` null: the system's. `architecture` is for an emulated driver and may
/// be empty; `firstDevice` is the number of its first device. Libraries stay
/// open for good.
const DriverApi *openDriver(const char *path, const std::string &architecture,
                            int &firstDevice, std::string &why);

} // namespace terrazzo::nvidia
