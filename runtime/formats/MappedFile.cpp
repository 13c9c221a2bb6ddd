// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See MappedFile.h.
#include "formats/MappedFile.h"

#include "formats/FaultGuard.h"
#include "machine/Limits.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::formats {

FileIdentity::FileIdentity(const struct stat &facts)
    : device(facts.st_dev), inode(facts.st_ino), bytes(uint64_t(facts.st_size)),
      modified{facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec},
      changed{facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec} {}

FileIdentity FileIdentity::of(const std::string &path) {
  struct stat facts;
  return ::stat(path.c_str(), &facts) == 0 ? FileIdentity(facts)
                                           : FileIdentity();
}

std::string FileIdentity::text() const {
  auto time = [](const int64_t (&value)[2]) {
    return std::to_string(value[0]) + "." + std::to_string(value[1]);
  };
  return std::to_string(device) + " " + std::to_string(inode) + " " +
         std::to_string(bytes) + " " + time(modified) + " " + time(changed);
}

bool FileIdentity::isYoung() const {
  constexpr int64_t youngSeconds = 2;
  int64_t now = ::time(nullptr);
  return modified[0] + youngSeconds > now || changed[0] + youngSeconds > now;
}

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
  file->origin = FileIdentity(info);
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
