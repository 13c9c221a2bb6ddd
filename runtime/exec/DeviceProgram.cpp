// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/DeviceProgram.h"

namespace terrazzo::exec {

using namespace package;

void DeviceProgram::add(const Program &program, const DeviceBuffers &buffers) {
  const auto *commands = program.commands();
  for (uint32_t i = 0; commands && i < commands->size(); ++i)
    add(*commands->Get(i), buffers);
}

void DeviceProgram::add(const Command &command, const DeviceBuffers &buffers) {
  Step step;
  step.kind = command.kind();
  step.value = command.value();
  step.sizes = CommandSizes(command);
  step.firstBinding = uint32_t(bindings.size());
  hasFill |= step.kind == CommandKind::Fill;
  if (step.kind == CommandKind::Launch) {
    const Entry &entry = *model->variant->entries()->Get(command.kernel());
    step.entry = entry.address();
    step.scratchBytes = entry.scratch_bytes();
  }
  if (step.kind != CommandKind::Barrier && command.bindings())
    for (const Binding *binding : *command.bindings())
      bindings.push_back(resolve(*binding, buffers));
  step.bindingCount = uint32_t(bindings.size()) - step.firstBinding;
  steps.push_back(step);
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
  case Space::Tokens:
    return buffers.tokens + offset;
  case Space::Call:
    return buffers.call + offset;
  case Space::Hidden:
    hiddenSlots.push_back({uint32_t(bindings.size()), offset});
    return buffers.hidden + offset;
  case Space::Logits:
    return buffers.logits + offset;
  }
  return 0;
}

void DeviceProgram::patchHidden(terrazzo_memory rows) {
  for (const Slot &slot : hiddenSlots)
    bindings[slot.binding] = rows + slot.offset;
}

Status DeviceProgram::issueStep(Device &device, const Step &step,
                                const int64_t *sizes) {
  const terrazzo_memory *operands = bindings.data() + step.firstBinding;
  if (step.kind == CommandKind::Launch) {
    terrazzo_launch_args args = {};
    args.struct_size = sizeof(args);
    args.code = code;
    args.entry = step.entry;
    args.bindings = operands;
    args.binding_count = step.bindingCount;
    args.sizes = sizes;
    args.size_count = 2;
    args.workgroups = step.sizes.workgroups(sizes);
    args.scratch_bytes = step.scratchBytes;
    return args.workgroups > 0 ? device.launch(args) : Status();
  }
  uint64_t bytes = step.sizes.byteCount(sizes);
  if (step.kind == CommandKind::Barrier || bytes == 0)
    return {};
  return step.kind == CommandKind::Fill
             ? device.fill(operands[0], step.value, bytes)
             : device.copyInside(operands[1], operands[0], bytes);
}

Status DeviceProgram::issue(Device &device, const int64_t *sizes) {
  for (const Step &step : steps)
    if (Status status = issueStep(device, step, sizes); !status)
      return status;
  return {};
}

Status DeviceProgram::issueTimed(Device &device, const int64_t *sizes,
                                 CommandTime *times) {
  Status status = device.synchronize();
  for (size_t i = 0; status && i < steps.size(); ++i) {
    if (steps[i].kind == CommandKind::Barrier)
      continue;
    uint64_t begin = nanosecondsNow();
    status = issueStep(device, steps[i], sizes);
    if (status)
      status = device.synchronize();
    times[i].nanoseconds += nanosecondsNow() - begin;
    ++times[i].runs;
  }
  return status;
}

} // namespace terrazzo::exec
