// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bytes of the caller as a file without a name, for what reads files.
#pragma once

#include "support/Error.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace terrazzo::interface {

class MemoryFile {
public:
  static Expected<MemoryFile> make(const void *bytes, size_t size) {
    MemoryFile file;
    file.descriptor = ::memfd_create("terrazzo", MFD_CLOEXEC);
    const auto *at = static_cast<const char *>(bytes);
    while (file.descriptor >= 0 && size > 0) {
      ssize_t written = ::write(file.descriptor, at, size);
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        break;
      at += written;
      size -= size_t(written);
    }
    if (file.descriptor >= 0 && size == 0)
      return file;
    return Error{ExitCode::Failure,
                 "TZ0703",
                 "the package cannot be opened",
                 "in memory",
                 strerror(errno),
                 "write it to a file and give its path"};
  }
  MemoryFile(MemoryFile &&other) noexcept
      : descriptor(std::exchange(other.descriptor, -1)) {}
  MemoryFile &operator=(MemoryFile &&) = delete;
  ~MemoryFile() {
    if (descriptor >= 0)
      ::close(descriptor);
  }

  /// Opens as long as this object lives; what was opened outlives it.
  std::string path() const {
    return "/proc/self/fd/" + std::to_string(descriptor);
  }

private:
  MemoryFile() = default;
  int descriptor = -1;
};

} // namespace terrazzo::interface
