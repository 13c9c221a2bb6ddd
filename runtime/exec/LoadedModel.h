// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is run: a variant of a package and its programs, on a weights' file,
// with room for so many rows in each cache. It knows functions and sizes, and
// nothing of what they compute.
#pragma once

#include "device/Device.h"
#include "formats/ModelFile.h"
#include "machine/Limits.h"
#include "package/Package.h"
#include "package/PackageFit.h"

#include <functional>
#include <memory>
#include <span>

namespace terrazzo::exec {

/// Kernels may read a vector beyond the last row of a state or of an arena.
inline constexpr uint64_t readBeyond = 4096;

struct ExecutionOptions {
  /// Rows of caches without a number of their own; 0: the smaller of the
  /// model's own context and 4096.
  uint32_t contextSize = 0;
  machine::ThreadWish threads;
  std::string target;      ///< a variant by its target string; empty: the best
  std::string cacheFolder; ///< of packed weights; empty: none is used
  bool pinCaller = false;  ///< see Team
  std::shared_ptr<Device> device;                ///< null: the CPU's team
  std::function<void(const std::string &)> note; ///< what a user should know
};

/// Where a package's weights lie: in the model's file, in a caller's memory, or
/// nowhere, as there are none.
struct WeightSource {
  WeightSource() = default;
  WeightSource(std::shared_ptr<const formats::ModelFile> file)
      : file(std::move(file)) {}
  WeightSource(std::unique_ptr<formats::ModelFile> file)
      : file(std::move(file)) {}

  std::shared_ptr<const formats::ModelFile> file;
  std::vector<CallerWeight> inMemory;
};

/// Outlives the executors made of it.
struct LoadedModel {
  /// Chooses the variant, with the reason why not.
  static Expected<std::unique_ptr<LoadedModel>>
  create(PackageFile package, WeightSource weights,
         const ExecutionOptions &options);

  const package::Package &root() const { return file.root(); }
  /// A function by its name; null when there is none.
  const package::Function *function(std::string_view name) const;
  /// Indices into `programs` of those that compute `function`, smallest first.
  std::vector<uint32_t> programsOf(std::string_view function) const;

  /// Of such indices the first whose program takes the sizes; the last when
  /// none does.
  uint32_t smallest(const std::vector<uint32_t> &among,
                    std::span<const uint64_t> sizes) const;

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
  std::shared_ptr<const formats::ModelFile> weights; ///< null: in memory
  std::vector<const uint8_t *> callerWeights; ///< of each, where in memory
  const package::Variant *variant = nullptr;
  const package::Program *prepare = nullptr;      ///< null: nothing is packed
  std::vector<const package::Program *> programs; ///< all others
  uint32_t context = 0;
  /// Of the content of `weights`, where something is kept under it.
  std::string weightsHash;
  /// Where each weight lies, `fileBytes` being the file's first byte.
  std::vector<const uint8_t *> weightPlaces(const uint8_t *fileBytes) const;
  /// Whether the file still lies where it was opened, unchanged: what was read
  /// from its path since belongs to the hash.
  bool weightsAreThoseOpened() const;
  /// TZ0603 when they are not.
  Status checkWeightsPath() const;
  /// TZ0115 when the mapped file has become shorter.
  Status weightsIntact() const;
};

/// "the model does not fit into memory", with the numbers; `further` names what
/// is needed besides ("" or ", ... 12 MB").
Error doesNotFit(const LoadedModel &model, uint64_t weightBytes,
                 const machine::MemoryBound &bound,
                 const std::string &further = {});

/// "12 MB", for a person.
std::string megabytes(uint64_t bytes);

} // namespace terrazzo::exec
