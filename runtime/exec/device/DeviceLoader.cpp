// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/device/DeviceLoader.h"
#include "exec/PackedWeights.h"
#include "package/Count.h"
#include "package/Extents.h"

#include <algorithm>

namespace terrazzo::exec {

using namespace package;

namespace {

/// Bytes of the file whose pages may lie around until they are given back, and
/// of weights that may be on the device only to be packed.
constexpr uint64_t mostPassing = uint64_t(256) << 20;

} // namespace

Status DeviceLoader::load() {
  markWeights();
  if (Status status = loadCode(); !status)
    return status;
  if (model.variant->host()) {
    auto host = HostSide::open(model, options);
    if (!host)
      return host.takeError();
    executor.host = std::move(*host);
  }
  executor.buffers.weights.assign(count(root.weights()), 0);
  executor.buffers.states.assign(count(root.states()), 0);
  std::vector<Need> all = needs();
  if (Status status = checkMemory(all); !status)
    return status;
  if (Status status = allocate(all); !status)
    return status;
  model.releaseFilePages();
  if (Status status = bringWeights(); !status)
    return status;
  if (Status status = fetchPacked(); !status)
    return status;
  bool canRecord = device.canRecord();
  for (const Program *program : model.programs) {
    executor.programs.emplace_back(model, executor.code.get(),
                                   executor.host.get());
    DeviceProgram &bound = executor.programs.back();
    bound.add(*program, executor.buffers);
    canRecord &= !bound.usesHost();
  }
  executor.records = canRecord;
  if (Status status = device.synchronize(); !status)
    return status;
  model.releaseFilePages();
  return model.weightsIntact();
}

void DeviceLoader::markWeights() {
  places = model.weightPlaces(model.weights ? model.weights->data() : nullptr);
  resident.assign(count(root.weights()), false);
  for (const Program *program : model.programs)
    for (uint32_t i = 0; i < count(program->commands()); ++i) {
      const Command &command = *program->commands()->Get(i);
      const auto *bindings = command.bindings();
      for (uint32_t b = 0; !command.host() && b < count(bindings); ++b)
        if (bindings->Get(b)->space() == Space::Weight)
          resident[bindings->Get(b)->index()] = true;
    }
}

Status DeviceLoader::loadCode() {
  std::vector<terrazzo_code_segment> segments;
  for (uint32_t i = 0; i < count(model.variant->segments()); ++i) {
    const Segment &from = *model.variant->segments()->Get(i);
    terrazzo_code_segment segment = {};
    segment.struct_size = sizeof(segment);
    segment.address = from.address();
    segment.bytes = model.file.segmentBytes(from);
    segment.byte_count = from.file_bytes();
    segment.executable = from.executable();
    segments.push_back(segment);
  }
  terrazzo_load_args args = {};
  args.struct_size = sizeof(args);
  args.target = model.variant->target()->c_str();
  args.segments = segments.data();
  args.segment_count = segments.size();
  auto code = device.load(args);
  if (!code)
    return code.takeError();
  executor.code = DeviceCode(device, *code);
  return {};
}

std::vector<DeviceLoader::Need> DeviceLoader::needs() {
  DeviceBuffers &buffers = executor.buffers;
  std::vector<Need> all;
  std::vector<bool> elsewhere = statesOnHost(model);
  for (uint32_t i = 0; i < count(root.states()); ++i)
    if (!elsewhere[i])
      all.push_back({model.stateBytes(*root.states()->Get(i)) + readBeyond,
                     "the KV cache", &buffers.states[i], true});
  all.push_back({model.arenaBytes() + readBeyond, "intermediate results",
                 &buffers.arena, false});
  if (uint64_t packed = model.variant->packed_bytes())
    all.push_back({packed, "packed weights", &buffers.packed, false});
  return all;
}

Status DeviceLoader::checkMemory(const std::vector<Need> &needs) {
  uint64_t weights = model.variant->packed_bytes(), total = valueBytes;
  for (uint32_t i = 0; i < resident.size(); ++i)
    weights += resident[i] ? root.weights()->Get(i)->bytes() : 0;
  for (const Need &need : needs)
    total += need.bytes;
  total += weights - model.variant->packed_bytes();
  uint64_t available = device.availableBytes();
  if (total <= available)
    return {};
  uint64_t working =
      total - weights - std::min(total - weights, model.statesBytes());
  Error error = doesNotFit(model, weights, {available, ""},
                           ", intermediate results " + megabytes(working));
  error.what = "the model does not fit into the memory of " + device.name();
  return error;
}

Status DeviceLoader::allocate(const std::vector<Need> &needs) {
  for (const Need &need : needs) {
    auto block = DeviceBlock::allocate(device, need.bytes, need.purpose);
    if (!block)
      return block.takeError();
    *need.place = block->address();
    executor.blocks.push_back(std::move(*block));
    if (!need.zero)
      continue;
    if (Status status = device.fill(*need.place, 0, need.bytes); !status)
      return status;
  }
  auto uploads = HostRoom::allocate(device, uploadBytes * uploadSlots);
  if (!uploads)
    return uploads.takeError();
  executor.uploads = std::move(*uploads);
  return {};
}

Expected<DeviceBlock> DeviceLoader::bring(uint32_t index) {
  const Weight &weight = *root.weights()->Get(index);
  auto block = DeviceBlock::allocate(device, weight.bytes(), "weights");
  if (!block)
    return block;
  if (Status status =
          device.copyIn(block->address(), places[index], weight.bytes());
      !status)
    return status.takeError();
  executor.buffers.weights[index] = block->address();
  return block;
}

Status DeviceLoader::bringWeights() {
  uint64_t passed = 0;
  for (uint32_t i = 0; i < resident.size(); ++i) {
    if (!resident[i])
      continue;
    auto block = bring(i);
    if (!block)
      return block.takeError();
    executor.blocks.push_back(std::move(*block));
    passed += root.weights()->Get(i)->bytes();
    if (passed < mostPassing)
      continue;
    if (Status status = device.synchronize(); !status)
      return status;
    model.releaseFilePages();
    passed = 0;
  }
  return {};
}

Status DeviceLoader::fetchPacked() {
  uint64_t bytes = model.variant->packed_bytes();
  if (bytes == 0)
    return {};
  if (options.cacheFolder.empty() || !model.weights)
    return pack();
  std::string key = packedKey(root, *model.variant, model.weightsHash);
  std::string path = packedPath(options.cacheFolder, key);
  {
    auto memory = Block::allocate(bytes, "packed weights");
    if (!memory)
      return memory.takeError();
    machine::Team team(machine::workersFor(options.threads));
    if (readPacked(path, key, *memory, team)) {
      Status status =
          device.copyIn(executor.buffers.packed, memory->data(), bytes);
      return status ? device.synchronize() : status;
    }
  }
  if (Status status = pack(); !status)
    return status;
  return model.weightsAreThoseOpened() ? keep(path, key) : Status();
}

Status DeviceLoader::pack() {
  const auto *commands = model.prepare->commands();
  package::Extents extents;
  extents.compute(model.context);
  std::vector<DeviceBlock> passing;
  std::vector<uint32_t> passingWeights;
  uint64_t passed = 0;
  auto leave = [&] {
    Status status = device.synchronize();
    for (uint32_t index : passingWeights)
      executor.buffers.weights[index] = 0;
    passing.clear();
    passingWeights.clear();
    passed = 0;
    model.releaseFilePages();
    return status;
  };
  for (uint32_t i = 0; i < count(commands); ++i) {
    const Command &command = *commands->Get(i);
    for (uint32_t b = 0; b < count(command.bindings()); ++b) {
      const Binding &binding = *command.bindings()->Get(b);
      if (binding.space() != Space::Weight ||
          executor.buffers.weights[binding.index()] != 0)
        continue;
      auto block = bring(binding.index());
      if (!block) {
        [[maybe_unused]] Status ended = leave();
        return block.takeError();
      }
      passing.push_back(std::move(*block));
      passingWeights.push_back(binding.index());
      passed += root.weights()->Get(binding.index())->bytes();
    }
    DeviceProgram step(model, executor.code.get(), nullptr);
    step.add(command, executor.buffers);
    Status status = step.issue(device, extents.data());
    if (!status || passed >= mostPassing)
      if (Status ended = leave(); status)
        status = ended;
    if (!status)
      return status;
  }
  return leave();
}

/// A failure to keep them costs only the next start's time.
Status DeviceLoader::keep(const std::string &path, const std::string &key) {
  uint64_t bytes = model.variant->packed_bytes();
  auto memory = Block::allocate(bytes, "packed weights");
  if (!memory)
    return memory.takeError();
  if (Status status =
          device.copyOut(memory->data(), executor.buffers.packed, bytes);
      !status)
    return status;
  Status written = writePacked(path, key, *memory);
  note(written ? "packed weights: +" + megabytes(bytes) + " in " + path
               : "packed weights are kept in memory only: " +
                     written.error().where + ": " + written.error().why);
  return {};
}

} // namespace terrazzo::exec
