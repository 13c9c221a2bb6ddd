// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/BlockFormats.h"

namespace terrazzo::codegen {

using enum BlockField::Kind;

#define BLOCK_FORMAT(Name, word, number, values, bytes, scales, largest, ...)  \
  static constexpr BlockField fieldsOf##Name[] = {__VA_ARGS__};
#include "terrazzo/Formats/BlockFormats.def"

const FormatInfo &getFormatInfo(tz::BlockFormat format) {
  static const FormatInfo infos[] = {
#define BLOCK_FORMAT(Name, word, number, values, bytes, scales, largest, ...)  \
  {values, bytes, scales, largest, fieldsOf##Name},
#include "terrazzo/Formats/BlockFormats.def"
  };
  return infos[static_cast<int>(format)];
}

BlockField getFloatField(int64_t bytes) { return {0, bytes, Number}; }

} // namespace terrazzo::codegen
