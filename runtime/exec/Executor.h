// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs a package's programs: the CPU's team (TeamExecutor.h), or a device
// behind the table of terrazzo-c/device.h (DeviceExecutor.h). An executor knows
// memory and code; what arguments and results mean is its caller's affair.
//
//   auto executor = openExecutor(model, options, bytes);
//   auto x = (*executor)->allocate(xBytes, Memory::Inputs, "inputs");
//   auto y = (*executor)->allocate(yBytes, Memory::Results, "results");
//   (*executor)->write(*x, data, xBytes);
//   Invocation call{program, extents.data(), {&*x, 1}, {&*y, 1}};
//   (*executor)->run({&call, 1});
//   (*executor)->read(out, *y, yBytes);
//
// Work may be pending when `run` and `write` return; `read` waits for it, and
// tells what went wrong before. Not thread-safe. After a program's first run
// with the same places, running it allocates nothing.
#pragma once

#include "exec/Command.h"
#include "exec/LoadedModel.h"

#include <span>

namespace terrazzo::exec {

/// Where values lie for an executor's programs, aligned to 64 bytes.
struct Place {
  uint64_t address = 0;      ///< in the executor's memory
  uint8_t *mirror = nullptr; ///< the same for kernels beside a device

  Place operator+(uint64_t bytes) const {
    return {address + bytes, mirror ? mirror + bytes : nullptr};
  }
  bool operator==(const Place &) const = default;
};

/// What memory is for: integers that come from the host, and so lie on both
/// sides where there are two, or anything else.
enum class Memory { Inputs, Results };

/// One run of a program.
struct Invocation {
  uint32_t program = 0;             ///< index into LoadedModel::programs
  const int64_t *extents = nullptr; ///< of its function (package/Extents.h)
  std::span<const Place> arguments, results; ///< in the function's order
};

class Executor {
public:
  virtual ~Executor() = default;

  /// Zeroed memory that lives as long as the executor.
  virtual Expected<Place> allocate(uint64_t bytes, Memory use,
                                   const char *purpose) = 0;
  /// Memory of the caller where programs may write as they are; a null address
  /// when they cannot.
  virtual Place borrow(void *memory) const = 0;
  virtual Status write(Place to, const void *from, uint64_t bytes) = 0;
  virtual Status read(void *to, Place from, uint64_t bytes) = 0;
  virtual Status copy(Place to, Place from, uint64_t bytes) = 0;

  /// Runs programs one after the other. Calls that are the same each time, in
  /// programs, sizes and places, may bear a number from 0 on: what can, records
  /// them.
  virtual Status run(std::span<const Invocation> calls, int recording = -1) = 0;
  /// Waits for what is pending; tells what went wrong before.
  virtual Status finish() = 0;
  /// Makes all states zeros again.
  virtual Status resetStates() = 0;
  /// Copies the bytes of a state, as many as stateBytes().
  virtual Status readState(uint32_t state, uint8_t *target) = 0;
  /// Threads of the CPU that compute; 0 when a device does all.
  virtual unsigned threads() const = 0;

  /// From now on each command is timed.
  void enableTiming(const LoadedModel &model);
  /// Of each program's commands, as in the model; empty without timing.
  std::vector<std::vector<CommandTime>> times;

protected:
  CommandTime *timesOf(uint32_t program) {
    return times.empty() ? nullptr : times[program].data();
  }
};

/// The executor that `options` asks for. `valueBytes` is what its user will
/// allocate: where memory is scarce, it is told at once. `model` outlives it.
Expected<std::unique_ptr<Executor>>
openExecutor(const LoadedModel &model, const ExecutionOptions &options,
             uint64_t valueBytes);

} // namespace terrazzo::exec
