// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The processor beside a device: what a variant's host part runs on. It has a
// team, code and memory of its own; values cross by the commands ToHost and
// ToDevice. Its launches run when they are issued, so they see what a copy to
// the host has brought, and wait for copies to the device that still read.
#pragma once

#include "exec/BoundProgram.h"
#include "exec/Executor.h"
#include "exec/Memory.h"

namespace terrazzo::exec {

/// Which states launches of the host use, by index.
std::vector<bool> statesOnHost(const LoadedModel &model);

class HostSide {
public:
  /// For a model whose variant has a host part.
  static Expected<std::unique_ptr<HostSide>>
  open(const LoadedModel &model, const ExecutionOptions &options);

  unsigned threads() const { return team->size(); }

  /// The commands [first, last) of a program: launches on the host, barriers.
  BoundProgram bind(const package::Program &program, uint32_t first,
                    uint32_t last) const;
  /// The place of a copy's binding on this side.
  uint8_t *place(const package::Binding &binding) const {
    return buffers.arena + binding.offset();
  }

  /// A state that lies on this side.
  const uint8_t *state(uint32_t index) const { return buffers.states[index]; }

  void resetStates();
  /// Runs and returns when it is done. `times`: of the program's commands from
  /// its first on, or null.
  Status run(Device &device, const BoundProgram &program,
             const int64_t *extents, CommandTime *times);
  Status copyToHost(Device &device, uint8_t *place, terrazzo_memory from,
                    uint64_t bytes);
  Status copyToDevice(Device &device, terrazzo_memory to, const uint8_t *place,
                      uint64_t bytes);

private:
  HostSide(const LoadedModel &model)
      : model(model), variant(*model.variant->host()) {}
  Status load(const ExecutionOptions &options);
  Status allocate();

  const LoadedModel &model;
  const package::Variant &variant;
  PrivateFile weightBytes;
  CodeImage image;
  std::unique_ptr<machine::Team> team;
  Block packed, states, working;
  Buffers buffers;
  /// Whether the device may still read this side's memory.
  bool copying = false;
};

} // namespace terrazzo::exec
