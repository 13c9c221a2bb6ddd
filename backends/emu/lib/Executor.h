// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The executor: PTX text in, kernels that run on this machine's CPU out. What
// the driver's entry points (Driver*.cpp) stand on; it knows nothing of
// contexts, streams or handles.
//
// Device memory is host memory: a device pointer is the host address. All of
// it comes from one DeviceMemory, so that an access outside every allocation is
// found: as a fault of the launch, never as a crash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::emu {

/// What went wrong, by what a driver would answer.
enum class Fault {
  None,
  InvalidPtx,         ///< text that is no PTX, or breaks the language's rules
  UnknownInstruction, ///< PTX that this executor does not implement
  UnsupportedVersion, ///< a .version or .target that the device is too old for
  OutOfMemory,
  InvalidValue,         ///< a launch's sizes or arguments
  LaunchOutOfResources, ///< too many threads or too much shared memory
  IllegalAddress,
  MisalignedAddress,
  IllegalInstruction, ///< a vote, shuffle or barrier that can never be met
  Trap,               ///< trap, or a failed device-side assertion
  Internal
};

struct Outcome {
  Fault fault = Fault::None;
  std::string text; ///< one line, with the PTX's line where there is one
  int line = 0;     ///< of the PTX text; 0: none
  explicit operator bool() const { return fault == Fault::None; }
};

/// A device's limits and abilities: "sm_80", "sm_90a", "sm_120".
struct Architecture {
  std::string name;
  int major = 8, minor = 0;
  bool accelerated = false; ///< the "a" of sm_90a
  int multiprocessors = 2;
  uint32_t maxThreadsPerBlock = 1024;
  uint64_t sharedPerBlock = 48 << 10;       ///< without opting in
  uint64_t sharedPerBlockOptin = 163 << 10; ///< with
  uint64_t sharedPerMultiprocessor = 164 << 10;
  uint64_t memoryBytes = 0; ///< 0: what the host has available
};

/// Null when `name` is none that is known ("sm_75" and newer ones that the
/// executor has the instructions of).
const Architecture *findArchitecture(std::string_view name);
/// All known names, for error texts.
std::vector<std::string> architectureNames();

/// Memory of one device. Thread-safe.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t bytes);
  ~DeviceMemory();
  /// 256-byte-aligned; 0 when there is no room.
  uint64_t allocate(uint64_t bytes, uint64_t alignment = 1);
  /// False when `address` is the start of no allocation.
  bool release(uint64_t address);
  /// The allocation that holds `address`; false when none does.
  bool find(uint64_t address, uint64_t &base, uint64_t &bytes) const;
  bool contains(uint64_t address, uint64_t bytes) const;
  uint64_t totalBytes() const;
  uint64_t freeBytes() const;
  size_t allocationCount() const; ///< for tests of leaks

private:
  friend struct ExecutorAccess;
  struct State;
  std::unique_ptr<State> state;
};

class DeviceHeap;

struct KernelInfo {
  std::string name;
  struct Parameter {
    uint64_t offset, bytes;
  };
  std::vector<Parameter> parameters;
  uint64_t parameterBytes = 0;
  uint64_t sharedBytes = 0; ///< static
  uint64_t localBytes = 0;  ///< of each thread
  uint64_t constantBytes = 0;
  uint32_t maxThreads = 0; ///< .maxntid; 0: the device's
  bool usesHeap = false;   ///< malloc or free may be called
  uint32_t registers = 0;  ///< an estimate: virtual registers in use at once
};

struct GlobalInfo {
  std::string name;
  uint64_t address, bytes;
};

/// One loaded PTX module: its kernels and its globals, which lie in `memory`.
/// Kernels are compiled when they are first launched (or by `prepare`), and
/// kept in a cache on disk by content. Thread-safe.
class Module {
public:
  static std::unique_ptr<Module> load(std::string_view ptx,
                                      const Architecture &architecture,
                                      DeviceMemory &memory, Outcome &outcome);
  ~Module();
  const std::vector<KernelInfo> &kernels() const;
  const std::vector<GlobalInfo> &globals() const;
  /// Index into kernels(); -1 when there is none.
  int findKernel(std::string_view name) const;
  /// Compiles now.
  Outcome prepare(int kernel);

  struct Launch {
    int kernel = 0;
    std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
    uint64_t dynamicSharedBytes = 0;
    bool cooperative = false;   ///< all blocks run at once: they may wait for
                                ///< each other
    DeviceHeap *heap = nullptr; ///< for malloc; null: it gives nothing
    const void *parameters = nullptr; ///< parameterBytes of them
  };
  /// Runs to its end, over the host's threads.
  Outcome launch(const Launch &launch);

private:
  Module();
  struct State;
  std::unique_ptr<State> state;
};

/// One line for the user: what is exact, what is approximate, what is not
/// modelled.
std::string fidelityLine(const Architecture &architecture);

} // namespace terrazzo::emu
