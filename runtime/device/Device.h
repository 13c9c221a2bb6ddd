// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device behind the table of terrazzo-c/device.h, as C++: what goes wrong is
// a Status with the device's own words, and absent functions have the defaults
// that the table documents. Used by one thread at a time.
#pragma once

#include "support/Error.h"
#include "terrazzo-c/device.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace terrazzo::exec {

class Device {
public:
  /// Opens the device that a user calls `name`. `driver` is the path of what
  /// stands in the system driver's place; empty: nothing does. TZ0442 when the
  /// table lacks something, TZ0443 when there is no such device here.
  static Expected<std::shared_ptr<Device>>
  open(const terrazzo_device_table *table, const std::string &name,
       const std::string &driver);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /// As the user wrote it.
  const std::string &name() const { return called; }
  /// The product's name; may be empty.
  const std::string &product() const { return productName; }
  /// What every run should show; may be empty.
  const std::string &note() const { return remark; }
  /// Target strings that it runs, best first; at least one.
  const std::vector<std::string> &targets() const { return targetStrings; }
  /// Bytes that may still be allocated.
  uint64_t availableBytes();

  /// TZ0601 when there is no room; `purpose` is what the error calls it.
  Expected<terrazzo_memory> allocate(uint64_t bytes, const char *purpose);
  void release(terrazzo_memory memory) { table->free(handle, memory); }

  /// `host` must stay as it is until the next copyOut or synchronize is done.
  Status copyIn(terrazzo_memory memory, const void *host, uint64_t bytes);
  /// Done when it returns, and with it everything before it.
  Status copyOut(void *host, terrazzo_memory memory, uint64_t bytes);
  Status copyInside(terrazzo_memory target, terrazzo_memory source,
                    uint64_t bytes);
  Status fill(terrazzo_memory memory, uint8_t value, uint64_t bytes);
  bool canFill() const { return TERRAZZO_DEVICE_HAS(table, fill); }
  Status launch(const terrazzo_launch_args &args) {
    int code = table->launch(handle, &args);
    return code == 0 ? Status() : failure(code, "run a kernel");
  }
  Status synchronize();

  Expected<terrazzo_code *> load(const terrazzo_load_args &args);
  void unload(terrazzo_code *code) { table->unload(handle, code); }

  /// Memory of the host that copies are fastest from and to; null when the
  /// device has none, then any will do.
  void *allocateHost(uint64_t bytes);
  void releaseHost(void *memory) { table->host_free(handle, memory); }

  bool canRecord() const;
  Status beginRecording();
  Expected<terrazzo_recording *> endRecording();
  Status replay(terrazzo_recording *recording) {
    int code = table->replay(handle, recording);
    return code == 0 ? Status() : failure(code, "repeat recorded work");
  }
  void release(terrazzo_recording *recording) {
    table->recording_free(handle, recording);
  }

  /// Bytes a second that it reads and writes in its own memory, measured by
  /// copies; 0 when that fails.
  double measureCopies();

private:
  Device() = default;
  Status readFacts();
  Error failure(int code, const char *what) const;

  const terrazzo_device_table *table = nullptr;
  terrazzo_device *handle = nullptr;
  std::string called, productName, remark;
  std::vector<std::string> targetStrings;
};

/// Memory of a device, released with this. Move-only; the device outlives it.
class DeviceBlock {
public:
  DeviceBlock() = default;
  static Expected<DeviceBlock> allocate(Device &device, uint64_t bytes,
                                        const char *purpose);
  DeviceBlock(DeviceBlock &&other) noexcept {
    *this = static_cast<DeviceBlock &&>(other);
  }
  DeviceBlock &operator=(DeviceBlock &&other) noexcept {
    std::swap(device, other.device);
    std::swap(start, other.start);
    return *this;
  }
  ~DeviceBlock() {
    if (device)
      device->release(start);
  }
  terrazzo_memory address() const { return start; }

private:
  Device *device = nullptr;
  terrazzo_memory start = 0;
};

} // namespace terrazzo::exec
