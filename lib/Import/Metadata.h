// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Typed reading of a model's settings. Keys are given without the
// architecture's prefix. A missing or absurd value is recorded and replaced by
// a harmless one, so that an architecture reads all its settings in one go and
// the user sees every fault at once.
//
// Whoever reads a key makes it known. A key of the architecture that is in the
// file and was neither read nor declared may change the model, so it is a fault
// as well: takeError() names it.
#pragma once

#include "formats/ModelFile.h"
#include "support/Error.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include <optional>
#include <string>
#include <vector>

namespace terrazzo {

/// Text from a file, fit for a terminal.
std::string escaped(llvm::StringRef raw);

class Metadata {
public:
  Metadata(const formats::ModelFile &file, llvm::StringRef path,
           llvm::StringRef architecture)
      : file(file), path(path.str()), architecture(architecture.str()) {}

  /// A positive whole number; absent: `otherwise`, or a fault without one. A
  /// list of numbers, one for each layer, counts as one when all are the same.
  int64_t count(llvm::StringRef key,
                std::optional<int64_t> otherwise = std::nullopt);
  /// The number of layers, each of which must have tensors in the file.
  int64_t layers();
  /// A finite real number, not negative; absent: `otherwise`, or a fault.
  double real(llvm::StringRef key,
              std::optional<double> otherwise = std::nullopt);
  /// A string; absent: `otherwise`.
  std::string text(llvm::StringRef key, llvm::StringRef otherwise);
  /// The same for a number that may be 0.
  int64_t countOrZero(llvm::StringRef key,
                      std::optional<int64_t> otherwise = std::nullopt);
  /// By how much positions are divided: `rope.scaling.factor`, or as old files
  /// have it `rope.scale_linear`. Without a type the factor is linear; 0 is
  /// none.
  double ropeFactor();
  /// Number of entries of the tokenizer's list of tokens, or 0.
  int64_t tokens() const;

  /// These keys change no result here, whatever they hold.
  void withoutEffect(llvm::ArrayRef<llvm::StringRef> keys);
  /// What the key asks for is not supported, unless its number (or bool) is
  /// `neutral`, or one of the others that mean the same.
  void supportsOnly(llvm::StringRef key, double neutral,
                    llvm::ArrayRef<double> others = {});
  /// Records each key of the architecture that nobody has asked for so far.
  void refuseUnknown();

  /// Records that the model asks for something we do not do.
  void refuse(llvm::StringRef key, const llvm::Twine &reason);
  /// Demands a relation between settings, once they are known to be sound.
  void require(bool holds, const llvm::Twine &reason);

  bool ok() const { return faults.empty(); }
  /// All that was recorded, as one error.
  Error takeError();

private:
  std::string full(llvm::StringRef key) const {
    return architecture + "." + key.str();
  }
  /// The key's value, or null; from now on the key is known.
  const formats::GgufValue *find(llvm::StringRef key);
  template <typename T>
  T missing(llvm::StringRef key, std::optional<T> otherwise);

  const formats::ModelFile &file;
  std::string path, architecture;
  std::vector<std::string> faults;
  llvm::StringSet<> known;
  bool unknownKeys = false;
};

} // namespace terrazzo
