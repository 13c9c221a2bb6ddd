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
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q8_1 = 9,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  Q8_K = 15,
  IQ2_XXS = 16,
  IQ2_XS = 17,
  IQ3_XXS = 18,
  IQ1_S = 19,
  IQ4_NL = 20,
  IQ3_S = 21,
  IQ2_S = 22,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  IQ1_M = 29,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  MXFP4 = 39,
  NVFP4 = 40,
};

struct BlockFormatInfo {
  BlockFormat format;
  std::string_view name; ///< lower case, as in `!tz.block<q4_1>`
  uint32_t values;       ///< numbers per block; 1 for plain types
  uint32_t bytes;        ///< bytes per block
};

/// The format with this number in a file, or null for an unknown number.
const BlockFormatInfo *findBlockFormat(uint32_t number);

/// The format of this name ("q4_1", "f16"), or null.
const BlockFormatInfo *findBlockFormat(std::string_view name);

/// What there is to know about a format of the enumeration.
const BlockFormatInfo &blockFormatInfo(BlockFormat format);

} // namespace terrazzo::formats
