// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages (.tzp) as files: the writer that the compiler uses, and the reader.
//
//   PackageT package = ...;                          // filled by the compiler
//   writePackage(package, {{code of variant 0's segments...}}, "m.tzp");
//
//   auto file = PackageFile::open("m.tzp");          // maps and checks it
//   (*file).root().variants()->Get(0)->programs();
//
// The reader believes nothing: every table passes the FlatBuffers verifier,
// then every index, offset, size, count and segment is checked, so whoever
// walks an opened package needs no checks of its own. The code inside is
// trusted as an executable is.
#pragma once

#include "package/Package_generated.h"
#include "support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace terrazzo::exec {

using package::PackageT;

constexpr uint32_t packageFormatVersion = 5;
/// A kernel is brought at most as many sizes.
constexpr uint32_t mostKernelSizes = 16;
/// Segments are aligned to this in the file and in memory.
constexpr uint64_t packagePageBytes = 4096;
/// `bytes` and what is left of their last page.
constexpr uint64_t wholePages(uint64_t bytes) {
  return (bytes + packagePageBytes - 1) / packagePageBytes * packagePageBytes;
}

/// Code bytes of each segment of each variant, in the order of the package's
/// variants and their segments; those of a host part follow its variant's.
using PackageCode = std::vector<std::vector<std::string>>;

/// The package as bytes. Fills in each segment's offset and file_bytes from
/// `code` (and memory_bytes where it is 0); the rest of `package` stands as it
/// is. The same input gives the same bytes.
Expected<std::string> serializePackage(PackageT &package,
                                       const PackageCode &code);

/// Writes the package under a temporary name beside `path`, and renames it when
/// it is complete and on its way to disk.
Status writePackage(const std::string &bytes, const std::string &path);
Status writePackage(PackageT &package, const PackageCode &code,
                    const std::string &path);

/// Checks everything that the FlatBuffers verifier cannot know; `codeBytes` is
/// what follows the root in the file.
Status checkPackage(const package::Package &package, uint64_t codeBytes,
                    const std::string &path);
/// The same of a whole package, whose tables are known to be sound.
Status checkPackage(const std::string &bytes, const std::string &path);

/// An opened, checked package. Move-only; keeps the file mapped.
class PackageFile {
public:
  static Expected<PackageFile> open(const std::string &path);
  /// No package; may only be assigned to.
  static PackageFile none() { return {}; }
  PackageFile(PackageFile &&other) noexcept;
  PackageFile &operator=(PackageFile &&other) noexcept;
  ~PackageFile();

  const package::Package &root() const { return *table; }
  /// What errors name.
  const std::string &path() const { return name; }
  /// A package that was made for a model is no file that its user knows.
  void nameAfter(const std::string &model) { name = model; }
  /// Open for reading as long as this object lives; segments are mapped from
  /// it.
  int descriptor() const { return file; }
  /// Offset in the file where the code begins.
  uint64_t codeOffset() const { return codeStart; }
  /// The bytes of a segment of this package, mapped.
  const uint8_t *segmentBytes(const package::Segment &segment) const {
    return bytes + codeStart + segment.offset();
  }
  uint64_t fileBytes() const { return mappedBytes; }
  /// Gives the resident pages back; they are read again when touched.
  void releasePages() const;

private:
  PackageFile() = default;
  void release();

  std::string name;
  int file = -1;
  const uint8_t *bytes = nullptr;
  uint64_t mappedBytes = 0;
  uint64_t codeStart = 0;
  const package::Package *table = nullptr;
};

} // namespace terrazzo::exec
