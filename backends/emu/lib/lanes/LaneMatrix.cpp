// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync of floating-point types, ldmatrix, stmatrix, movmatrix.
//
// A lane l is g = l / 4, t = l % 4. As arrays of 32 lanes the fragments are
// plain row-major blocks: a register of two halves is an 8 x 8 block with row g
// and columns 2t, 2t + 1, and of one word an 8 x 4 block. A is (rows 0-7, first
// columns), (rows 8-15, first columns), then the same for the next columns; B
// is stored by columns n = g. Sums are in f32, in the order of k.
#include "lanes/LaneHalf.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {

namespace {

typedef float Row __attribute__((vector_size(32), aligned(32)));

/// False: no lane runs it. A part of the warp must not.
bool isWhole(Warp *warp, uint32_t mask, const char *what) {
  if (mask != warp->live && mask != 0)
    raiseFault(warp, illegalInstruction, what);
  return mask != 0;
}

/// sums[16] += a[16][depth] * b[depth][8].
template <unsigned depth>
inline void accumulate(Row *sums, const float (*a)[depth], const Row *b) {
  for (unsigned first = 0; first < 16; first += 8) {
    Row part[8];
    for (unsigned r = 0; r < 8; ++r)
      part[r] = sums[first + r];
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned r = 0; r < 8; ++r) {
        float x = a[first + r][k];
        part[r] += Row{x, x, x, x, x, x, x, x} * b[k];
      }
    for (unsigned r = 0; r < 8; ++r)
      sums[first + r] = part[r];
  }
}

/// C's registers: 0 and 1 are columns 2t and 2t + 1 of row g, 2 and 3 of row
/// g + 8.
inline void readSums(Row *sums, const float *c) {
  auto *to = reinterpret_cast<float *>(sums);
  for (unsigned i = 0; i < lanes; ++i) {
    to[2 * i] = c[i];
    to[2 * i + 1] = c[lanes + i];
    to[64 + 2 * i] = c[2 * lanes + i];
    to[64 + 2 * i + 1] = c[3 * lanes + i];
  }
}
inline void writeSums(float *d, const Row *sums) {
  auto *from = reinterpret_cast<const float *>(sums);
  for (unsigned i = 0; i < lanes; ++i) {
    d[i] = from[2 * i];
    d[lanes + i] = from[2 * i + 1];
    d[2 * lanes + i] = from[64 + 2 * i];
    d[3 * lanes + i] = from[64 + 2 * i + 1];
  }
}
/// C of two f16 a register: the blocks of rows 0-7 and 8-15 as they are.
inline void readHalfSums(Row *sums, const uint16_t *c) {
  auto *to = reinterpret_cast<float *>(sums);
  for (unsigned i = 0; i < 128; ++i)
    to[i] = widenF16(c[i]);
}
inline void writeHalfSums(uint16_t *d, const Row *sums) {
  auto *from = reinterpret_cast<const float *>(sums);
  for (unsigned i = 0; i < 128; ++i)
    d[i] = narrowF16(from[i]);
}

template <float (*widen)(uint16_t), unsigned depth>
inline void readHalves(float (*a)[depth], Row *b, const void *aBits,
                       const void *bBits) {
  auto *blocks = static_cast<const uint16_t *>(aBits);
  for (unsigned block = 0; block < depth / 4; ++block)
    for (unsigned r = 0; r < 8; ++r)
      for (unsigned k = 0; k < 8; ++k)
        a[r + 8 * (block & 1)][k + 8 * (block >> 1)] =
            widen(blocks[block * 64 + r * 8 + k]);
  auto *columns = static_cast<const uint16_t *>(bBits);
  alignas(64) uint16_t turned[depth * 8];
  for (unsigned block = 0; block < depth / 8; ++block)
    for (unsigned k = 0; k < 8; ++k)
      for (unsigned n = 0; n < 8; ++n)
        turned[block * 64 + k * 8 + n] = columns[block * 64 + n * 8 + k];
  auto *to = reinterpret_cast<float *>(b);
  for (unsigned i = 0; i < depth * 8; ++i)
    to[i] = widen(turned[i]);
}

template <float (*widen)(uint16_t), unsigned depth, bool halfSums>
LANE_FUNCTION(multiplyHalves) {
  if (!isWhole(warp, mask, "mma.sync by a part of a warp"))
    return;
  alignas(64) float left[16][depth];
  alignas(64) Row right[depth], sums[16];
  readHalves<widen, depth>(left, right, a, b);
  if (halfSums)
    readHalfSums(sums, static_cast<const uint16_t *>(c));
  else
    readSums(sums, static_cast<const float *>(c));
  accumulate<depth>(sums, left, right);
  if (halfSums)
    writeHalfSums(static_cast<uint16_t *>(out), sums);
  else
    writeSums(static_cast<float *>(out), sums);
}

/// tf32 is f32 with 10 bits behind the point; the rest is not read.
template <unsigned depth> LANE_FUNCTION(multiplyTensor) {
  if (!isWhole(warp, mask, "mma.sync by a part of a warp"))
    return;
  alignas(64) float left[16][depth];
  alignas(64) Row right[depth], sums[16];
  auto cut = [](uint32_t bits) { return floatOfBits(bits & 0xffffe000u); };
  auto *blocks = static_cast<const uint32_t *>(a);
  auto *columns = static_cast<const uint32_t *>(b);
  for (unsigned block = 0; block < depth / 2; ++block)
    for (unsigned r = 0; r < 8; ++r)
      for (unsigned k = 0; k < 4; ++k)
        left[r + 8 * (block & 1)][k + 4 * (block >> 1)] =
            cut(blocks[block * 32 + r * 4 + k]);
  for (unsigned block = 0; block < depth / 4; ++block)
    for (unsigned k = 0; k < 4; ++k)
      for (unsigned n = 0; n < 8; ++n)
        reinterpret_cast<float *>(right)[(block * 4 + k) * 8 + n] =
            cut(columns[block * 32 + n * 4 + k]);
  readSums(sums, static_cast<const float *>(c));
  accumulate<depth>(sums, left, right);
  writeSums(static_cast<float *>(out), sums);
}

float widenEight(uint8_t bits, bool wide) {
  uint32_t sign = uint32_t(bits & 0x80) << 24;
  unsigned mantissaBits = wide ? 2 : 3, bias = wide ? 15 : 7;
  unsigned exponent = (bits & 0x7f) >> mantissaBits;
  unsigned mantissa = bits & ((1u << mantissaBits) - 1);
  if (wide ? exponent == 31 : (bits & 0x7f) == 0x7f)
    return floatOfBits(sign | 0x7f800000 | (wide ? mantissa << 21 : 0x400000));
  if (exponent == 0) {
    float value = float(mantissa) * (wide ? 0x1p-16f : 0x1p-9f);
    return floatOfBits(sign | bitsOfFloat(value));
  }
  return floatOfBits(sign | (exponent - bias + 127) << 23 |
                     mantissa << (23 - mantissaBits));
}

/// e4m3 and e5m2 (flags 1: a, 2: b): a register is an 8 x 16 block.
template <unsigned depth> LANE_FUNCTION(multiplyEights) {
  if (!isWhole(warp, mask, "mma.sync by a part of a warp"))
    return;
  alignas(64) float left[16][depth];
  alignas(64) Row right[depth], sums[16];
  auto *blocks = static_cast<const uint8_t *>(a);
  auto *columns = static_cast<const uint8_t *>(b);
  for (unsigned block = 0; block < depth / 8; ++block)
    for (unsigned r = 0; r < 8; ++r)
      for (unsigned k = 0; k < 16; ++k)
        left[r + 8 * (block & 1)][k + 16 * (block >> 1)] =
            widenEight(blocks[block * 128 + r * 16 + k], flags & 1);
  for (unsigned block = 0; block < depth / 16; ++block)
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned n = 0; n < 8; ++n)
        reinterpret_cast<float *>(right)[(block * 16 + k) * 8 + n] =
            widenEight(columns[block * 128 + n * 16 + k], flags & 2);
  readSums(sums, static_cast<const float *>(c));
  accumulate<depth>(sums, left, right);
  writeSums(static_cast<float *>(out), sums);
}

/// m8n8k4: a[g][t], b[t][g]; sums 0 and 1: columns 2t and 2t + 1 of row g.
LANE_FUNCTION(multiplyDoubles) {
  if (!isWhole(warp, mask, "mma.sync by a part of a warp"))
    return;
  auto *left = static_cast<const double *>(a);
  auto *right = static_cast<const double *>(b);
  auto *from = static_cast<const double *>(c);
  auto *to = static_cast<double *>(out);
  for (unsigned lane = 0; lane < lanes; ++lane)
    for (unsigned i = 0; i < 2; ++i) {
      unsigned row = lane / 4, column = 2 * (lane % 4) + i;
      double sum = from[i * lanes + lane];
      for (unsigned k = 0; k < 4; ++k)
        sum = __builtin_fma(left[row * 4 + k], right[column * 4 + k], sum);
      to[i * lanes + lane] = sum;
    }
}

/// The host address of a row of 16 bytes.
uint8_t *rowAddress(Warp *warp, uint64_t address, bool isShared) {
  if (!isShared)
    address -= reinterpret_cast<uint64_t>(warp->shared);
  if (address >= warp->sharedBytes || warp->sharedBytes - address < 16)
    raiseAccess(warp, false, address, 16, "shared, a matrix row");
  if (address & 15)
    raiseAccess(warp, true, address, 16, "shared, a matrix row");
  return warp->shared + address;
}

inline void transpose(uint16_t *to, const uint16_t *from) {
  alignas(64) uint16_t turned[64];
  for (unsigned r = 0; r < 8; ++r)
    for (unsigned k = 0; k < 8; ++k)
      turned[k * 8 + r] = from[r * 8 + k];
  __builtin_memcpy(to, turned, sizeof turned);
}

/// Lane i of every eight gives a row's address; flags 1: .trans, 2: .shared.
template <unsigned count> LANE_FUNCTION(loadMatrices) {
  if (!isWhole(warp, mask, "ldmatrix by a part of a warp"))
    return;
  auto *addresses = static_cast<const uint64_t *>(a);
  auto *to = static_cast<uint8_t *>(out);
  for (unsigned row = 0; row < 8 * count; ++row)
    __builtin_memcpy(to + row * 16, rowAddress(warp, addresses[row], flags & 2),
                     16);
  if (flags & 1)
    for (unsigned i = 0; i < count; ++i) {
      auto *block = static_cast<uint16_t *>(out) + 64 * i;
      transpose(block, block);
    }
}

template <unsigned count> LANE_FUNCTION(storeMatrices) {
  if (!isWhole(warp, mask, "stmatrix by a part of a warp"))
    return;
  auto *addresses = static_cast<const uint64_t *>(a);
  alignas(64) uint16_t blocks[64 * count];
  __builtin_memcpy(blocks, b, sizeof blocks);
  if (flags & 1)
    for (unsigned i = 0; i < count; ++i)
      transpose(blocks + 64 * i, blocks + 64 * i);
  for (unsigned row = 0; row < 8 * count; ++row)
    __builtin_memcpy(rowAddress(warp, addresses[row], flags & 2),
                     blocks + row * 8, 16);
}

LANE_FUNCTION(moveMatrix) {
  if (!isWhole(warp, mask, "movmatrix by a part of a warp"))
    return;
  transpose(static_cast<uint16_t *>(out), static_cast<const uint16_t *>(a));
}

} // namespace

const LaneTable matrixTable[] = {
    {"mma.m16n8k8.f32.f16", multiplyHalves<widenF16, 8, false>},
    {"mma.m16n8k8.f16.f16", multiplyHalves<widenF16, 8, true>},
    {"mma.m16n8k16.f32.f16", multiplyHalves<widenF16, 16, false>},
    {"mma.m16n8k16.f16.f16", multiplyHalves<widenF16, 16, true>},
    {"mma.m16n8k8.f32.bf16", multiplyHalves<widenBrain, 8, false>},
    {"mma.m16n8k16.f32.bf16", multiplyHalves<widenBrain, 16, false>},
    {"mma.m16n8k4.f32.tf32", multiplyTensor<4>},
    {"mma.m16n8k8.f32.tf32", multiplyTensor<8>},
    {"mma.m16n8k16.f32.f8", multiplyEights<16>},
    {"mma.m16n8k32.f32.f8", multiplyEights<32>},
    {"mma.m8n8k4.f64.f64", multiplyDoubles},
    {"ldmatrix.x1", loadMatrices<1>},
    {"ldmatrix.x2", loadMatrices<2>},
    {"ldmatrix.x4", loadMatrices<4>},
    {"stmatrix.x1", storeMatrices<1>},
    {"stmatrix.x2", storeMatrices<2>},
    {"stmatrix.x4", storeMatrices<4>},
    {"movmatrix", moveMatrix},
    {nullptr, nullptr}};

} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
