// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device as an executor. All that a model needs lies in the device's memory;
// what crosses is what callers write and read, and, where the variant has a
// host part, what that computes. Calls that are the same each time and the
// device's alone are recorded once and repeated, where the device can.
#pragma once

#include "exec/device/DeviceProgram.h"
#include "exec/device/HostRoom.h"

namespace terrazzo::exec {

/// Code loaded into a device, unloaded with this. Move-only.
class DeviceCode {
public:
  DeviceCode() = default;
  DeviceCode(Device &device, terrazzo_code *code)
      : device(&device), code(code) {}
  DeviceCode(DeviceCode &&other) noexcept {
    *this = static_cast<DeviceCode &&>(other);
  }
  DeviceCode &operator=(DeviceCode &&other) noexcept {
    std::swap(device, other.device);
    std::swap(code, other.code);
    return *this;
  }
  ~DeviceCode() {
    if (code)
      device->unload(code);
  }
  terrazzo_code *get() const { return code; }

private:
  Device *device = nullptr;
  terrazzo_code *code = nullptr;
};

class DeviceExecutor final : public Executor {
public:
  static Expected<std::unique_ptr<Executor>>
  open(const LoadedModel &model, const ExecutionOptions &options,
       uint64_t valueBytes);
  ~DeviceExecutor() override;

  Expected<Place> allocate(uint64_t bytes, Memory use,
                           const char *purpose) override;
  Place borrow(void *) const override { return {}; }
  Status write(Place to, const void *from, uint64_t bytes) override;
  Status read(void *to, Place from, uint64_t bytes) override;
  Status copy(Place to, Place from, uint64_t bytes) override;
  Status run(std::span<const Invocation> calls, int recording) override;
  Status finish() override { return device->synchronize(); }
  Status resetStates() override;
  Status readState(uint32_t state, uint8_t *target) override;
  unsigned threads() const override { return host ? host->threads() : 0; }

private:
  friend class DeviceLoader;
  DeviceExecutor(const LoadedModel &model, std::shared_ptr<Device> device)
      : model(model), device(std::move(device)) {}

  Status issue(std::span<const Invocation> calls);
  /// Records the calls; a null recording when the device cannot.
  terrazzo_recording *record(std::span<const Invocation> calls);

  const LoadedModel &model;
  std::shared_ptr<Device> device;
  DeviceCode code;
  std::unique_ptr<HostSide> host;  ///< null: the device does all
  std::vector<DeviceBlock> blocks; ///< everything that lives as long as this
  std::vector<Block> mirrors;      ///< of inputs, for kernels of the host
  DeviceBuffers buffers;
  std::vector<DeviceProgram> programs; ///< as in the model
  /// What small writes pass through: a copy may still read one slot while the
  /// next is written.
  HostRoom uploads;
  unsigned nextUpload = 0;
  HostRoom downloads; ///< what small reads pass through
  uint64_t downloadBytes = 0;
  bool records = false;
  std::vector<terrazzo_recording *> recordings; ///< by number
};

} // namespace terrazzo::exec
