// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/TeamExecutor.h"

#include <cstring>

namespace terrazzo::exec {

/// One entry of the team: up to two programs, one after the other.
struct TeamExecutor::Run {
  const BoundProgram *first = nullptr;
  int64_t firstSizes[2] = {0, 0};
  CommandTime *firstTimes = nullptr;
  const BoundProgram *second = nullptr;
  int64_t secondSizes[2] = {0, 0};
  CommandTime *secondTimes = nullptr;

  static void runPart(void *context, const machine::Part &part) {
    const Run &self = *static_cast<const Run *>(context);
    uint32_t phases = self.first->phases();
    if (part.phase < phases)
      return self.first->runPart(part, self.firstSizes);
    machine::Part later = part;
    later.phase -= phases;
    self.second->runPart(later, self.secondSizes);
  }
};

void TeamExecutor::enter(const Run &run) {
  if (run.firstTimes) {
    run.first->run(*team, run.firstSizes, run.firstTimes);
    if (run.second)
      run.second->run(*team, run.secondSizes, run.secondTimes);
    return;
  }
  team->run(run.first->phases() + (run.second ? run.second->phases() : 0),
            Run::runPart, const_cast<Run *>(&run));
}

Status TeamExecutor::runTrunk(size_t trunk, std::span<const int32_t> chunk,
                              uint32_t position, float *logits) {
  memcpy(buffers.tokens, chunk.data(), chunk.size_bytes());
  int32_t first = int32_t(position);
  memcpy(buffers.call, &first, sizeof(first));
  Run run;
  run.first = &trunks[trunk];
  run.firstSizes[0] = int64_t(chunk.size());
  run.firstSizes[1] = int64_t(model.context);
  run.firstTimes = timesOf(trunkTimes, trunk);
  uint32_t lastRow = uint32_t(chunk.size()) - 1;
  uint64_t rowBytes = model.hiddenRowBytes();
  bool aligned = rowBytes % 64 == 0 || lastRow == 0;
  if (!logits || !aligned) {
    enter(run);
    return logits ? runHead(0, lastRow, 1, logits) : Status();
  }
  // Trunk and head as one list: the team is entered once for each token.
  BoundProgram &head = heads.front();
  bool direct = reinterpret_cast<uintptr_t>(logits) % 64 == 0;
  auto *target = direct ? reinterpret_cast<uint8_t *>(logits) : buffers.logits;
  head.patchHidden(buffers.hidden + lastRow * rowBytes);
  head.patchLogits(target);
  run.second = &head;
  run.secondSizes[0] = 1;
  run.secondSizes[1] = int64_t(model.context);
  run.secondTimes = timesOf(headTimes, 0);
  enter(run);
  if (!direct)
    memcpy(logits, target, model.logitsRowBytes());
  return {};
}

Status TeamExecutor::readState(uint32_t state, uint8_t *target) {
  memcpy(target, buffers.states[state],
         model.stateBytes(*model.root().states()->Get(state)));
  return {};
}

Status TeamExecutor::runHead(size_t index, uint32_t firstRow, uint32_t rows,
                             float *logits) {
  BoundProgram &head = heads[index];
  uint64_t rowBytes = model.hiddenRowBytes();
  uint8_t *input = buffers.hidden + firstRow * rowBytes;
  if (reinterpret_cast<uintptr_t>(input) % 64 != 0) {
    memcpy(headStaging, input, rows * rowBytes);
    input = reinterpret_cast<uint8_t *>(headStaging);
  }
  bool direct = reinterpret_cast<uintptr_t>(logits) % 64 == 0;
  auto *target = direct ? reinterpret_cast<uint8_t *>(logits) : buffers.logits;
  head.patchHidden(input);
  head.patchLogits(target);
  Run run;
  run.first = &head;
  run.firstSizes[0] = rows;
  run.firstSizes[1] = int64_t(model.context);
  run.firstTimes = timesOf(headTimes, index);
  enter(run);
  if (!direct)
    memcpy(logits, target, rows * model.logitsRowBytes());
  return {};
}

} // namespace terrazzo::exec
