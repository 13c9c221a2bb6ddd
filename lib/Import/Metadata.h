// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Typed reading of a model's settings. Keys are given without the
// architecture's prefix. A missing or absurd value is recorded and replaced by
// a harmless one, so that an architecture reads all its settings in one go and
// the user sees every fault at once.
#pragma once

#include "formats/Gguf.h"
#include "support/Error.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include <optional>
#include <string>
#include <vector>

namespace terrazzo {

class Metadata {
public:
  Metadata(const formats::GgufFile &file, llvm::StringRef path,
           llvm::StringRef architecture)
      : file(file), path(path.str()), architecture(architecture.str()) {}

  /// A positive whole number; absent: `otherwise`, or a fault without one.
  int64_t count(llvm::StringRef key,
                std::optional<int64_t> otherwise = std::nullopt);
  /// The number of layers, each of which must have tensors in the file.
  int64_t layers();
  /// A finite real number, not negative; absent: `otherwise`, or a fault.
  double real(llvm::StringRef key,
              std::optional<double> otherwise = std::nullopt);
  /// A string; absent: `otherwise`.
  std::string text(llvm::StringRef key, llvm::StringRef otherwise);
  /// Number of entries of the tokenizer's list of tokens, or 0.
  int64_t tokens() const;

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
  template <typename T>
  T missing(llvm::StringRef key, std::optional<T> otherwise);

  const formats::GgufFile &file;
  std::string path, architecture;
  std::vector<std::string> faults;
};

} // namespace terrazzo
