// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands behind the driver's handles. All of it is guarded by the driver's
// one lock (DriverState.h), but for what is said to be otherwise.
#pragma once

#include "DeviceHeap.h"
#include "Executor.h"
#include "driver/DriverQueue.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace terrazzo::emu::driver {

enum class Kind : uint8_t {
  Context,
  Module,
  Function,
  Library,
  Kernel,
  Stream,
  Event,
  Graph,
  Node,
  Exec,
  Pool,
  Link
};

struct Object : std::enable_shared_from_this<Object> {
  explicit Object(Kind kind) : kind(kind) {}
  virtual ~Object() = default;
  const Kind kind;
  void *handle = nullptr;     ///< a number of its own, never used again
  Context *context = nullptr; ///< that it dies with; null: none
};

struct Context;
struct Stream;
struct Node;
struct Graph;
struct Capture;
using NodePointer = std::shared_ptr<Node>;
/// Of a launch, a kernel's node or a stream: what was set, by its number.
using Attributes = std::map<CUlaunchAttributeID, CUlaunchAttributeValue>;

struct Pool : Object {
  static constexpr Kind kindOf = Kind::Pool;
  Pool() : Object(kindOf) {}
  int device = 0;
  bool isDefault = false;
  size_t maximum = 0; ///< bytes; 0: no limit
  uint64_t threshold = 0;
  int reuse[3] = {1, 1, 1};
  std::atomic<uint64_t> used{0};
  std::atomic<uint64_t> usedHigh{0};
};

struct Device {
  Device(int number, const Architecture &architecture)
      : number(number), architecture(architecture),
        memory(architecture.memoryBytes) {}
  const int number;
  const Architecture &architecture;
  DeviceMemory memory; ///< has a lock of its own
  std::string fidelity;
  std::shared_ptr<Context> primary;
  unsigned primaryFlags = 0;
  unsigned primaryUses = 0;
  std::shared_ptr<Pool> defaultPool, pool;
};

struct Stream : Object {
  static constexpr Kind kindOf = Kind::Stream;
  enum class Role { Created, Legacy, PerThread };
  Stream() : Object(kindOf) {}
  Role role = Role::Created;
  unsigned flags = 0;
  int priority = 0;
  uint64_t number = 0;
  Attributes attributes;
  Queue queue;
  std::shared_ptr<Capture> capture;         ///< null: none goes on
  std::vector<NodePointer> frontier;        ///< what captured work comes after
  std::vector<CUgraphNode> frontierHandles; ///< lent to cuStreamGetCaptureInfo
  std::vector<CUgraphEdgeData> frontierEdges;
  bool blocking() const {
    return role != Role::Legacy && !(flags & CU_STREAM_NON_BLOCKING);
  }
};

struct Context : Object {
  static constexpr Kind kindOf = Kind::Context;
  Context() : Object(kindOf) {}
  Device *device = nullptr;
  bool primary = false;
  bool active = true; ///< false: destroyed, whoever still has it current
  unsigned flags = 0;
  uint64_t number = 0;
  /// The error that ended it; every later call answers it. Not under the lock.
  std::atomic<CUresult> failure{CUDA_SUCCESS};
  void fail(CUresult result) {
    CUresult none = CUDA_SUCCESS;
    failure.compare_exchange_strong(none, result);
  }
  std::shared_ptr<Stream> legacy;
  std::map<uint64_t, std::shared_ptr<Stream>> perThread;
  std::vector<std::shared_ptr<Stream>> streams; ///< created ones
  std::vector<WorkPointer> orphans; ///< unfinished, of destroyed streams
  std::map<int, size_t> limits;
  size_t limit(CUlimit limit) const;
  std::unique_ptr<DeviceHeap> heap; ///< made when a kernel first needs it
  int cacheConfig = 0, sharedConfig = 1;
};

struct Function;

struct LoadedModule : Object {
  static constexpr Kind kindOf = Kind::Module;
  LoadedModule() : Object(kindOf) {}
  std::shared_ptr<Context> owner;
  std::unique_ptr<Module> code;
  std::unordered_map<std::string, std::shared_ptr<Function>> functions;
  int ptxVersion = 0; ///< 10 * major + minor
};

struct Function : Object {
  static constexpr Kind kindOf = Kind::Function;
  Function() : Object(kindOf) {}
  std::shared_ptr<LoadedModule> module;
  int index = 0;
  bool prepared = false;
  int64_t dynamicShared = -1; ///< allowed bytes; -1: what needs no opting in
  int carveout = -1, cacheConfig = 0;
  const KernelInfo &info() const { return module->code->kernels()[index]; }
  const Architecture &architecture() const {
    return module->owner->device->architecture;
  }
  uint64_t allowedDynamicShared() const;
  uint32_t maxThreads() const;
};

struct Library : Object {
  static constexpr Kind kindOf = Kind::Library;
  Library() : Object(kindOf) {}
  std::string image;
  std::map<Context *, std::shared_ptr<LoadedModule>> modules;
  std::map<std::string, std::shared_ptr<Object>> kernels;
};

struct Kernel : Object {
  static constexpr Kind kindOf = Kind::Kernel;
  Kernel() : Object(kindOf) {}
  std::weak_ptr<Library> library;
  std::string name;
};

struct Event : Object {
  static constexpr Kind kindOf = Kind::Event;
  Event() : Object(kindOf) {}
  unsigned flags = 0;
  WorkPointer marker; ///< null: never recorded
  std::shared_ptr<Capture> capture;
  std::vector<NodePointer> captured;
};

/// What is known of a piece of memory besides what DeviceMemory knows.
struct Allocation {
  enum class Kind { Device, Pool, Managed, Host, Registered, Graph };
  Kind kind = Kind::Device;
  uint64_t bytes = 0;
  unsigned flags = 0;
  uint64_t number = 0;
  int device = 0;
  bool syncMemops = false;
  std::shared_ptr<Context> context;
  std::shared_ptr<Pool> pool;
  bool onHost() const { return kind == Kind::Host || kind == Kind::Registered; }
};

} // namespace terrazzo::emu::driver
