// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/device/HostRoom.h"

#include <cstdlib>

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

} // namespace terrazzo::exec
