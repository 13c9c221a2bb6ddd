// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A session: one model, one context, one team of workers. Opening it chooses
// the variant, loads code, fetches or packs weights and resolves every binding;
// after that a call allocates nothing.
//
//   auto session = Session::open(package, weights, {.contextSize = 4096});
//   (*session)->step(prompt, logits);       // logits of the last token only
//   (*session)->step({&token, 1}, logits);  // one more
//
// Tokens are appended at position(). The smallest program that fits runs;
// prompts are cut into chunks of the largest. Not thread-safe.
#pragma once

#include "exec/BoundProgram.h"
#include "exec/Memory.h"
#include "formats/Gguf.h"

#include <functional>
#include <memory>
#include <span>

namespace terrazzo::exec {

struct SessionOptions {
  uint32_t contextSize = 0; ///< 0: the smaller of the model's own and 4096
  unsigned threads = 0;     ///< 0: the processors this process may use
  std::string target;       ///< a variant by its target string; empty: the best
  std::string cacheFolder;  ///< of packed weights; empty: none is used
  bool pinCaller = false;   ///< see Team
  std::function<void(const std::string &)> note; ///< what a user should know
};

/// A program's commands with their times, for `explain`.
struct ProgramTimes {
  const package::Program *program;
  std::vector<CommandTime> times;
};

class Session {
public:
  /// `weights` is the model's file that the package was made from; it is
  /// compared with the package's weight table.
  static Expected<std::unique_ptr<Session>>
  open(PackageFile package, std::shared_ptr<const formats::GgufFile> weights,
       const SessionOptions &options);
  ~Session();

  /// Appends tokens; any number that fits the context. With `logits`, the
  /// logits of the last token are written there (vocabulary() values).
  Status step(std::span<const int32_t> tokens, float *logits = nullptr);

  /// Logits of `rows` tokens of the last chunk, from `firstRow` on. A chunk is
  /// the last largestChunk() tokens of a step at most.
  Status logits(uint32_t firstRow, uint32_t rows, float *logits);

  /// Hidden rows of the last chunk (before the final norm), row by row.
  const float *hidden() const;

  uint32_t position() const { return next; }
  /// Forgets everything from `position` on.
  void rewind(uint32_t position) {
    if (position < next)
      next = position;
  }
  void reset() { rewind(0); }

  uint32_t contextSize() const { return context; }
  uint32_t vocabulary() const;
  uint32_t hiddenSize() const;
  /// Tokens of the largest trunk and rows of the largest head.
  uint32_t largestChunk() const { return trunks.back().maxTokens(); }
  uint32_t largestHead() const { return heads.back().maxTokens(); }
  unsigned threads() const { return team->size(); }
  const package::Package &package() const { return file.root(); }
  const package::Variant &variant() const { return *chosen; }

  /// From now on each command is timed, at the price of a barrier behind each.
  void enableTiming();
  std::vector<ProgramTimes> times() const;

private:
  friend class SessionBuilder;
  Session() = default;

  struct Run; // what the workers are given
  BoundProgram &smallest(std::vector<BoundProgram> &programs, uint64_t tokens);
  void runTrunk(std::span<const int32_t> chunk, float *logits);
  void runHead(BoundProgram &head, uint32_t firstRow, uint32_t rows,
               float *logits);
  void enter(const Run &run);

  PackageFile file = PackageFile::none();
  std::shared_ptr<const formats::GgufFile> weights;
  PrivateFile weightBytes;
  const package::Variant *chosen = nullptr;
  CodeImage image;
  std::unique_ptr<Team> team;
  Block packed, states, working, logitsRoom;
  Buffers buffers;
  std::vector<BoundProgram> trunks, heads; ///< smallest first
  std::vector<std::vector<CommandTime>> trunkTimes, headTimes;
  uint32_t context = 0;
  uint32_t next = 0;
  uint32_t lastChunk = 0;
  float *headStaging = nullptr; ///< aligned rows for a head
};

/// The variant of `package` that this machine runs best, or the one of that
/// target string.
Expected<const package::Variant *> chooseVariant(const PackageFile &package,
                                                 const std::string &target);

/// Whether `weights` is the file that the package was made from.
Status matchWeights(const PackageFile &package,
                    const formats::GgufFile &weights);

} // namespace terrazzo::exec
