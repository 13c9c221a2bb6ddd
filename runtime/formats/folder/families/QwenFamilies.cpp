// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115), and Qwen 3 (2505.09388).
#include "formats/folder/families/DecoderConfig.h"
#include "formats/folder/families/PreNormTensors.h"
#include "formats/folder/families/RotarySettings.h"

namespace terrazzo::formats {

namespace {

constexpr std::span<const TensorNames> tensors = preNormTensors;

constexpr const char *prefixes[] = {"model."};
constexpr double usualBase = 10000;
/// Of Qwen 3, whatever the hidden size.
constexpr uint32_t usualHead = 128;

void writeSettings(ConfigReader &config, MetadataWriter &to,
                   const char *architecture, uint32_t head) {
  DecoderConfig decoder(config, to, architecture);
  decoder.writeSizes({.headDim = head});
  RotarySettings turned = rotarySettings(config, usualBase, decoder.headDim);
  if (!turned.factors.empty())
    config.refuse("rope_scaling", "'llama3' is not supported in this family");
  decoder.writeRotary(turned.base, turned.factor);
  config.onlyText("hidden_act", "silu");
  config.flag("attention_bias", false);
  decoder.refuseWindows(false);
  decoder.finish();
}

const ModelFamily families[] = {
    {"qwen2", "qwen2", ModelKind::Decoder, prefixes,
     [](ConfigReader &config, MetadataWriter &to) {
       writeSettings(config, to, "qwen2", 0);
     },
     tensors, unneededOfDecoders()},
    {"qwen3", "qwen3", ModelKind::Decoder, prefixes,
     [](ConfigReader &config, MetadataWriter &to) {
       writeSettings(config, to, "qwen3", usualHead);
     },
     tensors, unneededOfDecoders()},
};

} // namespace

std::span<const ModelFamily> qwenFamilies() { return families; }

} // namespace terrazzo::formats
