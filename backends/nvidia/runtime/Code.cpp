// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code: checked when it is loaded, given to the driver kernel by kernel when
// each is first launched, since compiling PTX takes the driver long and a run
// needs few of a package's kernels.
#include "Device.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::nvidia {

namespace {

constexpr uint64_t sharedWithoutOptin = 48 << 10;

std::string capability(const terrazzo_device &device) {
  return std::to_string(device.major) + "." + std::to_string(device.minor);
}

/// "nvidia:sm_80+bf16" -> "sm_80".
std::string architectureOf(std::string_view target) {
  target.remove_prefix(std::min(target.find(':') + 1, target.size()));
  return std::string(target.substr(0, target.find('+')));
}

int checkTarget(terrazzo_device *device, const char *target) {
  constexpr std::string_view prefix = "nvidia:";
  std::string_view text = target ? target : "";
  if (text.starts_with(prefix) &&
      runsArchitecture(architectureOf(text), device->major, device->minor))
    return ExitOk;
  return device->fail(ExitTargetUnavailable,
                      "code for '" + std::string(text) + "' does not run on " +
                          device->product + " (compute capability " +
                          capability(*device) + ")");
}

int takeCode(terrazzo_device *device, const terrazzo_load_args &args,
             terrazzo_code &code) {
  auto refuse = [&](const std::string &why) {
    return device->fail(ExitPackageIncompatible,
                        "the package's code for '" + std::string(args.target) +
                            "' cannot be used: " + why);
  };
  if (args.segment_count != 1 || !args.segments || !args.segments[0].bytes)
    return refuse("it is not one piece");
  const terrazzo_code_segment &segment = args.segments[0];
  auto *bytes = static_cast<const char *>(segment.bytes);
  code.bytes.assign(bytes, bytes + segment.byte_count);
  code.address = segment.address;
  std::string why;
  if (!checkCode({code.bytes.data(), code.bytes.size()}, code.checked, why))
    return refuse(why);
  if (!runsArchitecture(code.checked.architecture, device->major,
                        device->minor))
    return refuse("it was made for " + code.checked.architecture);
  code.kernels.resize(code.checked.kernels.size());
  code.machineCode = code.checked.architecture ==
                     machineArchitecture(device->major, device->minor);
  return ExitOk;
}

int failLoad(terrazzo_device *device, const CheckedKernel &kernel,
             const char *what, CudaResult result, const std::string &log) {
  int exit = device->fail(what, result);
  device->error = "kernel '" + std::string(kernel.name) + "': " + device->error;
  if (result == CudaUnsupportedPtx)
    device->error += "; the driver is of CUDA " + device->api->version() +
                     ": a newer driver is needed";
  if (!log.empty())
    device->error += "; " + log;
  return exit;
}

/// Whether the kernel has that many parameters; a driver that cannot tell is
/// believed.
bool takes(const DriverApi &api, CudaFunction function, size_t parameters) {
  if (!api.functionParameter)
    return true;
  size_t offset, bytes;
  return api.functionParameter(function, parameters, &offset, &bytes) !=
             CudaSuccess &&
         (parameters == 0 ||
          api.functionParameter(function, parameters - 1, &offset, &bytes) ==
              CudaSuccess);
}

int failParameters(terrazzo_device *device, const CheckedKernel &kernel,
                   size_t parameters) {
  return device->fail(ExitPackageIncompatible,
                      "kernel '" + std::string(kernel.name) +
                          "' does not take the " + std::to_string(parameters) +
                          " parameters that it is launched with");
}

/// Machine code when it fits, else the text; a driver that refuses the former
/// (it is newer than the code) may take the latter.
int loadKernel(terrazzo_device *device, terrazzo_code &code, size_t index,
               size_t parameters) {
  const CheckedKernel &kernel = code.checked.kernels[index];
  terrazzo_code::Kernel &loaded = code.kernels[index];
  const DriverApi &api = *device->api;
  CudaResult result = CudaNoBinary;
  CudaModule module = nullptr;
  if (code.machineCode && !kernel.cubin.empty())
    result = api.moduleLoad(&module, kernel.cubin.data(), 0, nullptr, nullptr);
  constexpr size_t logBytes = 4096;
  std::vector<char> log(logBytes);
  if (result != CudaSuccess && !kernel.ptx.empty()) {
    int options[] = {JitErrorLog, JitErrorLogBytes};
    void *values[] = {log.data(), reinterpret_cast<void *>(logBytes)};
    result = api.moduleLoad(&module, kernel.ptx.data(), 2, options, values);
    log.back() = 0;
  }
  if (result != CudaSuccess)
    return failLoad(device, kernel, "cuModuleLoadDataEx", result, log.data());
  result = api.moduleGetFunction(&loaded.function, module, kernel.name.data());
  if (result != CudaSuccess) {
    api.moduleUnload(module);
    return failLoad(device, kernel, "cuModuleGetFunction", result, "");
  }
  // Asking has the driver load the kernel now: a launch that is recorded must
  // not be the first to need it.
  int shared = 0;
  result =
      api.functionGetAttribute(&shared, FunctionStaticShared, loaded.function);
  bool fits = takes(api, loaded.function, parameters);
  if (result != CudaSuccess || !fits) {
    api.moduleUnload(module);
    loaded.function = nullptr;
    return result != CudaSuccess
               ? failLoad(device, kernel, "cuFuncGetAttribute", result, "")
               : failParameters(device, kernel, parameters);
  }
  loaded.parameters = parameters;
  loaded.module = module;
  loaded.staticShared = uint64_t(shared);
  loaded.dynamicShared =
      sharedWithoutOptin - std::min(sharedWithoutOptin, loaded.staticShared);
  return ExitOk;
}

int allowShared(terrazzo_device *device, const CheckedKernel &kernel,
                terrazzo_code::Kernel &loaded, uint64_t bytes) {
  if (bytes <= loaded.dynamicShared)
    return ExitOk;
  uint64_t most =
      device->sharedOptin - std::min(device->sharedOptin, loaded.staticShared);
  if (bytes > most)
    return device->fail(ExitPackageIncompatible,
                        "kernel '" + std::string(kernel.name) + "' needs " +
                            std::to_string(bytes) +
                            " bytes of a block's memory, " +
                            std::to_string(bytes - most) + " more than " +
                            device->product + " has");
  CudaResult result = device->api->functionSetAttribute(
      loaded.function, FunctionMaxDynamicShared, int(bytes));
  if (result != CudaSuccess)
    return device->fail("cuFuncSetAttribute", result);
  loaded.dynamicShared = bytes;
  return ExitOk;
}

/// Bindings, then sizes: as the kernel declares them.
void placeArguments(terrazzo_device *device, const terrazzo_launch_args &args) {
  auto &values = device->arguments;
  values.assign(args.bindings, args.bindings + args.binding_count);
  for (size_t i = 0; i < args.size_count; ++i)
    values.push_back(uint64_t(args.sizes[i]));
  device->argumentPlaces.clear();
  for (uint64_t &value : values)
    device->argumentPlaces.push_back(&value);
}

} // namespace

int loadCode(terrazzo_device *device, const terrazzo_load_args *args,
             terrazzo_code **result) {
  return use(device, [&]() -> int {
    if (int exit = checkTarget(device, args->target))
      return exit;
    auto code = std::make_unique<terrazzo_code>();
    if (int exit = takeCode(device, *args, *code))
      return exit;
    device->codes.insert(code.get());
    *result = code.release();
    return ExitOk;
  });
}

void unloadCode(terrazzo_device *device, terrazzo_code *code) {
  if (!code)
    return;
  use(device, [&]() -> int {
    if (!device->recording)
      device->api->streamSynchronize(device->stream);
    for (const terrazzo_code::Kernel &kernel : code->kernels)
      if (kernel.module)
        device->api->moduleUnload(kernel.module);
    return ExitOk;
  });
  device->codes.erase(code);
  delete code;
}

int launchKernel(terrazzo_device *device, const terrazzo_launch_args *args) {
  return use(device, [&]() -> int {
    terrazzo_code *code = args->code;
    constexpr int64_t mostWorkgroups = 2147483647;
    if (!code || args->entry < code->address || args->workgroups < 0 ||
        args->workgroups > mostWorkgroups)
      return device->fail(ExitUsage, "a launch outside of the code");
    int index = kernelAt(code->checked, args->entry - code->address);
    if (index < 0)
      return device->fail(ExitPackageIncompatible,
                          "a launch names no kernel of the code");
    const CheckedKernel &kernel = code->checked.kernels[size_t(index)];
    if (args->binding_count != kernel.bindingCount)
      return device->fail(ExitPackageIncompatible,
                          "kernel '" + std::string(kernel.name) + "' has " +
                              std::to_string(kernel.bindingCount) +
                              " bindings and is launched with " +
                              std::to_string(args->binding_count));
    if (args->workgroups == 0)
      return ExitOk;
    terrazzo_code::Kernel &loaded = code->kernels[size_t(index)];
    size_t parameters = args->binding_count + args->size_count;
    if (!loaded.function)
      if (int exit = loadKernel(device, *code, size_t(index), parameters))
        return exit;
    if (parameters != loaded.parameters)
      return failParameters(device, kernel, parameters);
    if (int exit = allowShared(device, kernel, loaded, args->scratch_bytes))
      return exit;
    placeArguments(device, *args);
    CudaResult result = device->api->launchKernel(
        loaded.function, unsigned(args->workgroups), 1, 1, kernel.threads, 1, 1,
        unsigned(args->scratch_bytes), device->stream,
        device->argumentPlaces.data(), nullptr);
    if (result == CudaSuccess)
      return ExitOk;
    int exit = device->fail("cuLaunchKernel", result);
    device->error =
        "kernel '" + std::string(kernel.name) + "': " + device->error;
    return exit;
  });
}

} // namespace terrazzo::nvidia
