// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of the host that a device copies from and to.
#pragma once

#include "device/Device.h"

#include <utility>

namespace terrazzo::exec {

/// Memory of the host: the device's own kind where it has one. Move-only.
class HostRoom {
public:
  HostRoom() = default;
  static Expected<HostRoom> allocate(Device &device, uint64_t bytes);
  HostRoom(HostRoom &&other) noexcept {
    *this = static_cast<HostRoom &&>(other);
  }
  HostRoom &operator=(HostRoom &&other) noexcept {
    std::swap(device, other.device);
    std::swap(start, other.start);
    return *this;
  }
  ~HostRoom();
  uint8_t *data() const { return static_cast<uint8_t *>(start); }

private:
  Device *device = nullptr; ///< null: of malloc
  void *start = nullptr;
};

} // namespace terrazzo::exec
