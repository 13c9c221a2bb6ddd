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
#define OTHER_FORMAT FILE_FORMAT
#include "terrazzo/Formats/BlockFormats.def"
};

/// Formats with numbers from here on are in no GGUF file.
static constexpr uint32_t firstOther = 1000;

const BlockFormatInfo *findBlockFormat(uint32_t number) {
  for (const BlockFormatInfo &info : table)
    if (uint32_t(info.format) == number && number < firstOther)
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
  for (const BlockFormatInfo &info : table)
    if (info.format == format)
      return info;
  assert(false && "every enumerator is in the table");
  return table[0];
}

} // namespace terrazzo::formats
