// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/device/DeviceExecutor.h"
#include "exec/device/DeviceLoader.h"

#include <cstring>

namespace terrazzo::exec {

namespace {

/// Reads of more bytes go straight to the caller's memory.
constexpr uint64_t mostPinned = uint64_t(4) << 20;

} // namespace

Expected<std::unique_ptr<Executor>>
DeviceExecutor::open(const LoadedModel &model, const ExecutionOptions &options,
                     uint64_t valueBytes) {
  std::unique_ptr<DeviceExecutor> executor(
      new DeviceExecutor(model, options.device));
  if (Status status = DeviceLoader(*executor, options, valueBytes).load();
      !status)
    return status.takeError();
  return std::unique_ptr<Executor>(std::move(executor));
}

DeviceExecutor::~DeviceExecutor() {
  // What is pending may still use the memory; an error was told or never will.
  [[maybe_unused]] Status ended = device->synchronize();
  for (terrazzo_recording *recording : recordings)
    if (recording)
      device->release(recording);
}

Expected<Place> DeviceExecutor::allocate(uint64_t bytes, Memory use,
                                         const char *purpose) {
  auto block = DeviceBlock::allocate(*device, bytes + readBeyond, purpose);
  if (!block)
    return block.takeError();
  Place place{block->address(), nullptr};
  if (Status status = device->fill(place.address, 0, bytes + readBeyond);
      !status)
    return status.takeError();
  blocks.push_back(std::move(*block));
  if (host && use == Memory::Inputs) {
    auto mirror = Block::allocate(bytes + readBeyond, purpose);
    if (!mirror)
      return mirror.takeError();
    place.mirror = mirror->data();
    mirrors.push_back(std::move(*mirror));
  }
  return place;
}

Status DeviceExecutor::write(Place to, const void *from, uint64_t bytes) {
  if (to.mirror)
    memcpy(to.mirror, from, bytes);
  if (bytes > DeviceLoader::uploadBytes) {
    Status status = device->copyIn(to.address, from, bytes);
    return status ? device->synchronize() : status;
  }
  if (nextUpload == DeviceLoader::uploadSlots) {
    if (Status status = device->synchronize(); !status)
      return status;
    nextUpload = 0;
  }
  uint8_t *room = uploads.data() + nextUpload++ * DeviceLoader::uploadBytes;
  memcpy(room, from, bytes);
  return device->copyIn(to.address, room, bytes);
}

Status DeviceExecutor::read(void *to, Place from, uint64_t bytes) {
  bool passes = bytes <= mostPinned;
  if (passes && bytes > downloadBytes) {
    auto room = HostRoom::allocate(*device, bytes);
    if (!room)
      return room.takeError();
    downloads = std::move(*room);
    downloadBytes = bytes;
  }
  void *target = passes ? downloads.data() : to;
  if (Status status = device->copyOut(target, from.address, bytes); !status)
    return status;
  nextUpload = 0;
  if (passes)
    memcpy(to, target, bytes);
  return {};
}

Status DeviceExecutor::copy(Place to, Place from, uint64_t bytes) {
  return device->copyInside(to.address, from.address, bytes);
}

Status DeviceExecutor::issue(std::span<const Invocation> calls) {
  for (const Invocation &call : calls) {
    DeviceProgram &program = programs[call.program];
    program.bind(call);
    CommandTime *own = timesOf(call.program);
    if (Status status = own ? program.issueTimed(*device, call.extents, own)
                            : program.issue(*device, call.extents);
        !status)
      return status;
  }
  return {};
}

terrazzo_recording *DeviceExecutor::record(std::span<const Invocation> calls) {
  if (!device->beginRecording())
    return nullptr;
  Status issued = issue(calls);
  auto ended = device->endRecording();
  if (ended && issued)
    return *ended;
  if (ended)
    device->release(*ended);
  return nullptr;
}

Status DeviceExecutor::run(std::span<const Invocation> calls, int recording) {
  if (recording < 0 || !records || !times.empty())
    return issue(calls);
  if (size_t(recording) >= recordings.size())
    recordings.resize(size_t(recording) + 1);
  terrazzo_recording *&own = recordings[size_t(recording)];
  if (!own)
    own = record(calls);
  // What cannot be recorded is issued each time; if that fails as well, it says
  // why.
  records = own != nullptr;
  return records ? device->replay(own) : issue(calls);
}

Status DeviceExecutor::resetStates() {
  for (uint32_t i = 0; i < buffers.states.size(); ++i)
    if (buffers.states[i])
      if (Status status =
              device->fill(buffers.states[i], 0,
                           model.stateBytes(*model.root().states()->Get(i)));
          !status)
        return status;
  if (host)
    host->resetStates();
  return device->synchronize();
}

Status DeviceExecutor::readState(uint32_t state, uint8_t *target) {
  uint64_t bytes = model.stateBytes(*model.root().states()->Get(state));
  if (buffers.states[state])
    return device->copyOut(target, buffers.states[state], bytes);
  // What is not on the device is beside it.
  memcpy(target, host->state(state), bytes);
  return {};
}

} // namespace terrazzo::exec
