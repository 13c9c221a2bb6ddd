// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync of s8 and u8 (flags 1: a is signed, 2: b is, 4: .satfinite). A
// register is a block of 8 rows and 16 bytes; see LaneMatrix.cpp.
#include "lanes/Lane.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {

namespace {

/// `rows` of 8 or 16; products fit 16 bits and a sign, a sum of all of them 32.
template <unsigned rows, unsigned depth> LANE_FUNCTION(multiply) {
  if (mask == 0)
    return;
  if (mask != warp->live)
    raiseFault(warp, illegalInstruction, "mma.sync by a part of a warp");
  alignas(64) int16_t left[rows][depth], right[8][depth];
  auto *blocks = static_cast<const uint8_t *>(a);
  auto *columns = static_cast<const uint8_t *>(b);
  constexpr unsigned high = rows / 8;
  for (unsigned block = 0; block < high * depth / 16; ++block)
    for (unsigned r = 0; r < 8; ++r)
      for (unsigned k = 0; k < 16; ++k) {
        uint8_t byte = blocks[block * 128 + r * 16 + k];
        left[r + 8 * (block % high)][k + 16 * (block / high)] =
            flags & 1 ? int16_t(int8_t(byte)) : int16_t(byte);
      }
  for (unsigned block = 0; block < depth / 16; ++block)
    for (unsigned n = 0; n < 8; ++n)
      for (unsigned k = 0; k < 16; ++k) {
        uint8_t byte = columns[block * 128 + n * 16 + k];
        right[n][k + 16 * block] =
            flags & 2 ? int16_t(int8_t(byte)) : int16_t(byte);
      }
  auto *from = static_cast<const int32_t *>(c);
  auto *to = static_cast<int32_t *>(out);
  for (unsigned r = 0; r < rows; ++r)
    for (unsigned n = 0; n < 8; ++n) {
      int32_t product = 0;
      for (unsigned k = 0; k < depth; ++k)
        product += int32_t(left[r][k]) * int32_t(right[n][k]);
      unsigned place = (2 * (r / 8) + n % 2) * lanes + 4 * (r % 8) + n / 2;
      int64_t sum = int64_t(from[place]) + product;
      if (flags & 4)
        sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
      to[place] = int32_t(uint32_t(sum));
    }
}

} // namespace

const LaneTable integerMatrixTable[] = {
    {"mma.m8n8k16.s32.i8", multiply<8, 16>},
    {"mma.m16n8k16.s32.i8", multiply<16, 16>},
    {"mma.m16n8k32.s32.i8", multiply<16, 32>},
    {nullptr, nullptr}};

} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
