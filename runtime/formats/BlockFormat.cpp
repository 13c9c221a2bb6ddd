// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table behind BlockFormat.h.
#include "formats/BlockFormat.h"

#include <cassert>

namespace terrazzo::formats {

static constexpr BlockFormatInfo table[] = {
    {BlockFormat::F32, "f32", 1, 4},
    {BlockFormat::F16, "f16", 1, 2},
    {BlockFormat::Q4_0, "q4_0", 32, 18},
    {BlockFormat::Q4_1, "q4_1", 32, 20},
    {BlockFormat::Q5_0, "q5_0", 32, 22},
    {BlockFormat::Q5_1, "q5_1", 32, 24},
    {BlockFormat::Q8_0, "q8_0", 32, 34},
    {BlockFormat::Q8_1, "q8_1", 32, 36},
    {BlockFormat::Q2_K, "q2_k", 256, 84},
    {BlockFormat::Q3_K, "q3_k", 256, 110},
    {BlockFormat::Q4_K, "q4_k", 256, 144},
    {BlockFormat::Q5_K, "q5_k", 256, 176},
    {BlockFormat::Q6_K, "q6_k", 256, 210},
    {BlockFormat::Q8_K, "q8_k", 256, 292},
    {BlockFormat::IQ2_XXS, "iq2_xxs", 256, 66},
    {BlockFormat::IQ2_XS, "iq2_xs", 256, 74},
    {BlockFormat::IQ3_XXS, "iq3_xxs", 256, 98},
    {BlockFormat::IQ1_S, "iq1_s", 256, 50},
    {BlockFormat::IQ4_NL, "iq4_nl", 32, 18},
    {BlockFormat::IQ3_S, "iq3_s", 256, 110},
    {BlockFormat::IQ2_S, "iq2_s", 256, 82},
    {BlockFormat::IQ4_XS, "iq4_xs", 256, 136},
    {BlockFormat::I8, "i8", 1, 1},
    {BlockFormat::I16, "i16", 1, 2},
    {BlockFormat::I32, "i32", 1, 4},
    {BlockFormat::I64, "i64", 1, 8},
    {BlockFormat::F64, "f64", 1, 8},
    {BlockFormat::IQ1_M, "iq1_m", 256, 56},
    {BlockFormat::BF16, "bf16", 1, 2},
    {BlockFormat::TQ1_0, "tq1_0", 256, 54},
    {BlockFormat::TQ2_0, "tq2_0", 256, 66},
    {BlockFormat::MXFP4, "mxfp4", 32, 17},
    {BlockFormat::NVFP4, "nvfp4", 64, 36},
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
