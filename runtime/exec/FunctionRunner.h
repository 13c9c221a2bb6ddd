// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of a package on a caller's arrays:
//
//   auto runner = FunctionRunner::open(model, options);
//   auto encode = (*runner)->find("encode");
//   Array arguments[] = {{ids}}, results[] = {{vectors}}; // in its order
//   uint64_t sizes[] = {rows};
//   (*runner)->call(*encode, sizes, arguments, results);
//
// Arrays are dense, the last dimension innermost, and as large as the
// function's types say for those sizes. Those that programs can use where they
// lie, aligned to 64 bytes and on their side, are; others are copied. States
// are shared by all functions and keep what calls left in them; they begin as
// zeros. When a call returns, its results are there. Not thread-safe.
#pragma once

#include "exec/Executor.h"
#include "package/Extents.h"

namespace terrazzo::exec {

/// A caller's memory: the host's, or the device's that the programs run on.
struct Array {
  void *data = nullptr;
  bool onDevice = false;
};

class FunctionRunner {
public:
  /// `model` outlives it.
  static Expected<std::unique_ptr<FunctionRunner>>
  open(const LoadedModel &model, const ExecutionOptions &options);

  uint32_t functions() const { return uint32_t(all.size()); }
  const package::Function &function(uint32_t index) const {
    return *all[index].source;
  }
  /// By name; empty for the only one. TZ0808 when there is none of that name.
  Expected<uint32_t> find(std::string_view name) const;
  /// The largest value of a size in calls of a function; 0: no code for it is
  /// here.
  uint64_t largestSize(uint32_t function, uint32_t size) const;

  /// Errors: TZ0809 for sizes, integers or places that the function does not
  /// take. `sizes`, `arguments` and `results` are as many as it has.
  Status call(uint32_t function, std::span<const uint64_t> sizes,
              std::span<const Array> arguments, std::span<const Array> results);

  /// Makes all states zeros again.
  Status resetStates() { return executor->resetStates(); }
  const LoadedModel &loaded() const { return model; }
  Executor &runs() { return *executor; }

private:
  /// One argument or result: where it lies unless the caller's memory serves.
  struct Slot {
    const package::Value *value;
    Place own;
  };
  struct Callable {
    const package::Function *source;
    std::vector<uint32_t> programs; ///< smallest first
    std::vector<Slot> arguments, results;
    std::vector<Place> argumentPlaces, resultPlaces; ///< of the call at hand
    std::vector<uint64_t> bounds; ///< of its extents, in the largest calls
    package::Extents extents;     ///< of the call at hand
  };

  explicit FunctionRunner(const LoadedModel &model) : model(model) {}
  void listFunctions();
  Status bindArgument(Callable &callable, uint32_t number, const Array &array);
  Status bindResult(Callable &callable, uint32_t number, const Array &array);
  Status fetch(const Callable &callable, uint32_t number, const Array &array);
  Status ownPlace(const Callable &callable, Slot &slot, const char *purpose);
  Status checkMemory(uint32_t program, std::span<const uint64_t> sizes) const;
  Status checkSizes(Callable &callable, std::span<const uint64_t> sizes) const;
  Status checkIntegers(const Callable &callable, const package::Value &value,
                       const void *data) const;
  bool isUsable(const Array &array) const;

  const LoadedModel &model;
  std::unique_ptr<Executor> executor;
  bool onDevice = false;
  std::vector<Callable> all;     ///< as in the package
  std::vector<uint8_t> integers; ///< those that came from a device
};

} // namespace terrazzo::exec
