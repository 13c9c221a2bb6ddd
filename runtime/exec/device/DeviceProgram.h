// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program with every binding resolved to an address on a device, ready to be
// issued command by command. A device works in order, so barriers need nothing;
// launches of the host beside it are run when their turn comes.
#pragma once

#include "exec/device/HostSide.h"

namespace terrazzo::exec {

/// Addresses that a program's bindings are resolved against.
struct DeviceBuffers {
  std::vector<terrazzo_memory> weights; ///< by index; 0: not there
  terrazzo_memory packed = 0;
  terrazzo_memory arena = 0;
  std::vector<terrazzo_memory> states;
};

class DeviceProgram {
public:
  /// `host`: null for a variant without a host part.
  DeviceProgram(const LoadedModel &model, terrazzo_code *code, HostSide *host)
      : model(&model), code(code), host(host) {}
  void add(const package::Command &command, const DeviceBuffers &buffers);
  void add(const package::Program &program, const DeviceBuffers &buffers);

  /// Redirects the bindings to the call's places.
  void bind(const Invocation &call);

  /// Whether something happens on the host, which no device records.
  bool usesHost() const { return hasHost; }

  Status issue(Device &device, const int64_t *extents);
  /// Waits for each command and adds its time to `times`, one for each.
  Status issueTimed(Device &device, const int64_t *extents, CommandTime *times);

private:
  struct Step {
    package::CommandKind kind;
    uint32_t command = 0;         ///< its index in the program
    int32_t hostRun = -1;         ///< launches that the host runs instead
    uint8_t *hostPlace = nullptr; ///< the host's end of a copy
    uint32_t firstBinding = 0;
    uint32_t bindingCount = 0;
    uint64_t entry = 0;
    uint64_t scratchBytes = 0;
    CommandSizes sizes;
  };
  void addHostRun(const package::Program &program, uint32_t first,
                  uint32_t last);
  void addCopy(const package::Command &command, const DeviceBuffers &buffers,
               Step &step);
  terrazzo_memory resolve(const package::Binding &binding,
                          const DeviceBuffers &buffers);
  Status issueStep(Device &device, const Step &step, const int64_t *extents);
  Status issueLaunch(Device &device, const Step &step, const int64_t *extents);

  const LoadedModel *model;
  terrazzo_code *code;
  HostSide *host;
  std::vector<BoundProgram> hostRuns;
  std::vector<Step> steps;
  std::vector<terrazzo_memory> bindings;
  CallerSlots<terrazzo_memory> argumentSlots, resultSlots;
  bool hasHost = false;
};

} // namespace terrazzo::exec
