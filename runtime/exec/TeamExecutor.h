// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPU as an executor: the team walks programs whose bindings were resolved
// once, on weights mapped from the user's file. A call enters the team once and
// allocates nothing.
#pragma once

#include "exec/BoundProgram.h"
#include "exec/Executor.h"
#include "exec/Memory.h"

namespace terrazzo::exec {

class TeamExecutor final : public Executor {
public:
  static Expected<std::unique_ptr<Executor>>
  open(const SessionModel &model, const SessionOptions &options);

  Status runTrunk(size_t trunk, std::span<const int32_t> chunk,
                  uint32_t position, float *logits) override;
  Status runHead(size_t head, uint32_t firstRow, uint32_t rows,
                 float *logits) override;
  const float *hidden(uint32_t) override {
    return reinterpret_cast<const float *>(buffers.hidden);
  }
  Status readState(uint32_t state, uint8_t *target) override;
  unsigned threads() const override { return team->size(); }

private:
  friend class TeamExecutorBuilder;
  explicit TeamExecutor(const SessionModel &model) : model(model) {}

  struct Run; // what the workers are given
  void enter(const Run &run);

  const SessionModel &model;
  PrivateFile weightBytes;
  CodeImage image;
  std::unique_ptr<machine::Team> team;
  Block packed, states, working, logitsRoom;
  Buffers buffers;
  std::vector<BoundProgram> trunks, heads; ///< in the model's order
  float *headStaging = nullptr;            ///< aligned rows for a head
};

} // namespace terrazzo::exec
