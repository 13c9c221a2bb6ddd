// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Memory.h"
#include "formats/FaultGuard.h"
#include "machine/Limits.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace terrazzo::exec {

namespace {

constexpr uint64_t hugePage = uint64_t(2) << 20;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

} // namespace

Expected<Block> Block::allocate(uint64_t bytes, const char *purpose,
                                bool wantsHuge) {
  Block block;
  if (bytes == 0)
    return block;
  bool huge = wantsHuge && bytes >= hugePage;
  uint64_t wanted = roundUp(bytes, 4096);
  uint64_t mapped = huge ? wanted + hugePage : wanted;
  void *map = MAP_FAILED;
  errno = ENOMEM;
  if (mapped >= bytes)
    map = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) {
    Error error;
    error.code = "TZ0601";
    error.exit = ExitCode::OutOfMemory;
    error.what = std::string("no memory for ") + purpose;
    error.why = std::to_string(bytes >> 20) + " MiB: " + strerror(errno);
    error.help = "smaller sizes, or a smaller --ctx-size, need less";
    return error;
  }
  block.mapping = map;
  block.mappingBytes = mapped;
  block.bytes = bytes;
  uintptr_t address = reinterpret_cast<uintptr_t>(map);
  if (huge)
    address = roundUp(address, hugePage);
  block.start = reinterpret_cast<uint8_t *>(address);
  // Only advice: without huge pages everything works, more slowly.
  if (huge)
    ::madvise(block.start, wanted, MADV_HUGEPAGE);
  return block;
}

Block &Block::operator=(Block &&other) noexcept {
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
  std::swap(mapping, other.mapping);
  std::swap(mappingBytes, other.mappingBytes);
  return *this;
}

Block::~Block() {
  if (mapping)
    ::munmap(mapping, mappingBytes);
}

/// Puts one of the files in its place.
static Status mapPrivately(uint8_t *room, const formats::FilePart &part) {
  Error error;
  error.code = "TZ0603";
  error.what = "the model's file cannot be read";
  error.where = part.path;
  int file = part.memory < 0 ? ::open(part.path.c_str(), O_RDONLY | O_CLOEXEC)
                             : ::fcntl(part.memory, F_DUPFD_CLOEXEC, 0);
  struct stat facts;
  if (file < 0 || ::fstat(file, &facts) != 0 ||
      uint64_t(facts.st_size) != part.bytes) {
    error.why = file < 0 ? strerror(errno) : "it has changed meanwhile";
    if (file >= 0)
      ::close(file);
    return error;
  }
  void *map = ::mmap(room + part.offset, part.bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, file, 0);
  int number = errno;
  ::close(file);
  if (map == MAP_FAILED && number == ENOMEM)
    return machine::noRoomToMap(part.path, part.bytes);
  error.why = strerror(number);
  return map == MAP_FAILED ? Status(error) : Status();
}

Expected<PrivateFile> PrivateFile::open(const formats::ModelFile &model) {
  uint64_t bytes = model.fileBytes();
  void *room = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    return machine::noRoomToMap(model.path(), bytes);
  PrivateFile mapped;
  mapped.start = static_cast<uint8_t *>(room);
  mapped.bytes = bytes;
  for (const formats::FilePart &part : model.parts())
    if (Status status = mapPrivately(mapped.start, part); part.bytes && !status)
      return status.takeError();
  mapped.slot = formats::registerFaultRange(room, bytes, model.path().c_str());
  return mapped;
}

PrivateFile &PrivateFile::operator=(PrivateFile &&other) noexcept {
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
  std::swap(slot, other.slot);
  return *this;
}

PrivateFile::~PrivateFile() {
  formats::unregisterFaultRange(slot);
  if (start)
    ::munmap(start, bytes);
}

void PrivateFile::releasePages() const {
  if (start)
    ::madvise(start, bytes, MADV_DONTNEED);
}

} // namespace terrazzo::exec
