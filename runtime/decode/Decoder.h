// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of a language model, known by name, and one chunk of tokens
// through them:
//
//   trunk(tokens: i32[T], position: i32[]) -> hidden: f32[T, H]   caches:
//   states head(hidden: f32[R, H]) -> logits: f32[R, V]
//
// `position` is that of the first token. The smallest program that fits runs. A
// chunk whose last row is asked for goes through both at once.
#pragma once

#include "exec/Executor.h"
#include "package/Extents.h"

#include <array>

namespace terrazzo::decode {

class Decoder {
public:
  /// `model` outlives it. TZ0708 for a package without such functions; the
  /// first of them may have another name.
  static Expected<std::unique_ptr<Decoder>>
  open(const exec::LoadedModel &model, const exec::ExecutionOptions &options,
       const char *trunk = "trunk");

  uint32_t vocabulary() const { return columns; }
  uint32_t hiddenSize() const { return width; }
  /// Tokens of the largest trunk and rows of the largest head.
  uint32_t largestChunk() const { return sizeOf(trunks.back()); }
  uint32_t largestHead() const { return sizeOf(heads.back()); }

  /// Runs `chunk`, whose first token is at `position`. With `logits`, those of
  /// its last row are written there.
  Status runTrunk(std::span<const int32_t> chunk, uint32_t position,
                  float *logits);
  /// Logits of rows of the last chunk, at most largestHead().
  Status runHead(uint32_t firstRow, uint32_t rows, float *logits);
  /// The first rows of the last chunk; null when they cannot be had.
  const float *hidden(uint32_t rows);

  exec::Executor &executor() { return *runs; }
  const exec::Executor &executor() const { return *runs; }

private:
  explicit Decoder(const exec::LoadedModel &model) : model(model) {}
  /// Empty, or why the functions are none of a language model.
  std::string findRoles(const std::string &trunk);
  Status allocate(const exec::ExecutionOptions &options);

  uint32_t sizeOf(uint32_t program) const {
    return model.programs[program]->max_sizes()->Get(0);
  }
  /// A run of the smallest program that takes so many rows; the extents stay
  /// until the next of the same function.
  exec::Invocation invocation(const std::vector<uint32_t> &programs,
                              uint64_t rows, package::Extents &extents,
                              std::span<const exec::Place> arguments,
                              std::span<const exec::Place> results) const;
  uint64_t rowBytes() const { return width * sizeof(float); }
  uint64_t logitsRowBytes() const { return columns * sizeof(float); }
  exec::Place placeFor(float *logits) const;
  Status fetch(float *logits, exec::Place from, uint32_t rows);

  const exec::LoadedModel &model;
  std::unique_ptr<exec::Executor> runs;
  std::vector<uint32_t> trunks, heads; ///< program numbers, smallest first
  package::Extents trunkExtents, headExtents;
  uint32_t width = 0, columns = 0;
  size_t tokensNumber = 0;     ///< among the trunk's two arguments
  std::vector<uint8_t> inputs; ///< position and tokens as they are written
  exec::Place inputsPlace, hiddenPlace, stagingPlace, logitsPlace;
  std::array<exec::Place, 2> trunkArguments;
  std::vector<float> hiddenRows;
  bool hiddenFetched = false;
};

} // namespace terrazzo::decode
