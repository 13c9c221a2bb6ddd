// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/BuildId.h"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace terrazzo::exec {

namespace {

std::string hexOf(const uint8_t *bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

template <typename T>
bool readInto(int file, T *to, size_t bytes, uint64_t at) {
  return ::pread(file, to, bytes, off_t(at)) == ssize_t(bytes);
}

/// The build id among the notes of one segment; empty when there is none.
std::string buildIdAmong(const std::vector<uint8_t> &notes) {
  auto rounded = [](uint64_t bytes) { return (bytes + 3) / 4 * 4; };
  uint64_t at = 0;
  while (notes.size() - at >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    memcpy(&header, notes.data() + at, sizeof(header));
    uint64_t name = at + sizeof(header);
    uint64_t content = name + rounded(header.n_namesz);
    uint64_t end = content + rounded(header.n_descsz);
    if (content > notes.size() || header.n_descsz > notes.size() - content)
      return {};
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        memcmp(notes.data() + name, "GNU", 4) == 0)
      return hexOf(notes.data() + content, header.n_descsz);
    if (end >= notes.size())
      return {};
    at = end;
  }
  return {};
}

std::string readBuildId(int file) {
  Elf64_Ehdr header;
  if (!readInto(file, &header, sizeof(header), 0) ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr))
    return {};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    if (!readInto(file, &part, sizeof(part), header.e_phoff + i * sizeof(part)))
      return {};
    constexpr uint64_t mostNotes = 1 << 16;
    if (part.p_type != PT_NOTE || part.p_filesz > mostNotes)
      continue;
    std::vector<uint8_t> notes(part.p_filesz);
    if (!readInto(file, notes.data(), notes.size(), part.p_offset))
      return {};
    if (std::string id = buildIdAmong(notes); !id.empty())
      return id;
  }
  return {};
}

} // namespace

std::string buildIdOf(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (file < 0)
    return {};
  std::string id = readBuildId(file);
  if (id.empty() && ::fstat(file, &facts) == 0)
    id = "size" + std::to_string(facts.st_size) + "changed" +
         std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
  ::close(file);
  return id;
}

} // namespace terrazzo::exec
