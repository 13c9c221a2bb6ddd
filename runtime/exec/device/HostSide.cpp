// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/device/HostSide.h"
#include "exec/CpuPacking.h"
#include "package/Count.h"

#include <algorithm>
#include <cstring>

namespace terrazzo::exec {

using namespace package;

namespace {

constexpr uint64_t page = 4096;

uint64_t roundUp(uint64_t value) { return (value + page - 1) / page * page; }

} // namespace

std::vector<bool> statesOnHost(const LoadedModel &model) {
  std::vector<bool> found(count(model.root().states()), false);
  for (const Program *program : model.programs)
    for (uint32_t i = 0; i < count(program->commands()); ++i) {
      const Command &command = *program->commands()->Get(i);
      for (uint32_t b = 0; command.host() && b < count(command.bindings()); ++b)
        if (command.bindings()->Get(b)->space() == Space::State)
          found[command.bindings()->Get(b)->index()] = true;
    }
  return found;
}

Expected<std::unique_ptr<HostSide>>
HostSide::open(const LoadedModel &model, const ExecutionOptions &options) {
  std::unique_ptr<HostSide> side(new HostSide(model));
  if (Status status = side->load(options); !status)
    return status.takeError();
  return side;
}

Status HostSide::load(const ExecutionOptions &options) {
  if (Status status = openWeights(model, weightBytes); !status)
    return status;
  auto loaded = CodeImage::load(model.file, variant);
  if (!loaded)
    return loaded.takeError();
  image = std::move(*loaded);
  team = std::make_unique<machine::Team>(machine::workersFor(options.threads),
                                         options.pinCaller);
  if (Status status = allocate(); !status)
    return status;
  // Of its programs a host part has only the one that packs.
  const Program *prepare =
      count(variant.programs()) ? variant.programs()->Get(0) : nullptr;
  return fetchPacked(
      {model, options, variant, prepare, image, *team, weightBytes}, packed,
      buffers);
}

Status HostSide::allocate() {
  std::vector<bool> own = statesOnHost(model);
  std::vector<uint64_t> offsets(own.size());
  uint64_t stateBytes = 0;
  for (uint32_t i = 0; i < own.size(); ++i) {
    offsets[i] = stateBytes;
    if (own[i])
      stateBytes += model.stateBytes(*model.root().states()->Get(i));
  }
  machine::MemoryBound bound = machine::memoryBound();
  if (stateBytes + variant.packed_bytes() > bound.available)
    return doesNotFit(model, variant.packed_bytes(), bound);
  auto rows = Block::allocate(stateBytes + readBeyond, "the KV cache");
  if (!rows)
    return rows.takeError();
  states = std::move(*rows);
  for (uint32_t i = 0; i < own.size(); ++i)
    buffers.states.push_back(own[i] ? states.data() + offsets[i] : nullptr);

  uint64_t scratch = 0;
  for (uint32_t i = 0; i < count(variant.entries()); ++i)
    scratch = std::max(scratch, variant.entries()->Get(i)->scratch_bytes());
  buffers.scratchStride = roundUp(scratch);
  uint64_t arena = roundUp(model.hostArenaBytes() + readBeyond);
  auto room = Block::allocate(arena + buffers.scratchStride * team->size(),
                              "intermediate results");
  if (!room)
    return room.takeError();
  working = std::move(*room);
  buffers.arena = working.data();
  buffers.scratch = buffers.arena + arena;
  buffers.weights = model.weightPlaces(weightBytes.data());
  return {};
}

BoundProgram HostSide::bind(const Program &program, uint32_t first,
                            uint32_t last) const {
  return BoundProgram(model.root(), variant, program, image, buffers, first,
                      last);
}

void HostSide::resetStates() { memset(states.data(), 0, states.size()); }

Status HostSide::run(Device &device, const BoundProgram &program,
                     const int64_t *extents, CommandTime *times) {
  if (copying) {
    if (Status status = device.synchronize(); !status)
      return status;
    copying = false;
  }
  program.run(*team, extents, times);
  return {};
}

Status HostSide::copyToHost(Device &device, uint8_t *place,
                            terrazzo_memory from, uint64_t bytes) {
  Status status = device.copyOut(place, from, bytes);
  copying &= !status;
  return status;
}

Status HostSide::copyToDevice(Device &device, terrazzo_memory to,
                              const uint8_t *place, uint64_t bytes) {
  copying = true;
  return device.copyIn(to, place, bytes);
}

} // namespace terrazzo::exec
