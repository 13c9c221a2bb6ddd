// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening, closing, asking; and how an answer of the driver becomes one of
// ours.
#include "Device.h"

#include <algorithm>
#include <cstring>

using namespace terrazzo::nvidia;

int terrazzo_device::fail(int exit, std::string why) {
  error = std::move(why);
  return exit;
}

int terrazzo_device::fail(const char *what, CudaResult result) {
  std::string why = std::string(what) + " answered " + api->describe(result);
  bool fault = result >= CudaIllegalAddress && result <= CudaLaunchFailed &&
               result != CudaLaunchOutOfResources;
  if (fault && api->emulatorLastFault)
    if (const char *words = api->emulatorLastFault(); words && *words)
      why += "; " + std::string(words);
  if (fault || result == CudaEccUncorrectable)
    why += "; this process cannot use the device any further";
  return fail(exitOf(result), std::move(why));
}

namespace terrazzo::nvidia {

namespace {

thread_local std::string openWhy;

int failOpen(int exit, std::string why) {
  openWhy = std::move(why);
  return exit;
}

int attribute(const terrazzo_device &device, int which) {
  int value = 0;
  device.api->deviceGetAttribute(&value, which, device.device);
  return value;
}

/// What the device is; all that needs no context.
void readFacts(terrazzo_device &device, bool bfloat) {
  device.major = attribute(device, AttributeCapabilityMajor);
  device.minor = attribute(device, AttributeCapabilityMinor);
  device.multiprocessors = attribute(device, AttributeMultiprocessors);
  device.sharedOptin = uint64_t(attribute(device, AttributeSharedOptin));
  device.orderedMemory = attribute(device, AttributeMemoryPools) &&
                         device.api->memoryAllocateAsync &&
                         device.api->memoryFreeAsync;
  char name[256] = "";
  device.api->deviceGetName(name, sizeof(name), device.device);
  device.product = name;
  device.targets = targetsOf(device.major, device.minor, bfloat);
  for (const std::string &target : device.targets)
    device.targetTexts.push_back(target.c_str());
}

int makeContext(terrazzo_device &device) {
  const DriverApi &api = *device.api;
  CudaResult result = api.primaryRetain(&device.context, device.device);
  if (result != CudaSuccess)
    return failOpen(
        exitOf(result),
        "the device has no context for this process: " + api.describe(result) +
            (result == CudaDeviceUnavailable
                 ? "; another process may have it to itself"
                 : ""));
  CurrentContext current(device);
  result = current.result;
  if (result == CudaSuccess)
    result = api.streamCreate(&device.stream, StreamNonBlocking);
  if (result != CudaSuccess)
    return failOpen(exitOf(result),
                    "the device gives no stream: " + api.describe(result));
  if (api.emulatorFidelity)
    if (const char *line = api.emulatorFidelity())
      device.note = line;
  return ExitOk;
}

/// Sets `device.device`.
int chooseDevice(terrazzo_device &device, const DeviceName &name, int first) {
  int count = 0;
  CudaResult result = device.api->deviceGetCount(&count);
  if (result != CudaSuccess)
    return failOpen(exitOf(result), "the driver does not count its devices: " +
                                        device.api->describe(result));
  count -= first;
  if (count <= 0)
    return failOpen(ExitTargetUnavailable,
                    "the driver knows no device; is it visible here "
                    "(CUDA_VISIBLE_DEVICES, a container's devices)?");
  if (name.number >= count)
    return failOpen(ExitTargetUnavailable,
                    "there is no device " + std::to_string(name.number) +
                        "; the last one is " + std::to_string(count - 1));
  result = device.api->deviceGet(&device.device, first + name.number);
  if (result != CudaSuccess)
    return failOpen(exitOf(result), "the device cannot be had: " +
                                        device.api->describe(result));
  return ExitOk;
}

} // namespace

int exitOf(CudaResult result) {
  switch (result) {
  case CudaSuccess:
    return ExitOk;
  case CudaOutOfMemory:
    return ExitOutOfMemory;
  case CudaNotInitialized:
  case CudaDeviceUnavailable:
  case CudaNoDevice:
  case CudaInvalidDevice:
  case CudaNoBinary:
  case CudaNoCompiler:
  case CudaUnsupportedPtx:
  case CudaSystemNotReady:
  case CudaDriverMismatch:
  case CudaCompatUnsupported:
    return ExitTargetUnavailable;
  case CudaInvalidImage:
  case CudaInvalidPtx:
  case CudaNotFound:
    return ExitPackageIncompatible;
  default:
    return ExitFailure;
  }
}

int openDevice(const terrazzo_device_open_args *args,
               terrazzo_device **result) {
  if (!args || !result || !args->name)
    return ExitUsage;
  *result = nullptr;
  try {
    const char *path =
        args->struct_size >= offsetof(terrazzo_device_open_args, driver) +
                                 sizeof(args->driver)
            ? args->driver
            : nullptr;
    DeviceName name;
    std::string why;
    if (!parseDeviceName(args->name, name, why))
      return failOpen(ExitUsage, why);
    auto device = std::make_unique<terrazzo_device>();
    int first = 0;
    device->api = openDriver(path, name.architecture, first, why);
    if (!device->api)
      return failOpen(ExitTargetUnavailable, why);
    if (int exit = chooseDevice(*device, name, first))
      return exit;
    readFacts(*device, name.bfloat);
    // Devices of architectures that were asked for later have higher numbers.
    if (!name.architecture.empty() &&
        !device->product.ends_with(name.architecture))
      return failOpen(ExitTargetUnavailable, "there is no device " +
                                                 std::to_string(name.number) +
                                                 " of " + name.architecture);
    if (device->targets.empty())
      return failOpen(ExitTargetUnavailable,
                      device->product + " has compute capability " +
                          std::to_string(device->major) + "." +
                          std::to_string(device->minor) +
                          (name.bfloat ? "; +bf16 needs 8.0"
                                       : "; 6.1 is the oldest that is "
                                         "supported"));
    if (int exit = makeContext(*device)) {
      if (device->context)
        device->api->primaryRelease(device->device);
      return exit;
    }
    *result = device.release();
    return ExitOk;
  } catch (const std::bad_alloc &) {
    return ExitOutOfMemory;
  }
}

void closeDevice(terrazzo_device *device) {
  if (!device)
    return;
  use(device, [&] {
    const DriverApi &api = *device->api;
    terrazzo_recording *recorded = nullptr;
    if (device->recording && endRecording(device, &recorded) == ExitOk)
      freeRecording(device, recorded);
    api.streamSynchronize(device->stream);
    while (!device->recordings.empty())
      freeRecording(device, *device->recordings.begin());
    while (!device->codes.empty())
      unloadCode(device, *device->codes.begin());
    for (terrazzo_event *event : device->events) {
      api.eventDestroy(event->event);
      delete event;
    }
    for (CudaEvent event : device->spareEvents)
      api.eventDestroy(event);
    device->staging.destroy(api);
    for (const auto &[memory, bytes] : device->pinned)
      api.hostFree(memory);
    api.streamDestroy(device->stream);
    return int(ExitOk);
  });
  device->api->primaryRelease(device->device);
  delete device;
}

int queryDevice(terrazzo_device *device, terrazzo_device_facts *facts) {
  if (!facts)
    return ExitUsage;
  return use(device, [&]() -> int {
    size_t freeBytes = 0, totalBytes = 0;
    CudaResult result = device->api->memoryInfo(&freeBytes, &totalBytes);
    if (result != CudaSuccess)
      return device->fail("cuMemGetInfo", result);
    terrazzo_device_facts full = {};
    full.struct_size = facts->struct_size;
    full.targets = device->targetTexts.data();
    full.target_count = device->targetTexts.size();
    full.memory_bytes = freeBytes;
    full.workers = uint32_t(device->multiprocessors);
    full.name = device->product.c_str();
    full.note = device->note.empty() ? nullptr : device->note.c_str();
    memcpy(facts, &full, std::min(facts->struct_size, sizeof(full)));
    return ExitOk;
  });
}

const char *openError() { return openWhy.c_str(); }

const char *lastError(terrazzo_device *device) {
  return device ? device->error.c_str() : "";
}

} // namespace terrazzo::nvidia
