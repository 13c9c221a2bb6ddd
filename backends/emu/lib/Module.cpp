// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules as the driver sees them: looked into, prepared, launched.
#include "ModuleState.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::emu {

Module::Module() : state(std::make_unique<State>()) {}
Module::~Module() = default;

std::unique_ptr<Module> Module::load(std::string_view ptx,
                                     const Architecture &architecture,
                                     DeviceMemory &memory, Outcome &outcome) {
  outcome = Outcome();
  std::unique_ptr<Module> made(new Module);
  if (!made->state->load(ptx, architecture, memory, outcome))
    return nullptr;
  return made;
}

const std::vector<KernelInfo> &Module::kernels() const { return state->infos; }
const std::vector<GlobalInfo> &Module::globals() const {
  return state->globals;
}

int Module::findKernel(std::string_view name) const {
  for (size_t i = 0; i < state->infos.size(); ++i)
    if (state->infos[i].name == name)
      return int(i);
  return -1;
}

Outcome Module::State::prepare(Kernel &kernel) {
  std::lock_guard lock(kernel.mutex);
  Outcome outcome;
  if (!kernel.code)
    kernel.code = compileKernel(kernel.source, variables, outcome);
  return outcome;
}

Outcome Module::prepare(int kernel) {
  if (kernel < 0 || size_t(kernel) >= state->kernels.size())
    return {Fault::InvalidValue, "no such kernel", 0};
  return state->prepare(*state->kernels[size_t(kernel)]);
}

namespace {
Outcome checkLaunch(const Module::Launch &launch, const KernelInfo &info,
                    const Function &function, const Architecture &architecture,
                    const SharedLayout &layout) {
  uint64_t threads = 1;
  for (unsigned d = 0; d < 3; ++d) {
    uint64_t most = d == 0 ? 0x7fffffff : 65535;
    uint64_t side = d == 2 ? 64 : 1024;
    if (launch.grid[d] == 0 || launch.grid[d] > most || launch.block[d] == 0 ||
        launch.block[d] > side)
      return {Fault::InvalidValue,
              "a grid or block size of kernel '" + info.name +
                  "' is out of range",
              0};
    threads *= launch.block[d];
  }
  uint32_t most = architecture.maxThreadsPerBlock;
  if (info.maxThreads && info.maxThreads < most)
    most = info.maxThreads;
  if (threads > most)
    return {Fault::LaunchOutOfResources,
            "kernel '" + info.name + "' takes " + std::to_string(most) +
                " threads in a block, not " + std::to_string(threads),
            0};
  for (unsigned d = 0; d < 3; ++d)
    if (function.requiredThreads[0] &&
        function.requiredThreads[d] != launch.block[d])
      return {Fault::InvalidValue,
              "kernel '" + info.name + "' requires another block size", 0};
  uint64_t shared = layout.staticBytes;
  if (launch.dynamicSharedBytes)
    shared = (shared + layout.dynamicAlignment - 1) / layout.dynamicAlignment *
                 layout.dynamicAlignment +
             launch.dynamicSharedBytes;
  if (shared > architecture.sharedPerBlockOptin)
    return {Fault::LaunchOutOfResources,
            "kernel '" + info.name + "' asks for " + std::to_string(shared) +
                " bytes of shared memory; " + architecture.name + " has " +
                std::to_string(architecture.sharedPerBlockOptin),
            0};
  if (info.parameterBytes && !launch.parameters)
    return {Fault::InvalidValue, "kernel '" + info.name + "' needs parameters",
            0};
  return {};
}
} // namespace

Outcome Module::launch(const Launch &launch) {
  if (launch.kernel < 0 || size_t(launch.kernel) >= state->kernels.size())
    return {Fault::InvalidValue, "no such kernel", 0};
  State::Kernel &kernel = *state->kernels[size_t(launch.kernel)];
  const KernelInfo &info = state->infos[size_t(launch.kernel)];
  const SharedLayout &layout = kernel.source.shared;
  Outcome outcome =
      checkLaunch(launch, info, *kernel.function, state->architecture, layout);
  if (outcome.fault != Fault::None)
    return outcome;
  outcome = state->prepare(kernel);
  if (outcome.fault != Fault::None)
    return outcome;

  static std::atomic<uint64_t> launches{0};
  // Kernels may take addresses of parameters, aligned as they are declared;
  // masked loads may reach behind the last one.
  uint64_t alignment = 16;
  for (const Variable &parameter : kernel.function->parameters)
    alignment = std::max(alignment, parameter.alignment);
  std::vector<uint8_t> room(info.parameterBytes + alignment + 64);
  auto begin = reinterpret_cast<uint64_t>(room.data());
  auto *parameters =
      reinterpret_cast<uint8_t *>((begin + alignment - 1) & ~(alignment - 1));
  if (info.parameterBytes)
    std::memcpy(parameters, launch.parameters, info.parameterBytes);
  LaunchJob job;
  job.entry = kernel.code->entry;
  job.grid = launch.grid;
  job.block = launch.block;
  job.threads = launch.block[0] * launch.block[1] * launch.block[2];
  job.warps = (job.threads + lanes - 1) / lanes;
  job.blocks = uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  job.sharedBytes = layout.staticBytes;
  if (launch.dynamicSharedBytes)
    job.sharedBytes = (layout.staticBytes + layout.dynamicAlignment - 1) /
                          layout.dynamicAlignment * layout.dynamicAlignment +
                      launch.dynamicSharedBytes;
  job.cooperative = launch.cooperative;
  job.dynamicSharedBytes = launch.dynamicSharedBytes;
  job.localBytes = info.localBytes;
  job.parameters = parameters;
  job.sharedAlignment = layout.alignment;
  job.localAlignment = kernel.source.localAlignment;
  job.heap = launch.heap;
  job.parameterBytes = info.parameterBytes;
  job.multiprocessors = uint32_t(state->architecture.multiprocessors);
  job.id = launches++;
  job.allocations = ExecutorAccess::list(*state->memory);
  job.reserved = ExecutorAccess::reserved(*state->memory);
  runJob(job);
  outcome = job.outcome;
  if (outcome.fault != Fault::None)
    outcome.text = "kernel '" + info.name + "': " + outcome.text;
  return outcome;
}

} // namespace terrazzo::emu
