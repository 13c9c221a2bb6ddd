// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening a session on a device: code, memory, weights, packed weights, bound
// programs.
//
// Each weight of the file that a trunk or a head reads gets memory of its own.
// Weights that only `prepare` reads are brought one after the other, packed by
// the device, and leave it again. Packed weights come from the side cache when
// they are there, and are kept there otherwise.
#pragma once

#include "exec/DeviceExecutor.h"
#include "exec/Memory.h"

namespace terrazzo::exec {

class DeviceLoader {
public:
  /// The call buffer, which the tokens follow.
  static constexpr uint64_t callBytes = 64;
  /// Calls whose tokens may be on their way at once.
  static constexpr unsigned uploadSlots = 8;

  DeviceLoader(DeviceExecutor &executor, const SessionOptions &options)
      : executor(executor), options(options), model(executor.model),
        device(*executor.device), root(model.root()) {}

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
  const SessionOptions &options;
  const SessionModel &model;
  Device &device;
  const package::Package &root;
  std::vector<bool> resident; ///< weights that a trunk or a head reads
};

} // namespace terrazzo::exec
