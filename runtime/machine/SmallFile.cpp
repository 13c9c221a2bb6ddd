// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/SmallFile.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace terrazzo::machine {

std::string readSmallFile(const std::string &path) {
  constexpr size_t most = size_t(256) << 10;
  std::string text;
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return text;
  char buffer[4096];
  while (text.size() < most) {
    ssize_t count = ::read(file, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    text.append(buffer, size_t(count));
  }
  ::close(file);
  return text;
}

} // namespace terrazzo::machine
