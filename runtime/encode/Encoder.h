// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function of an encoder, known by name, and the vectors of texts from it:
//
//   encode(tokens: i32[T], positions: i32[T], first: i32[T], end: i32[T]
//          [, types: i32[T]]) -> hidden: f32[T, H]
//
// Row t is a token of the text whose rows go from first[t] to before end[t]. So
// texts of any lengths lie one behind another in a call, and nothing is
// computed for what fills none of them. Not thread-safe.
#pragma once

#include "encode/SentenceSettings.h"
#include "exec/FunctionRunner.h"

namespace terrazzo::encode {

class Encoder {
public:
  /// `model` outlives it. TZ0708 for a package without such a function.
  static Expected<std::unique_ptr<Encoder>>
  open(const exec::LoadedModel &model, const exec::ExecutionOptions &options);

  /// Numbers of a vector.
  uint32_t width() const { return columns; }
  /// Tokens of one call, and so of one text.
  uint32_t largestCall() const { return most; }
  exec::FunctionRunner &runner() { return *runs; }

  /// The vectors of `texts`, width() numbers each, one behind another. Each
  /// text has 1 to largestCall() tokens; calls are filled up to `rows` of them,
  /// 0: to largestCall(). Errors: TZ0805 for a vector that is not finite, and
  /// those of FunctionRunner::call.
  Status embed(std::span<const std::vector<int32_t>> texts,
               const SentenceSettings &settings, uint32_t rows, float *vectors);

private:
  Encoder() = default;
  std::string findRoles(const exec::LoadedModel &model);
  Status callWith(std::span<const std::vector<int32_t>> texts,
                  const SentenceSettings &settings, float *vectors);

  std::unique_ptr<exec::FunctionRunner> runs;
  uint32_t function = 0, columns = 0, most = 0;
  bool hasTypes = false;
  std::vector<int32_t> arguments[5]; ///< as the function orders them
  std::vector<size_t> order;         ///< which of them is which argument
  std::vector<float> hidden;
};

} // namespace terrazzo::encode
