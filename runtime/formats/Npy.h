// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays as .npy files, NumPy's own format: a header that is a Python literal,
// and the elements.
#pragma once

#include "formats/MappedFile.h"
#include "support/Error.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terrazzo::formats {

/// A file that is mapped. Versions 1 to 3, C order, one of NumPy's types by its
/// word ("<f4"). Errors: TZ0101, TZ0116 (what in it is wrong).
struct NpyFile {
  static Expected<NpyFile> open(const std::string &path);

  std::string type;
  std::vector<uint64_t> shape;
  const uint8_t *data = nullptr;
  uint64_t bytes = 0;
  std::unique_ptr<MappedFile> file;
};

/// A file that is written piece by piece, in order; the number of elements is
/// the caller's affair. Errors: TZ0712.
class NpyWriter {
public:
  NpyWriter() = default;
  NpyWriter(const NpyWriter &) = delete;
  NpyWriter &operator=(const NpyWriter &) = delete;
  ~NpyWriter();

  Status open(const std::string &path, const std::string &type,
              std::span<const uint64_t> shape);
  Status write(const void *elements, uint64_t bytes);
  Status close();

private:
  Status writeBytes(const char *bytes, uint64_t count);
  Error failure(int number) const;

  std::string name;
  int file = -1;
};

} // namespace terrazzo::formats
