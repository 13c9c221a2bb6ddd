// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See MappedFile.h.
#include "formats/MappedFile.h"

#include "formats/FaultGuard.h"
#include "machine/Limits.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::formats {

static Error openError(const std::string &path, const std::string &why,
                       const std::string &help = "") {
  return {ExitCode::Failure, "TZ0101", "cannot read the file", path, why, help};
}

Expected<std::unique_ptr<MappedFile>>
MappedFile::open(const std::string &path) {
  // Without O_NONBLOCK a named pipe would wait for a writer forever.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return openError(path, std::strerror(errno),
                     errno == ENOENT ? "check the path given with -m" : "");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};

  struct stat info;
  if (::fstat(descriptor, &info) != 0)
    return openError(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return openError(path,
                     S_ISDIR(info.st_mode) ? "it is a folder"
                                           : "it is not a regular file",
                     "name the model file itself");

  std::unique_ptr<MappedFile> file(new MappedFile);
  file->filePath = path;
  file->bytes = size_t(info.st_size);
  if (file->bytes == 0)
    return file;
  void *mapped =
      ::mmap(nullptr, file->bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED)
    return errno == ENOMEM ? machine::noRoomToMap(path, file->bytes)
                           : openError(path, std::strerror(errno));
  file->base = static_cast<const uint8_t *>(mapped);
  file->slot = registerFaultRange(mapped, file->bytes, path.c_str());
  return file;
}

MappedFile::~MappedFile() {
  unregisterFaultRange(slot);
  if (base)
    ::munmap(const_cast<uint8_t *>(base), bytes);
}

bool MappedFile::intact() const { return !faultRangeHit(slot); }

} // namespace terrazzo::formats
