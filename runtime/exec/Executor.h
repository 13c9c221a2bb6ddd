// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs a session's programs: the CPU's team (TeamExecutor.h), or a device
// behind the table of terrazzo-c/device.h (DeviceExecutor.h). The session knows
// tokens, chunks and which program fits; an executor knows memory and code.
#pragma once

#include "exec/Command.h"
#include "exec/Device.h"
#include "formats/Gguf.h"
#include "machine/Limits.h"

#include <functional>
#include <memory>
#include <span>

namespace terrazzo::exec {

/// Kernels may read a vector beyond the last row of a state or of an arena.
inline constexpr uint64_t readBeyond = 4096;

struct SessionOptions {
  uint32_t contextSize = 0; ///< 0: the smaller of the model's own and 4096
  machine::ThreadWish threads;
  std::string target;      ///< a variant by its target string; empty: the best
  std::string cacheFolder; ///< of packed weights; empty: none is used
  bool pinCaller = false;  ///< see Team
  std::shared_ptr<Device> device;                ///< null: the CPU's team
  std::function<void(const std::string &)> note; ///< what a user should know
};

/// What is run: a variant and its programs, on the weights' file, with room for
/// so many tokens. Outlives the executor.
struct SessionModel {
  /// Chooses the variant and sorts its programs, with the reason why not.
  static Expected<std::unique_ptr<SessionModel>>
  create(PackageFile package, std::shared_ptr<const formats::GgufFile> weights,
         const SessionOptions &options);

  const package::Package &root() const { return file.root(); }
  uint32_t vocabulary() const { return root().manifest()->vocabulary(); }
  uint32_t hiddenSize() const { return root().manifest()->hidden_size(); }
  uint64_t hiddenRowBytes() const { return hiddenSize() * sizeof(float); }
  uint64_t logitsRowBytes() const { return vocabulary() * sizeof(float); }
  /// Of one state, with its rows rounded up.
  uint64_t stateBytes(const package::State &state) const;
  /// Of all of them; absurd sums end at a bound far beyond any memory.
  uint64_t statesBytes() const;
  /// The largest arena of any program, and the most scratch of any kernel.
  uint64_t arenaBytes() const;
  uint64_t scratchBytes() const;
  /// The largest arena beside the device.
  uint64_t hostArenaBytes() const;
  /// Pages of the model's and the package's files that opening has read need
  /// not stay resident.
  void releaseFilePages() const;

  PackageFile file = PackageFile::none();
  std::shared_ptr<const formats::GgufFile> weights;
  const package::Variant *variant = nullptr;
  const package::Program *prepare = nullptr; ///< null: nothing is packed
  std::vector<const package::Program *> trunks, heads; ///< smallest first
  uint32_t context = 0;
  /// Of the content of `weights`, where something is kept under it.
  std::string weightsHash;
  /// Whether the file still lies where it was opened, unchanged: what was read
  /// from its path since belongs to the hash.
  bool weightsAreThoseOpened() const;
  /// TZ0603 when they are not.
  Status checkWeightsPath() const;
};

/// "the model does not fit into memory", with the numbers; `further` names what
/// is needed besides ("" or ", ... 12 MB").
Error doesNotFit(const SessionModel &model, uint64_t weightBytes,
                 const machine::MemoryBound &bound,
                 const std::string &further = {});

/// "12 MB", for a person.
std::string megabytes(uint64_t bytes);

class Executor {
public:
  virtual ~Executor() = default;

  /// Runs a trunk on `chunk`, whose first token is at `position`. With
  /// `logits`, the smallest head on its last row as well.
  virtual Status runTrunk(size_t trunk, std::span<const int32_t> chunk,
                          uint32_t position, float *logits) = 0;
  /// Runs a head on hidden rows of the last chunk.
  virtual Status runHead(size_t head, uint32_t firstRow, uint32_t rows,
                         float *logits) = 0;
  /// The last chunk's hidden rows; null when they cannot be had.
  virtual const float *hidden(uint32_t rows) = 0;
  /// Copies the bytes of a state, as many as stateBytes().
  virtual Status readState(uint32_t state, uint8_t *target) = 0;
  /// Threads of the CPU that compute; 0 when a device does all.
  virtual unsigned threads() const = 0;

  /// From now on each command is timed.
  void enableTiming(const SessionModel &model);
  /// Of each program's commands; empty without timing.
  std::vector<std::vector<CommandTime>> trunkTimes, headTimes;

protected:
  CommandTime *timesOf(std::vector<std::vector<CommandTime>> &all,
                       size_t program) {
    return all.empty() ? nullptr : all[program].data();
  }
};

} // namespace terrazzo::exec
