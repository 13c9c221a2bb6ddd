// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/CodeImage.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

Error loadError(const PackageFile &file, int number) {
  Error error;
  error.code = "TZ0706";
  error.exit =
      number == ENOMEM ? ExitCode::OutOfMemory : ExitCode::PackageIncompatible;
  error.what = "the package's code cannot be loaded";
  error.where = file.path();
  error.why = strerror(number);
  if (number == EPERM || number == EACCES)
    error.help = "this system allows a process no code of its own making; a "
                 "policy (SELinux, seccomp) must permit executable memory";
  else if (number == ENOMEM)
    error.help = "give the process more memory, or another limit of it";
  else
    error.help = "compile it again";
  return error;
}

/// Reads a segment that cannot be mapped in place: a system with larger pages,
/// or a file system that runs no programs.
bool readSegment(const PackageFile &file, const package::Segment &segment,
                 uint8_t *place, int protection) {
  uint64_t done = 0;
  uint64_t offset = file.codeOffset() + segment.offset();
  while (done < segment.file_bytes()) {
    ssize_t count = ::pread(file.descriptor(), place + done,
                            segment.file_bytes() - done, off_t(offset + done));
    if (count <= 0)
      return false;
    done += uint64_t(count);
  }
  return ::mprotect(place, wholePages(segment.file_bytes()), protection) == 0;
}

} // namespace

Expected<CodeImage> CodeImage::load(const PackageFile &file,
                                    const package::Variant &variant) {
  CodeImage image;
  const auto *segments = variant.segments();
  for (uint32_t i = 0; segments && i < segments->size(); ++i) {
    const package::Segment &segment = *segments->Get(i);
    image.bytes = segment.address() + wholePages(segment.memory_bytes());
  }
  if (image.bytes == 0)
    return image;
  void *room = ::mmap(nullptr, image.bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    return loadError(file, errno);
  image.base = static_cast<uint8_t *>(room);
  bool inPlace = uint64_t(::sysconf(_SC_PAGESIZE)) <= packagePageBytes;
  for (uint32_t i = 0; i < segments->size(); ++i) {
    const package::Segment &segment = *segments->Get(i);
    uint64_t pages = wholePages(segment.file_bytes());
    if (pages == 0)
      continue;
    uint8_t *place = image.base + segment.address();
    int protection = PROT_READ | (segment.executable() ? PROT_EXEC : 0);
    if (inPlace &&
        ::mmap(place, pages, protection, MAP_PRIVATE | MAP_FIXED,
               file.descriptor(),
               off_t(file.codeOffset() + segment.offset())) != MAP_FAILED)
      continue;
    if (::mmap(place, pages, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ||
        !readSegment(file, segment, place, protection))
      return loadError(file, errno);
  }
  return image;
}

CodeImage &CodeImage::operator=(CodeImage &&other) noexcept {
  std::swap(base, other.base);
  std::swap(bytes, other.bytes);
  return *this;
}

CodeImage::~CodeImage() {
  if (base)
    ::munmap(base, bytes);
}

} // namespace terrazzo::exec
