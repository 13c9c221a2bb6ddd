// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening an executor of the CPU: memory, code, packed weights, bound programs.
#include "exec/CpuPacking.h"
#include "exec/TeamExecutor.h"
#include "package/Count.h"

#include <algorithm>

namespace terrazzo::exec {

using namespace package;

namespace {

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Writes a byte of a page without changing it. The access has to be one
/// instruction that the compiler cannot see through: a load before the write
/// would bring in the file's page, and an atomic or with nothing becomes one.
void copyPage(uint8_t *byte) {
#if defined(__x86_64__)
  asm volatile("lock orb $0, %0" : "+m"(*byte));
#else
  *static_cast<volatile uint8_t *>(byte) = *byte;
#endif
}

} // namespace

/// Fills an executor step by step; each answers the error that ends it.
class TeamExecutorBuilder {
public:
  TeamExecutorBuilder(TeamExecutor &executor, const ExecutionOptions &options)
      : executor(executor), options(options), model(executor.model),
        root(model.root()) {}

  Status build();

private:
  Status allocate();
  Status allocateStates();
  Status allocateWorking();
  void copySmallWeights(const Program &program);
  void bindPrograms();

  TeamExecutor &executor;
  const ExecutionOptions &options;
  const LoadedModel &model;
  const Package &root;
};

Status TeamExecutorBuilder::build() {
  if (Status status = openWeights(model, executor.weightBytes); !status)
    return status;
  auto image = CodeImage::load(model.file, *model.variant);
  if (!image)
    return image.takeError();
  executor.image = std::move(*image);
  executor.team = std::make_unique<machine::Team>(
      machine::workersFor(options.threads), options.pinCaller);
  if (Status status = allocate(); !status)
    return status;
  model.releaseFilePages();
  CpuPacking packing{
      model,          options,        *model.variant,      model.prepare,
      executor.image, *executor.team, executor.weightBytes};
  if (Status status = fetchPacked(packing, executor.packed, executor.buffers);
      !status)
    return status;
  bindPrograms();
  model.releaseFilePages();
  return {};
}

Status TeamExecutorBuilder::allocate() {
  if (Status status = allocateStates(); !status)
    return status;
  return allocateWorking();
}

Status TeamExecutorBuilder::allocateStates() {
  uint64_t total = model.statesBytes();
  uint64_t packed = model.variant->packed_bytes();
  machine::MemoryBound bound = machine::memoryBound();
  if (total + packed > bound.available)
    return doesNotFit(model, packed, bound);
  auto states = Block::allocate(total + readBeyond, "the KV cache");
  if (!states)
    return states.takeError();
  executor.states = std::move(*states);
  uint64_t offset = 0;
  for (uint32_t i = 0; i < count(root.states()); ++i) {
    executor.buffers.states.push_back(executor.states.data() + offset);
    offset += model.stateBytes(*root.states()->Get(i));
  }
  return {};
}

Status TeamExecutorBuilder::allocateWorking() {
  constexpr uint64_t page = 4096;
  uint64_t arena = roundUp(model.arenaBytes(), page);
  uint64_t scratch = roundUp(model.scratchBytes(), page);
  auto working =
      Block::allocate(arena + scratch * executor.team->size() + readBeyond,
                      "intermediate results");
  if (!working)
    return working.takeError();
  executor.working = std::move(*working);
  Buffers &buffers = executor.buffers;
  buffers.arena = executor.working.data();
  buffers.scratch = buffers.arena + arena;
  buffers.scratchStride = scratch;
  buffers.weights = model.weightPlaces(executor.weightBytes.data());
  return {};
}

// A read of a mapped file makes the pages around it resident as well: 64 KiB
// and more for each norm's few hundred bytes. A write makes a copy of just its
// page, so or-ing nothing into small weights keeps their neighbours, which are
// in memory packed, from being there a second time.
void TeamExecutorBuilder::copySmallWeights(const Program &program) {
  constexpr uint64_t small = 64 << 10;
  constexpr uintptr_t page = 4096;
  for (uint32_t i = 0; i < count(program.commands()); ++i) {
    const auto *bindings = program.commands()->Get(i)->bindings();
    for (uint32_t b = 0; b < count(bindings); ++b) {
      if (bindings->Get(b)->space() != Space::Weight)
        continue;
      const Weight &weight = *root.weights()->Get(bindings->Get(b)->index());
      if (weight.bytes() > small)
        continue;
      uint8_t *begin = executor.weightBytes.data() + weight.offset();
      uint8_t *end = begin + weight.bytes();
      for (; begin < end;
           begin += page - reinterpret_cast<uintptr_t>(begin) % page)
        copyPage(begin);
    }
  }
}

void TeamExecutorBuilder::bindPrograms() {
  for (const Program *program : model.programs)
    if (model.weights)
      copySmallWeights(*program);
  for (const Program *program : model.programs)
    executor.programs.emplace_back(root, *model.variant, *program,
                                   executor.image, executor.buffers);
}

Expected<std::unique_ptr<Executor>>
TeamExecutor::open(const LoadedModel &model, const ExecutionOptions &options) {
  std::unique_ptr<TeamExecutor> executor(new TeamExecutor(model));
  if (Status status = TeamExecutorBuilder(*executor, options).build(); !status)
    return status.takeError();
  return std::unique_ptr<Executor>(std::move(executor));
}

} // namespace terrazzo::exec
