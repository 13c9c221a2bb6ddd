// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ObjectCache.h"
#include "BuildIds.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace terrazzo {

/// Before an object's bytes: a mark, and their hash.
static constexpr llvm::StringLiteral kMark = "TZOBJ1\n\n";
static constexpr size_t kHeaderBytes = 16;

ObjectCache::ObjectCache(StringRef folder) : folder(folder) {
  if (folder.empty())
    return;
  for (const std::string &id : compilerBuildIds())
    compiler += id + "\n";
  if (llvm::sys::fs::create_directories(folder))
    this->folder.clear();
}

std::string ObjectCache::keyOf(ModuleOp body) const {
  if (folder.empty())
    return {};
  std::string text = compiler;
  llvm::raw_string_ostream stream(text);
  // Without locations: they say what the model calls its tensors.
  body.print(stream, OpPrintingFlags().useLocalScope());
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return llvm::utohexstr(hash.high64, true, 16) +
         llvm::utohexstr(hash.low64, true, 16);
}

std::optional<Object> ObjectCache::find(StringRef key, StringRef kernel) const {
  if (key.empty())
    return std::nullopt;
  SmallString<256> path(folder);
  llvm::sys::path::append(path, key + ".o");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  StringRef content = (*file)->getBuffer();
  if (content.size() <= kHeaderBytes || !content.starts_with(kMark))
    return std::nullopt;
  StringRef bytes = content.drop_front(kHeaderBytes);
  if (llvm::support::endian::read64le(content.data() + kMark.size()) !=
      llvm::xxh3_64bits(bytes))
    return std::nullopt;
  return Object{kernel.str(), bytes.str()};
}

void ObjectCache::keep(StringRef key, const Object &object) const {
  if (key.empty())
    return;
  SmallString<256> path(folder), temporary;
  llvm::sys::path::append(path, key + ".o");
  int descriptor = -1;
  if (llvm::sys::fs::createUniqueFile(path + ".%%%%%%", descriptor, temporary))
    return;
  char hash[sizeof(uint64_t)];
  llvm::support::endian::write64le(hash, llvm::xxh3_64bits(object.bytes));
  llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
  file << kMark << StringRef(hash, sizeof(hash)) << object.bytes;
  file.close();
  // A full disk costs the next compilation its time, nothing else.
  bool written = !file.has_error();
  file.clear_error();
  if (!written || llvm::sys::fs::rename(temporary, path))
    (void)llvm::sys::fs::remove(temporary);
}

} // namespace terrazzo
