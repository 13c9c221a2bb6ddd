// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Session.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::exec {

/// One entry of the team: up to two programs with a barrier between.
struct Session::Run {
  Team *team;
  const BoundProgram *first = nullptr;
  int64_t firstSizes[2] = {0, 0};
  CommandTime *firstTimes = nullptr;
  const BoundProgram *second = nullptr;
  int64_t secondSizes[2] = {0, 0};
  CommandTime *secondTimes = nullptr;

  static void work(void *context, unsigned worker) {
    const Run &self = *static_cast<const Run *>(context);
    walk(self.first, self.firstSizes, self.firstTimes, *self.team, worker);
    if (!self.second)
      return;
    self.team->barrier();
    walk(self.second, self.secondSizes, self.secondTimes, *self.team, worker);
  }

  static void walk(const BoundProgram *program, const int64_t *sizes,
                   CommandTime *times, Team &team, unsigned worker) {
    if (times)
      program->walkTimed(team, worker, sizes, times);
    else
      program->walk(team, worker, sizes);
  }
};

Session::~Session() = default;

uint32_t Session::vocabulary() const {
  return file.root().manifest()->vocabulary();
}

uint32_t Session::hiddenSize() const {
  return file.root().manifest()->hidden_size();
}

const float *Session::hidden() const {
  return reinterpret_cast<const float *>(buffers.hidden);
}

BoundProgram &Session::smallest(std::vector<BoundProgram> &programs,
                                uint64_t tokens) {
  for (BoundProgram &program : programs)
    if (program.maxTokens() >= tokens)
      return program;
  return programs.back();
}

void Session::enter(const Run &run) {
  team->run(Run::work, const_cast<Run *>(&run));
}

Status Session::step(std::span<const int32_t> tokens, float *logits) {
  Error error;
  error.exit = ExitCode::Usage;
  if (tokens.size() > context - next) {
    error.code = "TZ0801";
    error.what = "the context is too small";
    error.why = std::to_string(next) + " tokens are there, " +
                std::to_string(tokens.size()) + " more do not fit into " +
                std::to_string(context);
    error.help = "give more room with --ctx-size";
    return error;
  }
  for (int32_t token : tokens)
    if (token < 0 || uint32_t(token) >= vocabulary()) {
      error.code = "TZ0802";
      error.what = "there is no token " + std::to_string(token);
      error.why = "the model's vocabulary has " + std::to_string(vocabulary());
      return error;
    }
  while (!tokens.empty()) {
    size_t count = std::min<size_t>(tokens.size(), largestChunk());
    bool last = count == tokens.size();
    runTrunk(tokens.first(count), last ? logits : nullptr);
    tokens = tokens.subspan(count);
  }
  return weights->intact();
}

void Session::runTrunk(std::span<const int32_t> chunk, float *logits) {
  memcpy(buffers.tokens, chunk.data(), chunk.size_bytes());
  int32_t position = int32_t(next);
  memcpy(buffers.call, &position, sizeof(position));
  BoundProgram &trunk = smallest(trunks, chunk.size());
  Run run{team.get()};
  run.first = &trunk;
  run.firstSizes[0] = int64_t(chunk.size());
  run.firstSizes[1] = int64_t(context);
  size_t index = size_t(&trunk - trunks.data());
  if (!trunkTimes.empty())
    run.firstTimes = trunkTimes[index].data();
  lastChunk = uint32_t(chunk.size());
  next += lastChunk;
  uint64_t rowBytes = hiddenSize() * sizeof(float);
  bool aligned = rowBytes % 64 == 0 || lastChunk == 1;
  if (!logits || !aligned) {
    enter(run);
    if (logits)
      runHead(heads.front(), lastChunk - 1, 1, logits);
    return;
  }
  // Trunk and head as one list: the team is entered once for each token.
  BoundProgram &head = heads.front();
  bool direct = reinterpret_cast<uintptr_t>(logits) % 64 == 0;
  auto *target = direct ? reinterpret_cast<uint8_t *>(logits) : buffers.logits;
  head.patchHidden(buffers.hidden + (lastChunk - 1) * rowBytes);
  head.patchLogits(target);
  run.second = &head;
  run.secondSizes[0] = 1;
  run.secondSizes[1] = int64_t(context);
  if (!headTimes.empty())
    run.secondTimes = headTimes.front().data();
  enter(run);
  if (!direct)
    memcpy(logits, target, vocabulary() * sizeof(float));
}

void Session::runHead(BoundProgram &head, uint32_t firstRow, uint32_t rows,
                      float *logits) {
  uint64_t rowBytes = hiddenSize() * sizeof(float);
  uint8_t *input = buffers.hidden + firstRow * rowBytes;
  if (reinterpret_cast<uintptr_t>(input) % 64 != 0) {
    memcpy(headStaging, input, rows * rowBytes);
    input = reinterpret_cast<uint8_t *>(headStaging);
  }
  bool direct = reinterpret_cast<uintptr_t>(logits) % 64 == 0;
  auto *target = direct ? reinterpret_cast<uint8_t *>(logits) : buffers.logits;
  head.patchHidden(input);
  head.patchLogits(target);
  Run run{team.get()};
  run.first = &head;
  run.firstSizes[0] = rows;
  run.firstSizes[1] = int64_t(context);
  size_t index = size_t(&head - heads.data());
  if (!headTimes.empty())
    run.firstTimes = headTimes[index].data();
  enter(run);
  if (!direct)
    memcpy(logits, target, uint64_t(rows) * vocabulary() * sizeof(float));
}

Status Session::logits(uint32_t firstRow, uint32_t rows, float *logits) {
  if (firstRow > lastChunk || rows > lastChunk - firstRow) {
    Error error;
    error.code = "TZ0803";
    error.exit = ExitCode::Usage;
    error.what = "logits of rows that were not computed";
    error.why = "rows " + std::to_string(firstRow) + " to " +
                std::to_string(uint64_t(firstRow) + rows) +
                " of a last chunk of " + std::to_string(lastChunk);
    return error;
  }
  while (rows > 0) {
    uint32_t count = std::min(rows, largestHead());
    runHead(smallest(heads, count), firstRow, count, logits);
    firstRow += count;
    rows -= count;
    logits += uint64_t(count) * vocabulary();
  }
  return weights->intact();
}

void Session::enableTiming() {
  auto make = [](const std::vector<BoundProgram> &programs) {
    std::vector<std::vector<CommandTime>> times;
    for (const BoundProgram &program : programs) {
      const auto *commands = program.program().commands();
      times.emplace_back(commands ? commands->size() : 0);
    }
    return times;
  };
  trunkTimes = make(trunks);
  headTimes = make(heads);
}

std::vector<ProgramTimes> Session::times() const {
  std::vector<ProgramTimes> all;
  for (size_t i = 0; i < trunkTimes.size(); ++i)
    all.push_back({&trunks[i].program(), trunkTimes[i]});
  for (size_t i = 0; i < headTimes.size(); ++i)
    all.push_back({&heads[i].program(), headTimes[i]});
  return all;
}

} // namespace terrazzo::exec
