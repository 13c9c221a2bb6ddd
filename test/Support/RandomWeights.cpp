// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomWeights.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Reference/BlockValues.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace terrazzo::test {

float halfToFloat(uint16_t bits) {
  _Float16 half;
  std::memcpy(&half, &bits, 2);
  return static_cast<float>(half);
}

uint16_t floatToHalf(float value) {
  _Float16 half = static_cast<_Float16>(value);
  uint16_t bits;
  std::memcpy(&bits, &half, 2);
  return bits;
}

/// Byte offsets of the f16 numbers in one block.
static SmallVector<int64_t> scalesOf(tz::BlockFormat format) {
  SmallVector<int64_t> offsets;
  for (const BlockField &field : codegen::getFormatInfo(format).fields)
    if (field.kind == BlockField::Number)
      offsets.push_back(field.offset);
  return offsets;
}

static std::vector<char> randomBlocks(tz::BlockType type, int64_t blocks,
                                      std::mt19937 &random, double size) {
  std::normal_distribution<float> normal;
  int64_t bytes = type.getBytes();
  std::vector<char> content(blocks * bytes);
  for (char &byte : content)
    byte = static_cast<char>(random());
  SmallVector<int64_t> scales = scalesOf(type.getFormat());
  auto scale = [&](int64_t block, int64_t offset) {
    return &content[block * bytes + offset];
  };
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t offset : scales) {
      uint16_t half = floatToHalf(0.01f * normal(random));
      std::memcpy(scale(block, offset), &half, 2);
    }
  std::vector<double> values(blocks * type.getValues());
  reference::decodeBlocks(type,
                          reinterpret_cast<const uint8_t *>(content.data()),
                          blocks, values.data());
  double squares = 1e-30;
  for (double value : values)
    squares += value * value;
  double factor = size / std::sqrt(squares / values.size());
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t offset : scales) {
      uint16_t half;
      std::memcpy(&half, scale(block, offset), 2);
      half = floatToHalf(static_cast<float>(halfToFloat(half) * factor));
      std::memcpy(scale(block, offset), &half, 2);
    }
  return content;
}

/// The numbers that `next` gives, as elements of `element`.
template <typename NextT>
static std::vector<char> floats(Type element, int64_t count, NextT next) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  std::vector<char> content(count * bytes);
  for (int64_t i = 0; i < count; ++i) {
    float value = next();
    uint32_t word;
    std::memcpy(&word, &value, 4);
    uint16_t half = floatToHalf(value);
    const void *from = element.isF32()   ? static_cast<const void *>(&word)
                       : element.isF16() ? static_cast<const void *>(&half)
                                         : reinterpret_cast<char *>(&word) + 2;
    std::memcpy(&content[i * bytes], from, bytes);
  }
  return content;
}

std::vector<char> randomWeight(RankedTensorType type, std::mt19937 &random,
                               double size) {
  if (auto block = dyn_cast<tz::BlockType>(type.getElementType()))
    return randomBlocks(block, type.getNumElements() / block.getValues(),
                        random, size);
  std::normal_distribution<float> normal(0, static_cast<float>(size));
  return floats(type.getElementType(), type.getNumElements(),
                [&] { return normal(random); });
}

std::vector<char> positiveWeight(RankedTensorType type, std::mt19937 &random) {
  std::uniform_real_distribution<float> between(0.5f, 2.0f);
  return floats(type.getElementType(), type.getNumElements(),
                [&] { return between(random); });
}

} // namespace terrazzo::test
