// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first call, and what an emulated driver answers besides the driver API.
#include "TzEmu/Emu.h"
#include "driver/DriverState.h"

#include <cstdio>
#include <cstdlib>
#include <string>

using terrazzo::emu::Architecture;
using terrazzo::emu::architectureNames;
using terrazzo::emu::findArchitecture;
using namespace terrazzo::emu::driver;

namespace {

constexpr int driverVersion = 13000;

std::string knownArchitectures() {
  std::string text;
  for (const std::string &name : architectureNames())
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

CUresult initialise(Driver &state) {
  const char *wanted = getenv("TERRAZZO_EMU_ARCH");
  std::string name = !state.selected.empty() ? state.selected
                     : wanted && *wanted     ? wanted
                                             : "sm_80";
  const Architecture *architecture = findArchitecture(name);
  if (!architecture) {
    std::string text = "there is no emulated device '" + name +
                       "'; TERRAZZO_EMU_ARCH may be one of " +
                       knownArchitectures();
    fprintf(stderr, "terrazzo-emu: %s\n", text.c_str());
    noteFault(text, false);
    return CUDA_ERROR_INVALID_DEVICE;
  }
  if (addDevices(*architecture) < 0)
    return CUDA_ERROR_NO_DEVICE;
  state.initialised = true;
  return CUDA_SUCCESS;
}

} // namespace

extern "C" {

CUresult cuInit(unsigned flags) {
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  Driver &state = driver();
  if (state.forked.load())
    return CUDA_ERROR_NOT_INITIALIZED;
  try {
    Lock lock(state.mutex);
    return state.initialised ? CUDA_SUCCESS : initialise(state);
  } catch (...) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = driverVersion;
  return CUDA_SUCCESS;
}

CUresult cuProfilerStart() {
  return enterContext([](Context &, Lock &) { return CUDA_SUCCESS; });
}

CUresult cuProfilerStop() {
  return enterContext([](Context &, Lock &) { return CUDA_SUCCESS; });
}

TZ_EMU_API int terrazzoEmuSelect(const char *arch) {
  const Architecture *architecture = arch ? findArchitecture(arch) : nullptr;
  if (!architecture)
    return -1;
  Driver &state = driver();
  try {
    Lock lock(state.mutex);
    state.reportFaults = false;
    if (!state.initialised) {
      state.selected = arch;
      return 0;
    }
    for (int i = 0; i < state.deviceCount.load(); ++i)
      if (&state.devices[i]->architecture == architecture)
        return i;
    return addDevices(*architecture);
  } catch (...) {
    return -1;
  }
}

TZ_EMU_API const char *terrazzoEmuFidelity() {
  Driver &state = driver();
  Lock lock(state.mutex);
  if (!state.initialised)
    return nullptr;
  std::shared_ptr<Context> context = currentContext();
  const Device &device = context ? *context->device : *state.devices[0];
  return device.fidelity.c_str();
}

TZ_EMU_API void terrazzoEmuLiveObjects(terrazzoEmuObjects *objects) {
  Driver &state = driver();
  Lock lock(state.mutex);
  *objects = {};
  for (const auto &[address, allocation] : state.allocations)
    ++(allocation.onHost() ? objects->hostAllocations : objects->allocations);
  for (const auto &[handle, object] : state.objects) {
    switch (object->kind) {
    case Kind::Context:
      objects->contexts += static_cast<Context &>(*object).active;
      break;
    case Kind::Pool:
      objects->pools += !static_cast<Pool &>(*object).isDefault;
      break;
    case Kind::Module:
      ++objects->modules;
      break;
    case Kind::Library:
      ++objects->libraries;
      break;
    case Kind::Stream:
      ++objects->streams;
      break;
    case Kind::Event:
      ++objects->events;
      break;
    case Kind::Graph:
      ++objects->graphs;
      break;
    case Kind::Exec:
      ++objects->graphExecs;
      break;
    case Kind::Function:
    case Kind::Kernel:
    case Kind::Node:
    case Kind::Link:
      break;
    }
  }
}
}
