// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writer of float32 matrices as NumPy files, format version 1.0
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
// Rows are written as they come.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <string>

namespace terrazzo::exec {

class NpyWriter {
public:
  NpyWriter() = default;
  NpyWriter(const NpyWriter &) = delete;
  NpyWriter &operator=(const NpyWriter &) = delete;
  ~NpyWriter();

  Status open(const std::string &path, uint64_t rows, uint64_t columns);
  Status write(const float *values, uint64_t count);
  /// Errors that the system reports late; nothing to do when never opened.
  Status close();

private:
  Status writeBytes(const char *bytes, uint64_t count);
  Error failure(int number) const;

  std::string name;
  int file = -1;
};

} // namespace terrazzo::exec
