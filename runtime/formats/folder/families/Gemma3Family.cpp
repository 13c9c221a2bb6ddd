// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gemma 3 (Gemma Team, arXiv 2503.19786), the text model, on its own or beside
// an encoder of images. What a config.json leaves out is what transformers'
// Gemma3TextConfig has for it.
#include "formats/folder/families/DecoderConfig.h"
#include "formats/folder/families/RotarySettings.h"

#include <cmath>

namespace terrazzo::formats {

namespace {

constexpr TensorNames tensors[] = {
    {"embed_tokens", "token_embd"},
    {"layers.#.input_layernorm", "1+blk.#.attn_norm"},
    {"layers.#.self_attn.q_proj", "blk.#.attn_q"},
    {"layers.#.self_attn.k_proj", "blk.#.attn_k"},
    {"layers.#.self_attn.v_proj", "blk.#.attn_v"},
    {"layers.#.self_attn.q_norm", "1+blk.#.attn_q_norm"},
    {"layers.#.self_attn.k_norm", "1+blk.#.attn_k_norm"},
    {"layers.#.self_attn.o_proj", "blk.#.attn_output"},
    {"layers.#.post_attention_layernorm", "1+blk.#.post_attention_norm"},
    {"layers.#.pre_feedforward_layernorm", "1+blk.#.ffn_norm"},
    {"layers.#.post_feedforward_layernorm", "1+blk.#.post_ffw_norm"},
    {"layers.#.mlp.gate_proj", "blk.#.ffn_gate"},
    {"layers.#.mlp.up_proj", "blk.#.ffn_up"},
    {"layers.#.mlp.down_proj", "blk.#.ffn_down"},
    {"norm", "1+output_norm"},
    {"lm_head", "output"},
};

/// Beside an encoder of images, before version 5 of transformers and since.
constexpr const char *prefixes[] = {"language_model.model.",
                                    "model.language_model.", "language_model.",
                                    "model."};

constexpr DecoderConfig::Usual usual = {.layers = 26,
                                        .hidden = 2304,
                                        .inner = 9216,
                                        .heads = 8,
                                        .keyHeads = 4,
                                        .headDim = 256,
                                        .positions = 131072};
constexpr double globalBase = 1000000, localBase = 10000, queryScalar = 256;
constexpr uint32_t usualWindow = 4096, usualPattern = 6,
                   usualVocabulary = 262208;

/// Every how many layers one attends to all that came before.
uint32_t globalEvery(ConfigReader &config, uint32_t layers) {
  const Json *types = config.find("layer_types");
  uint32_t pattern = config.count(config.find("_sliding_window_pattern")
                                      ? "_sliding_window_pattern"
                                      : "sliding_window_pattern",
                                  usualPattern);
  if (!types)
    return pattern;
  bool list = types->is_array() && types->size() == layers;
  // Layers without any that is global: the next one would be.
  uint32_t every = layers + 1;
  for (uint32_t layer = 0; list && layer < layers; ++layer) {
    bool global = (*types)[layer] == "full_attention";
    if (global && every > layers)
      every = layer + 1;
    list = global == ((layer + 1) % every == 0) &&
           (global || (*types)[layer] == "sliding_attention");
  }
  if (!list)
    config.refuse("layer_types",
                  "one for each layer is needed, 'sliding_attention' and every "
                  "so many layers 'full_attention'");
  return every;
}

struct Rotaries {
  RotarySettings global, local;
};

Rotaries rotaries(ConfigReader &config, uint32_t head) {
  const Json *all = config.find("rope_parameters");
  if (!all) {
    Rotaries both = {rotarySettings(config, globalBase, head), {}};
    both.local.base = config.real("rope_local_base_freq", localBase);
    return both;
  }
  auto of = [&](const char *type, double base) {
    if (all->is_object() && all->contains(type))
      return rotarySettings(config, "rope_parameters", (*all)[type], base,
                            head);
    config.refuse("rope_parameters", std::string("it has no '") + type + "'");
    return RotarySettings();
  };
  return {of("full_attention", globalBase), of("sliding_attention", localBase)};
}

void writeSettings(ConfigReader &config, MetadataWriter &to) {
  DecoderConfig decoder(config, to, "gemma3");
  decoder.writeSizes(usual);
  Rotaries both = rotaries(config, decoder.headDim);
  if (both.local.factor != 1 || !both.local.factors.empty() ||
      !both.global.factors.empty())
    config.refuse("rope_parameters", "scaling is supported in layers without "
                                     "a window, of the kind 'linear'");
  decoder.writeRotary(both.global.base, both.global.factor);
  to.real(decoder.key("rope.freq_base_swa"), both.local.base);
  to.number(decoder.key("attention.sliding_window"),
            config.count("sliding_window", usualWindow));
  to.number(decoder.key("attention.sliding_window_pattern"),
            globalEvery(config, decoder.layers));
  double scalar = config.real("query_pre_attn_scalar", queryScalar);
  if (scalar <= 0)
    config.refuse("query_pre_attn_scalar", "a positive number is needed");
  to.real(decoder.key("attention.scale"), 1 / std::sqrt(scalar));
  config.onlyText("hidden_activation", "gelu_pytorch_tanh");
  // An older spelling, which hidden_activation goes before.
  config.find("hidden_act");
  for (const char *off : {"attn_logit_softcapping", "final_logit_softcapping"})
    config.onlyAbsent(off);
  config.onlyFlag("use_bidirectional_attention", false);
  config.onlyFlag("attention_bias", false);
  decoder.finish();
}

const ModelFamily families[] = {
    {"gemma3_text", "gemma3", ModelKind::Decoder, prefixes, writeSettings,
     tensors, unneededOfDecoders(), nullptr, nullptr, true, usualVocabulary},
    {"gemma3", "gemma3", ModelKind::Decoder, prefixes, writeSettings, tensors,
     unneededOfDecoders(), nullptr, nullptr, true, usualVocabulary,
     "text_config"},
};

} // namespace

std::span<const ModelFamily> gemma3Families() { return families; }

} // namespace terrazzo::formats
