// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/DeviceExecutor.h"
#include "exec/DeviceLoader.h"

#include <cstdlib>
#include <cstring>

namespace terrazzo::exec {

Expected<HostRoom> HostRoom::allocate(Device &device, uint64_t bytes) {
  HostRoom room;
  room.start = device.allocateHost(bytes);
  if (room.start) {
    room.device = &device;
    return room;
  }
  room.start = std::malloc(bytes);
  if (room.start)
    return room;
  Error error;
  error.code = "TZ0003";
  error.exit = ExitCode::OutOfMemory;
  error.what = "out of memory";
  return error;
}

HostRoom::~HostRoom() {
  if (device)
    device->releaseHost(start);
  else
    std::free(start);
}

Expected<std::unique_ptr<Executor>>
DeviceExecutor::open(const SessionModel &model, const SessionOptions &options) {
  std::unique_ptr<DeviceExecutor> executor(
      new DeviceExecutor(model, options.device));
  if (Status status = DeviceLoader(*executor, options).load(); !status)
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

Status DeviceExecutor::upload(std::span<const int32_t> chunk,
                              uint32_t position) {
  if (nextUpload == DeviceLoader::uploadSlots) {
    if (Status status = device->synchronize(); !status)
      return status;
    nextUpload = 0;
  }
  if (host)
    host->beginCall(chunk, position);
  uint8_t *room = uploads.data() + nextUpload++ * uploadBytes;
  int32_t first = int32_t(position);
  memcpy(room, &first, sizeof(first));
  memcpy(room + DeviceLoader::callBytes, chunk.data(), chunk.size_bytes());
  return device->copyIn(buffers.call, room,
                        DeviceLoader::callBytes + chunk.size_bytes());
}

Status DeviceExecutor::issueTrunk(size_t trunk, int64_t tokens) {
  int64_t sizes[] = {tokens, int64_t(model.context)};
  return timed() ? trunks[trunk].issueTimed(*device, sizes,
                                            timesOf(trunkTimes, trunk))
                 : trunks[trunk].issue(*device, sizes);
}

Status DeviceExecutor::issueHead(size_t head, uint32_t firstRow,
                                 uint32_t rows) {
  terrazzo_memory input = buffers.hidden + firstRow * model.hiddenRowBytes();
  if (input % 64 != 0) {
    if (Status status = device->copyInside(headStaging, input,
                                           rows * model.hiddenRowBytes());
        !status)
      return status;
    input = headStaging;
  }
  heads[head].patchHidden(input);
  int64_t sizes[] = {int64_t(rows), int64_t(model.context)};
  return timed()
             ? heads[head].issueTimed(*device, sizes, timesOf(headTimes, head))
             : heads[head].issue(*device, sizes);
}

template <typename Issue>
Status DeviceExecutor::repeat(Repeated what, Issue issue) {
  if (!records || timed())
    return issue();
  if (!recordings[what]) {
    Status issued = device->beginRecording();
    if (issued) {
      issued = issue();
      auto ended = device->endRecording();
      if (ended && issued)
        recordings[what] = *ended;
      else if (ended)
        device->release(*ended);
    }
    // What cannot be recorded is issued each time; if that fails as well, it
    // says why.
    if (!recordings[what]) {
      records = false;
      return issue();
    }
  }
  return device->replay(recordings[what]);
}

Status DeviceExecutor::fetchLogits(uint32_t rows, float *logits) {
  uint64_t bytes = rows * model.logitsRowBytes();
  void *target = rows == 1 ? static_cast<void *>(logitsRow.data()) : logits;
  if (Status status = device->copyOut(target, buffers.logits, bytes); !status)
    return status;
  nextUpload = 0;
  if (rows == 1)
    memcpy(logits, target, bytes);
  return {};
}

Status DeviceExecutor::runTrunk(size_t trunk, std::span<const int32_t> chunk,
                                uint32_t position, float *logits) {
  hiddenFetched = false;
  if (Status status = upload(chunk, position); !status)
    return status;
  uint32_t lastRow = uint32_t(chunk.size()) - 1;
  auto issue = [&] {
    Status status = issueTrunk(trunk, int64_t(chunk.size()));
    return status && logits ? issueHead(0, lastRow, 1) : status;
  };
  Status status = chunk.size() == 1
                      ? repeat(logits ? TokenAndLogits : TokenOnly, issue)
                      : issue();
  return status && logits ? fetchLogits(1, logits) : status;
}

Status DeviceExecutor::runHead(size_t head, uint32_t firstRow, uint32_t rows,
                               float *logits) {
  auto issue = [&] { return issueHead(head, firstRow, rows); };
  Status status =
      firstRow == 0 && rows == 1 ? repeat(FirstRowLogits, issue) : issue();
  return status ? fetchLogits(rows, logits) : status;
}

Status DeviceExecutor::readState(uint32_t state, uint8_t *target) {
  uint64_t bytes = model.stateBytes(*model.root().states()->Get(state));
  if (buffers.states[state])
    return device->copyOut(target, buffers.states[state], bytes);
  // What is not on the device is beside it.
  memcpy(target, host->state(state), bytes);
  return {};
}

const float *DeviceExecutor::hidden(uint32_t rows) {
  if (!hiddenFetched) {
    hiddenRows.resize(uint64_t(rows) * model.hiddenSize());
    hiddenFetched =
        bool(device->copyOut(hiddenRows.data(), buffers.hidden,
                             uint64_t(rows) * model.hiddenRowBytes()));
  }
  return hiddenFetched ? hiddenRows.data() : nullptr;
}

} // namespace terrazzo::exec
