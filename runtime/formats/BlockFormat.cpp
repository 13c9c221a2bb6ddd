// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table behind BlockFormat.h.
#include "formats/BlockFormat.h"

#include <cassert>

namespace terrazzo::formats {

static constexpr BlockFormatInfo table[] = {
#define BLOCK_FORMAT(Name, word, number, values, bytes, ...)                   \
  {BlockFormat::Name, word, values, bytes},
#define FILE_FORMAT(Name, word, number, values, bytes)                         \
  {BlockFormat::Name, word, values, bytes},
#include "terrazzo/Formats/BlockFormats.def"
};

const BlockFormatInfo *findBlockFormat(uint32_t number) {
  for (const BlockFormatInfo &info : table)
    if (uint32_t(info.format) == number)
      return &info;
  return nullptr;
}

const BlockFormatInfo *findBlockFormat(std::string_view name) {
  for (const BlockFormatInfo &info : table)
    if (info.name == name)
      return &info;
  return nullptr;
}

const BlockFormatInfo &blockFormatInfo(BlockFormat format) {
  const BlockFormatInfo *info = findBlockFormat(uint32_t(format));
  assert(info && "every enumerator is in the table");
  return *info;
}

} // namespace terrazzo::formats
