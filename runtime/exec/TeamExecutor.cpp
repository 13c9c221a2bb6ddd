// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/TeamExecutor.h"

#include <array>
#include <cstring>

namespace terrazzo::exec {

namespace {

/// Calls that one entry of the team takes; more are more entries.
constexpr size_t mostTogether = 4;

uint8_t *pointer(Place place) {
  return reinterpret_cast<uint8_t *>(place.address);
}

Place placeOf(void *memory) {
  return {reinterpret_cast<uint64_t>(memory), nullptr};
}

} // namespace

/// One entry of the team: programs, one after the other.
struct TeamExecutor::Run {
  struct Item {
    const BoundProgram *program = nullptr;
    const int64_t *extents = nullptr;
    uint32_t firstPhase = 0;
  };
  std::array<Item, mostTogether> items;
  size_t count = 0;
  uint32_t phases = 0;

  static void runPart(void *context, const machine::Part &part) {
    const Run &self = *static_cast<const Run *>(context);
    size_t at = self.count - 1;
    while (part.phase < self.items[at].firstPhase)
      --at;
    machine::Part own = part;
    own.phase -= self.items[at].firstPhase;
    self.items[at].program->runPart(own, self.items[at].extents);
  }
};

Expected<Place> TeamExecutor::allocate(uint64_t bytes, Memory,
                                       const char *purpose) {
  auto block = Block::allocate(bytes + readBeyond, purpose);
  if (!block)
    return block.takeError();
  values.push_back(std::move(*block));
  return placeOf(values.back().data());
}

Place TeamExecutor::borrow(void *memory) const {
  constexpr uintptr_t alignment = 64;
  bool aligned = reinterpret_cast<uintptr_t>(memory) % alignment == 0;
  return aligned ? placeOf(memory) : Place();
}

Status TeamExecutor::write(Place to, const void *from, uint64_t bytes) {
  memcpy(pointer(to), from, bytes);
  return {};
}

Status TeamExecutor::read(void *to, Place from, uint64_t bytes) {
  memcpy(to, pointer(from), bytes);
  return {};
}

Status TeamExecutor::copy(Place to, Place from, uint64_t bytes) {
  memmove(pointer(to), pointer(from), bytes);
  return {};
}

void TeamExecutor::bind(const Invocation &call) {
  BoundProgram &program = programs[call.program];
  for (uint32_t i = 0; i < call.arguments.size(); ++i)
    program.bindArgument(i, pointer(call.arguments[i]));
  for (uint32_t i = 0; i < call.results.size(); ++i)
    program.bindResult(i, pointer(call.results[i]));
}

Status TeamExecutor::run(std::span<const Invocation> calls, int recording) {
  if (calls.size() > mostTogether || (calls.size() > 1 && !times.empty())) {
    for (const Invocation &call : calls)
      if (Status status = run({&call, 1}, recording); !status)
        return status;
    return {};
  }
  Run entry;
  for (const Invocation &call : calls) {
    bind(call);
    Run::Item &item = entry.items[entry.count++];
    item.program = &programs[call.program];
    item.extents = call.extents;
    item.firstPhase = entry.phases;
    entry.phases += item.program->phases();
  }
  if (!times.empty())
    programs[calls[0].program].run(*team, entry.items[0].extents,
                                   timesOf(calls[0].program));
  else
    team->run(entry.phases, Run::runPart, &entry);
  return {};
}

Status TeamExecutor::resetStates() {
  memset(states.data(), 0, states.size());
  return {};
}

Status TeamExecutor::readState(uint32_t state, uint8_t *target) {
  memcpy(target, buffers.states[state],
         model.stateBytes(*model.root().states()->Get(state)));
  return {};
}

} // namespace terrazzo::exec
