// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/BlockFormats.h"

namespace terrazzo::codegen {

// f16 scale, 32 nibbles.
static const BlockField q4_0[] = {{0, 2, 2}, {2, 16, 4}};
// f16 scale, f16 minimum, 32 nibbles.
static const BlockField q4_1[] = {{0, 2, 2}, {2, 2, 2}, {4, 16, 4}};
// f16 scale, 32 fifth bits, 32 nibbles.
static const BlockField q5_0[] = {
    {0, 2, 2}, {2, 4, 4, BlockField::Bits}, {6, 16, 4}};
// f16 scale, f16 minimum, 32 fifth bits, 32 nibbles.
static const BlockField q5_1[] = {
    {0, 2, 2}, {2, 2, 2}, {4, 4, 4, BlockField::Bits}, {8, 16, 4}};
// f16 scale, 32 signed bytes.
static const BlockField q8_0[] = {{0, 2, 2}, {2, 32, 4}};
// f16 scale of scales, f16 scale of minimums, 12 bytes of 6-bit scales and
// minimums, 256 nibbles.
static const BlockField q4_k[] = {
    {0, 2, 2}, {2, 2, 2}, {4, 12, 1}, {16, 128, 4}};
// as q4_k, with 256 fifth bits before the nibbles, eight planes in each of 32
// bytes.
static const BlockField q5_k[] = {
    {0, 2, 2}, {2, 2, 2}, {4, 12, 1}, {16, 32, 4}, {48, 128, 4}};
// 256 low nibbles, 256 high pairs of bits, 16 signed scales, f16 scale.
static const BlockField q6_k[] = {
    {0, 128, 4}, {128, 64, 4}, {192, 16, 1}, {208, 2, 2}};

const FormatInfo &getFormatInfo(tz::BlockFormat format) {
  static const FormatInfo infos[] = {
      {32, 18, 1, 15, q4_0},   {32, 20, 1, 15, q4_1},   {32, 22, 1, 31, q5_0},
      {32, 24, 1, 31, q5_1},   {32, 34, 1, 255, q8_0},  {256, 144, 1, 15, q4_k},
      {256, 176, 1, 31, q5_k}, {256, 210, 2, 63, q6_k},
  };
  return infos[static_cast<int>(format)];
}

BlockField getFloatField(int64_t bytes) { return {0, bytes, bytes}; }

} // namespace terrazzo::codegen
