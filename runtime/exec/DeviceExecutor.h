// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device as an executor. All that a model needs lies in the device's memory;
// what crosses for a call is its tokens and position, and the logits it asks
// for, and, where the variant has a host part, what that computes. Work for one
// token that is the device's alone is recorded once and repeated, where the
// device can.
#pragma once

#include "exec/DeviceProgram.h"

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
  open(const SessionModel &model, const SessionOptions &options);
  ~DeviceExecutor() override;

  Status runTrunk(size_t trunk, std::span<const int32_t> chunk,
                  uint32_t position, float *logits) override;
  Status runHead(size_t head, uint32_t firstRow, uint32_t rows,
                 float *logits) override;
  const float *hidden(uint32_t rows) override;
  Status readState(uint32_t state, uint8_t *target) override;
  unsigned threads() const override { return host ? host->threads() : 0; }

private:
  friend class DeviceLoader;
  DeviceExecutor(const SessionModel &model, std::shared_ptr<Device> device)
      : model(model), device(std::move(device)) {}

  /// What is repeated for each token, and so recorded.
  enum Repeated { TokenOnly, TokenAndLogits, FirstRowLogits, RepeatedCount };

  bool timed() const { return !trunkTimes.empty(); }
  Status upload(std::span<const int32_t> chunk, uint32_t position);
  Status issueTrunk(size_t trunk, int64_t tokens);
  Status issueHead(size_t head, uint32_t firstRow, uint32_t rows);
  /// Issues by `issue`, or repeats what it issued when it was recorded.
  template <typename Issue> Status repeat(Repeated what, Issue issue);
  /// Copies rows of logits out; afterwards nothing is pending.
  Status fetchLogits(uint32_t rows, float *logits);

  const SessionModel &model;
  std::shared_ptr<Device> device;
  DeviceCode code;
  std::unique_ptr<HostSide> host;  ///< null: the device does all
  std::vector<DeviceBlock> blocks; ///< everything that lives as long as this
  DeviceBuffers buffers;
  terrazzo_memory headStaging = 0;          ///< aligned rows for a head
  std::vector<DeviceProgram> trunks, heads; ///< in the model's order
  /// Call buffer and tokens of several calls: a copy may still read one while
  /// the next is written.
  HostRoom uploads;
  uint64_t uploadBytes = 0;
  unsigned nextUpload = 0;
  HostRoom logitsRow;
  std::vector<float> hiddenRows;
  bool hiddenFetched = false;
  bool records = false;
  terrazzo_recording *recordings[RepeatedCount] = {};
};

} // namespace terrazzo::exec
