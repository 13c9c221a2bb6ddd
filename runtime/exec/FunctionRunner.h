// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any function of a package on arrays of the host:
//
//   auto runner = FunctionRunner::open(model, options, "encode");
//   const void *arguments[] = {ids};              // as the function orders
//   them void *results[] = {vectors};
//   (*runner)->call(rows, arguments, results);
//
// Arrays are dense, the last dimension innermost, and as large as the
// function's types say for that size. States keep what calls left in them; they
// begin as zeros. Not thread-safe.
#pragma once

#include "exec/Executor.h"

namespace terrazzo::exec {

class FunctionRunner {
public:
  /// `name`: empty for the only function. TZ0808 when there is none of that
  /// name. `model` outlives it.
  static Expected<std::unique_ptr<FunctionRunner>>
  open(const LoadedModel &model, const ExecutionOptions &options,
       std::string_view name);

  const package::Function &function() const { return *source; }
  /// Calls are of at most this size.
  uint64_t largestSize() const;

  /// Errors: TZ0809 for a size or integers that the function does not take.
  Status call(uint64_t size, std::span<const void *const> arguments,
              std::span<void *const> results);

  unsigned threads() const { return executor->threads(); }

private:
  FunctionRunner(const LoadedModel &model, const package::Function &source)
      : model(model), source(&source) {}
  Status allocate(const ExecutionOptions &options);
  Status checkIntegers(uint64_t size, const package::Value &value,
                       const void *data) const;

  const LoadedModel &model;
  const package::Function *source;
  std::vector<uint32_t> programs; ///< smallest first
  std::unique_ptr<Executor> executor;
  std::vector<Place> arguments, results;
};

} // namespace terrazzo::exec
