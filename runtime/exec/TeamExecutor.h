// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPU as an executor: the team walks programs whose bindings were resolved
// once, on weights mapped from the user's file. Calls that are run together
// enter the team once.
#pragma once

#include "exec/BoundProgram.h"
#include "exec/Executor.h"
#include "exec/Memory.h"

namespace terrazzo::exec {

class TeamExecutor final : public Executor {
public:
  static Expected<std::unique_ptr<Executor>>
  open(const LoadedModel &model, const ExecutionOptions &options);

  Expected<Place> allocate(uint64_t bytes, Memory use,
                           const char *purpose) override;
  Place borrow(void *memory) const override;
  Status write(Place to, const void *from, uint64_t bytes) override;
  Status read(void *to, Place from, uint64_t bytes) override;
  Status copy(Place to, Place from, uint64_t bytes) override;
  Status run(std::span<const Invocation> calls, int recording) override;
  Status finish() override { return {}; }
  Status resetStates() override;
  Status readState(uint32_t state, uint8_t *target) override;
  unsigned threads() const override { return team->size(); }

private:
  friend class TeamExecutorBuilder;
  explicit TeamExecutor(const LoadedModel &model) : model(model) {}

  struct Run; // what the workers are given
  void bind(const Invocation &call);

  const LoadedModel &model;
  PrivateFile weightBytes;
  CodeImage image;
  std::unique_ptr<machine::Team> team;
  Block packed, states, working;
  std::vector<Block> values; ///< what was allocated
  Buffers buffers;
  std::vector<BoundProgram> programs; ///< as in the model
};

} // namespace terrazzo::exec
