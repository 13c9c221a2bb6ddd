// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening an executor of a device: code, memory, weights, packed weights, bound
// programs.
//
// Each weight of the file that a function reads gets memory of its own.
// Weights that only `prepare` reads are brought one after the other, packed by
// the device, and leave it again. Packed weights come from the side cache when
// they are there, and are kept there otherwise.
#pragma once

#include "exec/Memory.h"
#include "exec/device/DeviceExecutor.h"

namespace terrazzo::exec {

class DeviceLoader {
public:
  /// Small writes that may be on their way at once, and the bytes of each.
  static constexpr unsigned uploadSlots = 8;
  static constexpr uint64_t uploadBytes = 4096;

  DeviceLoader(DeviceExecutor &executor, const ExecutionOptions &options,
               uint64_t valueBytes)
      : executor(executor), options(options), valueBytes(valueBytes),
        model(executor.model), device(*executor.device), root(model.root()) {}

  /// Fills the executor; the error that ends it.
  Status load();

private:
  struct Need {
    uint64_t bytes;
    const char *purpose;
    terrazzo_memory *place;
    bool zero;
  };

  void markWeights();
  std::vector<Need> needs();
  Status checkMemory(const std::vector<Need> &needs);
  Status loadCode();
  Status allocate(const std::vector<Need> &needs);
  Status bringWeights();
  Expected<DeviceBlock> bring(uint32_t weight);
  Status fetchPacked();
  Status pack();
  Status keep(const std::string &path, const std::string &key);
  void note(const std::string &text) const {
    if (options.note)
      options.note(text);
  }

  DeviceExecutor &executor;
  const ExecutionOptions &options;
  uint64_t valueBytes; ///< what the executor's user will allocate
  const LoadedModel &model;
  Device &device;
  const package::Package &root;
  std::vector<const uint8_t *> places; ///< of weights, on the host
  std::vector<bool> resident;          ///< weights that a function reads
};

} // namespace terrazzo::exec
