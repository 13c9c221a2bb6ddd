// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DriverApi.h"

#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>

namespace terrazzo::nvidia {

namespace {

template <typename Function>
bool lookUp(void *library, const char *symbol, Function &function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  return function != nullptr;
}

std::string cannotOpen(const char *path, const char *reason) {
  if (path)
    return "the driver library '" + std::string(path) +
           "' cannot be opened: " + (reason ? reason : "no reason given");
  return "the NVIDIA driver's library libcuda.so.1 cannot be opened (" +
         std::string(reason ? reason : "no reason given") +
         "): install NVIDIA's driver, or in a container pass the devices "
         "through; emu:sm_80 runs the same code without the hardware";
}

/// Null with the reason in `why`.
std::unique_ptr<DriverApi> load(const char *path, std::string &why) {
  void *library = dlopen(path ? path : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    why = cannotOpen(path, dlerror());
    return nullptr;
  }
  auto api = std::make_unique<DriverApi>();
  const char *missing = nullptr;
#define TZ_LOOK_UP(member, symbol, parameters)                                 \
  if (!lookUp(library, symbol, api->member))                                   \
    missing = symbol;
  TZ_CUDA_FUNCTIONS(TZ_LOOK_UP)
#undef TZ_LOOK_UP
  if (missing) {
    why = "the driver's library has no " + std::string(missing) +
          ": it is older than CUDA 11.4; update NVIDIA's driver";
    return nullptr;
  }
  lookUp(library, "cuMemAllocAsync", api->memoryAllocateAsync);
  lookUp(library, "cuMemFreeAsync", api->memoryFreeAsync);
  lookUp(library, "cuFuncGetParamInfo", api->functionParameter);
  lookUp(library, "terrazzoEmuSelect", api->emulatorSelect);
  lookUp(library, "terrazzoEmuFidelity", api->emulatorFidelity);
  lookUp(library, "terrazzoEmuLastFault", api->emulatorLastFault);
  return api;
}

std::string whyNotInitialised(const DriverApi &api, CudaResult result) {
  std::string text = "the driver cannot start: " + api.describe(result);
  switch (result) {
  case CudaNoDevice:
    return text + "; is the device visible here (CUDA_VISIBLE_DEVICES, a "
                  "container's devices)?";
  case CudaDriverMismatch:
    return text + "; the driver was updated: restart the machine";
  case CudaSystemNotReady:
    return text + "; a service of the machine (the fabric manager) is not up";
  default:
    return text;
  }
}

} // namespace

std::string DriverApi::describe(CudaResult result) const {
  const char *name = nullptr, *text = nullptr;
  getErrorName(result, &name);
  getErrorString(result, &text);
  return std::string(name ? name : "an error without a name") + " (" +
         std::to_string(result) + ")" + (text ? ": " : "") + (text ? text : "");
}

std::string DriverApi::version() const {
  int number = 0;
  if (driverGetVersion(&number) != CudaSuccess)
    return "?";
  return std::to_string(number / 1000) + "." +
         std::to_string(number % 1000 / 10);
}

const DriverApi *openDriver(const char *path, const std::string &architecture,
                            int &firstDevice, std::string &why) {
  // Never destroyed: a driver's threads outlive whoever opened it.
  static auto &mutex = *new std::mutex;
  static auto &opened = *new std::map<std::string, std::unique_ptr<DriverApi>>;
  std::lock_guard lock(mutex);
  std::unique_ptr<DriverApi> &api = opened[path ? path : ""];
  if (!api)
    api = load(path, why);
  if (!api)
    return nullptr;
  firstDevice = 0;
  if (!architecture.empty()) {
    if (!api->emulatorSelect) {
      why = "only an emulated driver can be asked for " + architecture;
      return nullptr;
    }
    firstDevice = api->emulatorSelect(architecture.c_str());
    if (firstDevice < 0) {
      why = "there is no emulated device '" + architecture +
            "'; `terrazzo targets` lists some";
      return nullptr;
    }
  }
  CudaResult result = api->init(0);
  if (result != CudaSuccess) {
    why = whyNotInitialised(*api, result);
    return nullptr;
  }
  return api.get();
}

} // namespace terrazzo::nvidia
