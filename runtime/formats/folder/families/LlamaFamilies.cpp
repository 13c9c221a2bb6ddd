// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Llama (Touvron et al., arXiv 2302.13971; Llama 3: 2407.21783) and what has
// its graph. GGUF's converter permutes the rows of q and k, the folder's are
// as transformers has them: "tensor_data_layout" says which.
#include "formats/folder/families/DecoderConfig.h"
#include "formats/folder/families/PreNormTensors.h"
#include "formats/folder/families/RotarySettings.h"

namespace terrazzo::formats {

namespace {

constexpr std::span tensors =
    std::span(preNormTensors).first(std::size(preNormTensors) - headNorms);

constexpr const char *prefixes[] = {"model."};
constexpr double usualBase = 10000;

RotarySettings rotary(ConfigReader &config) {
  return rotarySettings(config, usualBase, headWidth(config));
}

void writeLlama(ConfigReader &config, MetadataWriter &to,
                const DecoderConfig::Usual &usual) {
  DecoderConfig decoder(config, to, "llama");
  decoder.writeSizes(usual);
  RotarySettings turned = rotary(config);
  decoder.writeRotary(turned.base, turned.factor);
  to.string(decoder.key("tensor_data_layout"), "Hugging Face");
  config.onlyText("hidden_act", "silu");
  // Tensors say whether there are biases.
  config.flag("attention_bias", false);
  config.flag("mlp_bias", false);
  decoder.refuseWindows(true);
  decoder.finish();
}

void writeMistral(ConfigReader &config, MetadataWriter &to) {
  // Absent, it is 4096; null, there is none.
  if (!config.gives("sliding_window"))
    config.refuse("sliding_window", "null, or a number, is needed");
  writeLlama(config, to, {.keyHeads = 8});
}

std::vector<float> factorsOf(ConfigReader &config) {
  return rotary(config).factors;
}

const ModelFamily families[] = {
    {"llama", "llama", ModelKind::Decoder, prefixes,
     [](ConfigReader &config, MetadataWriter &to) {
       writeLlama(config, to, {});
     },
     tensors, unneededOfDecoders(), nullptr, factorsOf},
    {"mistral", "llama", ModelKind::Decoder, prefixes, writeMistral, tensors,
     unneededOfDecoders(), nullptr, factorsOf},
};

} // namespace

std::span<const ModelFamily> llamaFamilies() { return families; }

} // namespace terrazzo::formats
