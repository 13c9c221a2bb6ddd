// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A session: one model, one context, one place to run. Opening it chooses the
// variant, loads code, fetches or packs weights and resolves every binding;
// after that a call allocates nothing.
//
//   auto session = Session::open(package, weights, {.contextSize = 4096});
//   (*session)->step(prompt, logits);       // logits of the last token only
//   (*session)->step({&token, 1}, logits);  // one more
//
// Tokens are appended at position(). The smallest program that fits runs;
// prompts are cut into chunks of the largest. Not thread-safe.
//
// Logits are finite, or the call ends with TZ0805 and says where it began.
//
// With ExecutionOptions::device the programs run there. A step without logits
// may then return before it is done; an error that ends it is told by the next
// call.
#pragma once

#include "decode/Decoder.h"

namespace terrazzo::decode {

/// A program's commands with their times, for `explain`.
struct ProgramTimes {
  const package::Program *program;
  std::vector<exec::CommandTime> times;
};

class Session {
public:
  /// `weights` is the model's file that the package was made from; it is
  /// compared with the package's weight table.
  static Expected<std::unique_ptr<Session>>
  open(exec::PackageFile package,
       std::shared_ptr<const formats::ModelFile> weights,
       const exec::ExecutionOptions &options);
  ~Session();

  /// Appends tokens; any number that fits the context. With `logits`, the
  /// logits of the last token are written there (vocabulary() values).
  Status step(std::span<const int32_t> tokens, float *logits = nullptr);

  /// Logits of `rows` tokens of the last chunk, from `firstRow` on. A chunk is
  /// the last largestChunk() tokens of a step at most.
  Status logits(uint32_t firstRow, uint32_t rows, float *logits);

  /// Hidden rows of the last chunk (before the final norm), row by row; valid
  /// until the next step. Null when a device cannot give them.
  const float *hidden() const;

  uint32_t position() const { return next; }
  /// Forgets everything from `position` on.
  void rewind(uint32_t position) {
    if (position < next)
      next = position;
  }
  void reset() { rewind(0); }

  uint32_t contextSize() const { return model->context; }
  uint32_t vocabulary() const { return decoder->vocabulary(); }
  uint32_t hiddenSize() const { return decoder->hiddenSize(); }
  /// Tokens of the largest trunk and rows of the largest head.
  uint32_t largestChunk() const { return decoder->largestChunk(); }
  uint32_t largestHead() const { return decoder->largestHead(); }
  /// Threads of the CPU that compute; 0 on a device.
  unsigned threads() const { return decoder->executor().threads(); }
  /// Where it runs; null: on the CPU's team.
  exec::Device *device() const { return place.get(); }
  const package::Package &package() const { return model->root(); }
  const package::Variant &variant() const { return *model->variant; }

  /// From now on each command is timed, at the price of waiting for each.
  void enableTiming() { decoder->executor().enableTiming(*model); }
  std::vector<ProgramTimes> times() const;

private:
  Session() = default;
  Status checkLogits(uint32_t rows, const float *logits);

  std::shared_ptr<exec::Device> place;
  std::unique_ptr<exec::LoadedModel> model;
  std::unique_ptr<Decoder> decoder;
  uint32_t next = 0;
  uint32_t lastChunk = 0;
};

} // namespace terrazzo::decode
