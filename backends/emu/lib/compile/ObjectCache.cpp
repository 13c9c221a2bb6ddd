// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/ObjectCache.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/xxhash.h>

#include <cstdlib>
#include <cstring>

namespace terrazzo::emu {

namespace {
/// Before the object's bytes. The key's second hash and the content's find
/// files that are damaged or of another key.
struct Header {
  char magic[8];
  uint64_t keyLow, keyHigh, content, bytes;
};
constexpr char magic[8] = {'T', 'Z', 'E', 'M', 'U', 'O', '0', '1'};
} // namespace

ObjectCache &ObjectCache::instance() {
  static ObjectCache cache;
  return cache;
}

/// Read each time: tests and drivers set the variables late.
std::string ObjectCache::folder() const {
  auto variable = [](const char *name) {
    const char *text = std::getenv(name);
    return std::string(text ? text : "");
  };
  if (variable("TERRAZZO_EMU_CACHE") == "0")
    return "";
  if (std::string named = variable("TERRAZZO_CACHE_DIR"); !named.empty())
    return named + "/emu";
  if (std::string named = variable("XDG_CACHE_HOME"); !named.empty())
    return named + "/terrazzo/emu";
  std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/terrazzo/emu";
}

std::string ObjectCache::path(const std::string &key) const {
  std::string base = folder();
  if (base.empty())
    return "";
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(key));
  return base + "/" + llvm::utohexstr(hash.high64, true, 16) +
         llvm::utohexstr(hash.low64, true, 16) + ".o";
}

std::unique_ptr<llvm::MemoryBuffer> ObjectCache::read(const std::string &key) {
  std::string name = path(key);
  if (name.empty())
    return nullptr;
  auto file = llvm::MemoryBuffer::getFile(name, false, false);
  if (!file || (*file)->getBufferSize() < sizeof(Header))
    return nullptr;
  Header header;
  std::memcpy(&header, (*file)->getBufferStart(), sizeof header);
  llvm::StringRef bytes = (*file)->getBuffer().drop_front(sizeof header);
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(key));
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 ||
      header.keyLow != hash.low64 || header.keyHigh != hash.high64 ||
      header.bytes != bytes.size() ||
      header.content != llvm::xxh3_64bits(bytes))
    return nullptr;
  return llvm::MemoryBuffer::getMemBufferCopy(bytes, "kernel.o");
}

void ObjectCache::write(const std::string &key, llvm::StringRef bytes) {
  std::string name = path(key);
  if (name.empty() ||
      llvm::sys::fs::create_directories(llvm::sys::path::parent_path(name)))
    return;
  int file = -1;
  llvm::SmallString<256> temporary;
  if (llvm::sys::fs::createUniqueFile(name + ".%%%%%%%%", file, temporary))
    return;
  Header header{};
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(key));
  std::memcpy(header.magic, magic, sizeof magic);
  header.keyLow = hash.low64;
  header.keyHigh = hash.high64;
  header.bytes = bytes.size();
  header.content = llvm::xxh3_64bits(bytes);
  bool good = false;
  {
    llvm::raw_fd_ostream stream(file, true);
    stream.write(reinterpret_cast<const char *>(&header), sizeof header);
    stream << bytes;
    stream.close();
    good = !stream.has_error();
    stream.clear_error();
  }
  if (!good || llvm::sys::fs::rename(temporary, name))
    llvm::sys::fs::remove(temporary);
}

} // namespace terrazzo::emu
