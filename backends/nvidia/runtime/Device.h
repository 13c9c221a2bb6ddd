// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An opened device: what the functions of its table share. Used by one thread
// at a time.
#pragma once

#include "CodeCheck.h"
#include "DeviceName.h"
#include "DriverApi.h"
#include "Staging.h"
#include "terrazzo-c/device.h"

#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace terrazzo::nvidia {

/// What the tools end with, as the table's functions answer it.
enum Exit : int {
  ExitOk = 0,
  ExitFailure = 1,
  ExitUsage = 2,
  ExitTargetUnavailable = 4,
  ExitOutOfMemory = 6,
  ExitPackageIncompatible = 7
};

/// The exit code of an answer of the driver.
int exitOf(CudaResult result);

} // namespace terrazzo::nvidia

struct terrazzo_code {
  struct Kernel {
    terrazzo::nvidia::CudaModule module = nullptr;
    terrazzo::nvidia::CudaFunction function = nullptr;
    size_t parameters = 0;
    uint64_t staticShared = 0;  ///< bytes of a block
    uint64_t dynamicShared = 0; ///< further bytes that launches may ask for
  };
  std::vector<char> bytes;
  uint64_t address = 0;                  ///< of the segment in the image
  terrazzo::nvidia::CheckedCode checked; ///< views into `bytes`
  std::vector<Kernel> kernels; ///< loaded when they are first launched
  bool machineCode = false;    ///< for exactly this device's architecture
};

struct terrazzo_event {
  terrazzo::nvidia::CudaEvent event = nullptr;
};

struct terrazzo_recording {
  terrazzo::nvidia::CudaGraphExec exec = nullptr;
};

struct terrazzo_device {
  const terrazzo::nvidia::DriverApi *api = nullptr;
  terrazzo::nvidia::CudaDevice device = 0;
  terrazzo::nvidia::CudaContext context = nullptr;
  terrazzo::nvidia::CudaStream stream = nullptr;
  int major = 0, minor = 0, multiprocessors = 0;
  uint64_t sharedOptin = 0;   ///< bytes of shared memory that a block may have
  bool orderedMemory = false; ///< allocated and freed in the stream's order
  bool recording = false;
  std::string product, note, error;
  std::vector<std::string> targets;
  std::vector<const char *> targetTexts;
  terrazzo::nvidia::Staging staging;
  std::map<char *, uint64_t> pinned; ///< what host_alloc gave, with sizes
  std::vector<uint64_t> lateFrees;   ///< asked for while recording
  std::set<terrazzo_event *> events;
  std::set<terrazzo_code *> codes;
  std::set<terrazzo_recording *> recordings;
  std::vector<terrazzo::nvidia::CudaEvent> spareEvents;
  std::vector<uint64_t> arguments; ///< of the launch that is being made
  std::vector<void *> argumentPlaces;

  /// Remembers why, and answers the code.
  int fail(int exit, std::string why);
  /// `what` is the call that the driver answered with `result`.
  int fail(const char *what, terrazzo::nvidia::CudaResult result);
};

namespace terrazzo::nvidia {

/// Has the device's context current on this thread while it lives, and then
/// again what was current before: other users of the driver notice nothing.
class CurrentContext {
public:
  explicit CurrentContext(const terrazzo_device &device) : api(*device.api) {
    result = api.contextPush(device.context);
  }
  ~CurrentContext() {
    CudaContext popped;
    if (result == CudaSuccess)
      api.contextPop(&popped);
  }
  CurrentContext(const CurrentContext &) = delete;
  CurrentContext &operator=(const CurrentContext &) = delete;
  CudaResult result;

private:
  const DriverApi &api;
};

/// What every function of the table does around its work.
template <typename Body> int use(terrazzo_device *device, Body body) {
  if (!device)
    return ExitUsage;
  try {
    CurrentContext current(*device);
    if (current.result != CudaSuccess)
      return device->fail("cuCtxPushCurrent", current.result);
    return body();
  } catch (const std::bad_alloc &) {
    return ExitOutOfMemory;
  }
}

// The functions of the table, by file.
int openDevice(const terrazzo_device_open_args *args, terrazzo_device **device);
void closeDevice(terrazzo_device *device);
int queryDevice(terrazzo_device *device, terrazzo_device_facts *facts);
const char *openError();
const char *lastError(terrazzo_device *device);

int allocateMemory(terrazzo_device *device, uint64_t bytes,
                   terrazzo_memory *memory);
void freeMemory(terrazzo_device *device, terrazzo_memory memory);
int allocateHost(terrazzo_device *device, uint64_t bytes, void **memory);
void freeHost(terrazzo_device *device, void *memory);
int copyMemory(terrazzo_device *device, const terrazzo_copy_args *args);
int fillMemory(terrazzo_device *device, terrazzo_memory memory, uint8_t value,
               uint64_t bytes);

int loadCode(terrazzo_device *device, const terrazzo_load_args *args,
             terrazzo_code **code);
void unloadCode(terrazzo_device *device, terrazzo_code *code);
int launchKernel(terrazzo_device *device, const terrazzo_launch_args *args);

int recordEvent(terrazzo_device *device, terrazzo_event **event);
int waitEvent(terrazzo_device *device, terrazzo_event *event);
int synchronize(terrazzo_device *device);
int beginRecording(terrazzo_device *device);
int endRecording(terrazzo_device *device, terrazzo_recording **recording);
int replay(terrazzo_device *device, terrazzo_recording *recording);
void freeRecording(terrazzo_device *device, terrazzo_recording *recording);

} // namespace terrazzo::nvidia
