// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/NonFinite.h"
#include "formats/GgufValue.h"
#include "terrazzo/Formats/BlockField.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace terrazzo::formats {

namespace {

/// Where a format keeps its floating scales within a block, all of them
/// float16; plain formats are one number.
struct Scales {
  BlockFormat format;
  std::vector<int64_t> offsets;
};

std::vector<int64_t> numbersOf(std::initializer_list<BlockField> fields) {
  std::vector<int64_t> offsets;
  for (const BlockField &field : fields)
    if (field.kind == BlockField::Number)
      offsets.push_back(field.offset);
  return offsets;
}

const std::vector<Scales> &allScales() {
  using enum BlockField::Kind;
  static const std::vector<Scales> all = {
#define BLOCK_FORMAT(Name, word, number, values, bytes, scales, largest, ...)  \
  {BlockFormat::Name, numbersOf({__VA_ARGS__})},
#include "terrazzo/Formats/BlockFormats.def"
      {BlockFormat::F16, {0}},    {BlockFormat::Q2_K, {80, 82}},
      {BlockFormat::Q3_K, {108}}, {BlockFormat::IQ4_NL, {0}},
      {BlockFormat::IQ4_XS, {0}},
  };
  return all;
}

/// "NaN", "Inf" or "-Inf" of bits whose exponent is all ones; empty for finite
/// ones.
template <typename T> const char *nameOf(T bits, T exponent, T sign) {
  if ((bits & exponent) != exponent)
    return "";
  if (T(bits & ~(exponent | sign)) != 0)
    return "NaN";
  return bits & sign ? "-Inf" : "Inf";
}

const char *nameOfHalf(const uint8_t *data) {
  return nameOf<uint16_t>(readLittleEndian<uint16_t>(data), 0x7c00, 0x8000);
}

const char *nameOfWord(uint32_t bits) {
  return nameOf<uint32_t>(bits, 0x7f800000, 0x80000000);
}

/// The word of a float32 with the value's bits; BF16 is its upper half.
uint32_t wordAt(BlockFormat format, const uint8_t *data) {
  return format == BlockFormat::BF16
             ? uint32_t(readLittleEndian<uint16_t>(data)) << 16
             : readLittleEndian<uint32_t>(data);
}

bool isWords(BlockFormat format) {
  return format == BlockFormat::F32 || format == BlockFormat::BF16;
}

} // namespace

bool allFinite(const float *values, size_t count) {
  constexpr uint32_t exponent = 0x7f800000;
  uint32_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    found |= (bits & exponent) == exponent ? 1 : 0;
  }
  return found == 0;
}

std::optional<NonFinite> findNonFinite(BlockFormat format, const uint8_t *data,
                                       uint64_t bytes) {
  const BlockFormatInfo &info = blockFormatInfo(format);
  const Scales *known = nullptr;
  for (const Scales &row : allScales())
    if (row.format == format)
      known = &row;
  if (!known && !isWords(format))
    return std::nullopt;
  for (uint64_t block = 0; block < bytes / info.bytes; ++block) {
    const uint8_t *at = data + block * info.bytes;
    const char *name = known ? "" : nameOfWord(wordAt(format, at));
    for (size_t s = 0; known && s < known->offsets.size() && !*name; ++s)
      name = nameOfHalf(at + known->offsets[s]);
    if (*name)
      return NonFinite{block * info.values, name};
  }
  return std::nullopt;
}

double largestMagnitude(BlockFormat format, const uint8_t *data,
                        uint64_t bytes) {
  float largest = 0;
  uint32_t size = blockFormatInfo(format).bytes;
  for (uint64_t at = 0; isWords(format) && at + size <= bytes; at += size) {
    uint32_t word = wordAt(format, data + at);
    float value;
    std::memcpy(&value, &word, sizeof(value));
    largest = std::max(largest, std::fabs(value));
  }
  return double(largest);
}

} // namespace terrazzo::formats
