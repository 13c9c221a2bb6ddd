// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Limits.h"
#include "package/Package.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace terrazzo::exec {

namespace {

Error openError(const std::string &path, int number) {
  Error error;
  error.code = "TZ0703";
  error.exit = ExitCode::Failure;
  error.what = "the package cannot be opened";
  error.where = path;
  error.why = strerror(number);
  error.help = "check the path and its rights";
  return error;
}

Error malformed(const std::string &path, std::string why) {
  Error error;
  error.code = "TZ0704";
  error.exit = ExitCode::PackageIncompatible;
  error.what = "not a usable package";
  error.where = path;
  error.why = std::move(why);
  error.help = "make it again with `terrazzo compile`";
  return error;
}

} // namespace

PackageFile::PackageFile(PackageFile &&other) noexcept {
  *this = std::move(other);
}

PackageFile &PackageFile::operator=(PackageFile &&other) noexcept {
  if (this == &other)
    return *this;
  release();
  name = std::move(other.name);
  file = std::exchange(other.file, -1);
  bytes = std::exchange(other.bytes, nullptr);
  mappedBytes = std::exchange(other.mappedBytes, 0);
  codeStart = other.codeStart;
  table = std::exchange(other.table, nullptr);
  return *this;
}

PackageFile::~PackageFile() { release(); }

void PackageFile::release() {
  if (bytes)
    ::munmap(const_cast<uint8_t *>(bytes), mappedBytes);
  if (file >= 0)
    ::close(file);
  bytes = nullptr;
  file = -1;
}

void PackageFile::releasePages() const {
  if (bytes)
    ::madvise(const_cast<uint8_t *>(bytes), mappedBytes, MADV_DONTNEED);
}

Expected<PackageFile> PackageFile::open(const std::string &path) {
  PackageFile opened;
  opened.name = path;
  opened.file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened.file < 0)
    return openError(path, errno);
  struct stat facts;
  if (::fstat(opened.file, &facts) != 0)
    return openError(path, errno);
  if (!S_ISREG(facts.st_mode))
    return malformed(path, "it is not a regular file");
  uint64_t size = uint64_t(facts.st_size);
  constexpr uint64_t smallest = 16;
  if (size < smallest)
    return malformed(path, "it is only " + std::to_string(size) + " bytes");
  void *map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.file, 0);
  if (map == MAP_FAILED)
    return errno == ENOMEM ? machine::noRoomToMap(path, size)
                           : openError(path, errno);
  opened.bytes = static_cast<const uint8_t *>(map);
  opened.mappedBytes = size;

  if (!flatbuffers::BufferHasIdentifier(opened.bytes,
                                        package::PackageIdentifier(), true))
    return malformed(path, size >= 4 && memcmp(opened.bytes, "GGUF", 4) == 0
                               ? "it is a model; a package is made from one"
                               : "it does not begin as a package does");
  uint32_t prefix;
  memcpy(&prefix, opened.bytes, sizeof(prefix));
  uint64_t rootBytes = uint64_t(prefix) + sizeof(prefix);
  if (rootBytes > size)
    return malformed(path, "it is cut short: " + std::to_string(size) + " of " +
                               std::to_string(rootBytes) +
                               " bytes and the code are there");
  // The defaults refuse packages of many launches.
  constexpr unsigned deepest = 16, mostTables = 1u << 24;
  flatbuffers::Verifier verifier(opened.bytes, rootBytes, deepest, mostTables);
  if (!package::VerifySizePrefixedPackageBuffer(verifier))
    return malformed(path, "its tables are damaged");
  opened.table = package::GetSizePrefixedPackage(opened.bytes);
  opened.codeStart = wholePages(rootBytes);
  uint64_t codeBytes = size > opened.codeStart ? size - opened.codeStart : 0;
  if (Status status = checkPackage(*opened.table, codeBytes, path); !status)
    return status.takeError();
  return opened;
}

} // namespace terrazzo::exec
