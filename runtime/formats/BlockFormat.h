// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element formats of tensors in a GGUF file: the plain types and the
// block-quantised ones. A row of a tensor is a whole number of blocks, each
// holding `values` numbers in `bytes` bytes. Numbers of the enumeration are
// those of the file format (ggml's), so they are never reassigned.
#pragma once

#include <cstdint>
#include <string_view>

namespace terrazzo::formats {

enum class BlockFormat : uint32_t {
#define BLOCK_FORMAT(Name, word, number, ...) Name = number,
#define FILE_FORMAT BLOCK_FORMAT
#define OTHER_FORMAT BLOCK_FORMAT
#include "terrazzo/Formats/BlockFormats.def"
};

struct BlockFormatInfo {
  BlockFormat format;
  std::string_view name; ///< lower case, as in `!tz.block<q4_1>`
  uint32_t values;       ///< numbers per block; 1 for plain types
  uint32_t bytes;        ///< bytes per block
};

/// The format with this number in a GGUF file, or null for an unknown number.
const BlockFormatInfo *findBlockFormat(uint32_t number);

/// The format of this name ("q4_1", "f16"), or null.
const BlockFormatInfo *findBlockFormat(std::string_view name);

/// What there is to know about a format of the enumeration.
const BlockFormatInfo &blockFormatInfo(BlockFormat format);

} // namespace terrazzo::formats
