// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/NpyWriter.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace terrazzo::exec {

NpyWriter::~NpyWriter() {
  if (file >= 0)
    ::close(file);
}

Error NpyWriter::failure(int number) const {
  Error error;
  error.code = "TZ0712";
  error.what = "the logits cannot be written";
  error.where = name;
  error.why = strerror(number);
  error.help = "check the path and the room on its disk";
  return error;
}

Status NpyWriter::open(const std::string &path, uint64_t rows,
                       uint64_t columns) {
  name = path;
  file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failure(errno);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", " + std::to_string(columns) +
                       "), }";
  constexpr size_t prefix = 10, alignment = 64;
  size_t size = (prefix + header.size() + alignment) / alignment * alignment;
  header.append(size - prefix - 1 - header.size(), ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += char(header.size() & 255);
  start += char(header.size() >> 8);
  start += header;
  return writeBytes(start.data(), start.size());
}

Status NpyWriter::write(const float *values, uint64_t count) {
  return writeBytes(reinterpret_cast<const char *>(values),
                    count * sizeof(float));
}

Status NpyWriter::writeBytes(const char *bytes, uint64_t count) {
  while (count > 0) {
    ssize_t written = ::write(file, bytes, count);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failure(errno);
    bytes += written;
    count -= uint64_t(written);
  }
  return {};
}

Status NpyWriter::close() {
  int closing = std::exchange(file, -1);
  if (closing >= 0 && ::close(closing) != 0)
    return failure(errno);
  return {};
}

} // namespace terrazzo::exec
