// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/device/DeviceProgram.h"

namespace terrazzo::exec {

using namespace package;

void DeviceProgram::add(const Program &program, const DeviceBuffers &buffers) {
  const auto *commands = program.commands();
  uint32_t end = commands ? commands->size() : 0;
  for (uint32_t i = 0; i < end;) {
    uint32_t last = i;
    while (last < end &&
           (commands->Get(last)->host() ||
            (last > i && commands->Get(last)->kind() == CommandKind::Barrier)))
      ++last;
    if (last > i) {
      addHostRun(program, i, last);
      i = last;
      continue;
    }
    add(*commands->Get(i), buffers);
    steps.back().command = i++;
  }
}

/// Launches that follow each other on the host enter its team once.
void DeviceProgram::addHostRun(const Program &program, uint32_t first,
                               uint32_t last) {
  Step step;
  step.kind = CommandKind::Launch;
  step.command = first;
  step.hostRun = int32_t(hostRuns.size());
  hostRuns.push_back(host->bind(program, first, last));
  steps.push_back(step);
  hasHost = true;
}

void DeviceProgram::add(const Command &command, const DeviceBuffers &buffers) {
  Step step;
  step.kind = command.kind();
  step.sizes = CommandSizes(command);
  step.firstBinding = uint32_t(bindings.size());
  if (step.kind == CommandKind::Launch) {
    const Entry &entry = *model->variant->entries()->Get(command.kernel());
    step.entry = entry.address();
    step.scratchBytes = entry.scratch_bytes();
  }
  if (step.kind == CommandKind::ToHost || step.kind == CommandKind::ToDevice)
    addCopy(command, buffers, step);
  else if (step.kind != CommandKind::Barrier && command.bindings())
    for (const Binding *binding : *command.bindings())
      bindings.push_back(resolve(*binding, buffers));
  step.bindingCount = uint32_t(bindings.size()) - step.firstBinding;
  steps.push_back(step);
}

void DeviceProgram::addCopy(const Command &command,
                            const DeviceBuffers &buffers, Step &step) {
  bool toHost = step.kind == CommandKind::ToHost;
  step.hostPlace = host->place(*command.bindings()->Get(toHost ? 1 : 0));
  bindings.push_back(
      resolve(*command.bindings()->Get(toHost ? 0 : 1), buffers));
  hasHost = true;
}

terrazzo_memory DeviceProgram::resolve(const Binding &binding,
                                       const DeviceBuffers &buffers) {
  uint64_t offset = binding.offset();
  switch (binding.space()) {
  case Space::Weight:
    return buffers.weights[binding.index()] + offset;
  case Space::Packed:
    return buffers.packed +
           model->variant->packed()->Get(binding.index())->offset() + offset;
  case Space::Arena:
    return buffers.arena + offset;
  case Space::State:
    return buffers.states[binding.index()] + offset;
  case Space::Argument:
    argumentSlots.add(binding.index(), uint32_t(bindings.size()), offset);
    return 0;
  case Space::Result:
    resultSlots.add(binding.index(), uint32_t(bindings.size()), offset);
    return 0;
  }
  return 0;
}

void DeviceProgram::bind(const Invocation &call) {
  for (uint32_t i = 0; i < call.arguments.size(); ++i) {
    argumentSlots.bind(i, call.arguments[i].address, bindings);
    for (BoundProgram &run : hostRuns)
      run.bindArgument(i, call.arguments[i].mirror);
  }
  for (uint32_t i = 0; i < call.results.size(); ++i)
    resultSlots.bind(i, call.results[i].address, bindings);
}

Status DeviceProgram::issueLaunch(Device &device, const Step &step,
                                  const int64_t *extents) {
  int64_t sizes[mostKernelSizes];
  step.sizes.gather(extents, sizes);
  terrazzo_launch_args args = {};
  args.struct_size = sizeof(args);
  args.code = code;
  args.entry = step.entry;
  args.bindings = bindings.data() + step.firstBinding;
  args.binding_count = step.bindingCount;
  args.sizes = sizes;
  args.size_count = step.sizes.sizeCount();
  args.workgroups = step.sizes.workgroups(sizes);
  args.scratch_bytes = step.scratchBytes;
  return args.workgroups > 0 ? device.launch(args) : Status();
}

Status DeviceProgram::issueStep(Device &device, const Step &step,
                                const int64_t *extents) {
  if (step.hostRun >= 0)
    return host->run(device, hostRuns[step.hostRun], extents, nullptr);
  const terrazzo_memory *operands = bindings.data() + step.firstBinding;
  uint64_t bytes = step.sizes.byteCount(extents);
  switch (step.kind) {
  case CommandKind::Launch:
    return issueLaunch(device, step, extents);
  case CommandKind::Barrier:
    return {};
  case CommandKind::ToHost:
    return bytes ? host->copyToHost(device, step.hostPlace, operands[0], bytes)
                 : Status();
  case CommandKind::ToDevice:
    return bytes
               ? host->copyToDevice(device, operands[0], step.hostPlace, bytes)
               : Status();
  }
  return {};
}

Status DeviceProgram::issue(Device &device, const int64_t *extents) {
  for (const Step &step : steps)
    if (Status status = issueStep(device, step, extents); !status)
      return status;
  return {};
}

Status DeviceProgram::issueTimed(Device &device, const int64_t *extents,
                                 CommandTime *times) {
  Status status = device.synchronize();
  for (const Step &step : steps) {
    if (!status)
      break;
    if (step.kind == CommandKind::Barrier)
      continue;
    CommandTime *own = times + step.command;
    if (step.hostRun >= 0) {
      status = host->run(device, hostRuns[step.hostRun], extents, own);
      continue;
    }
    uint64_t begin = nanosecondsNow();
    status = issueStep(device, step, extents);
    if (status)
      status = device.synchronize();
    own->nanoseconds += nanosecondsNow() - begin;
    ++own->runs;
  }
  return status;
}

} // namespace terrazzo::exec
