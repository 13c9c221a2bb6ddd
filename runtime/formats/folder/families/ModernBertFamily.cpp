// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ModernBERT (Warner et al., arXiv 2412.13663). Its folders say which layers
// attend to all of a text, and which to a token's neighbours alone, in two
// ways: as a number of layers and two bases of rotary positions, or, since
// version 5 of transformers, as lists.
#include "formats/folder/families/Families.h"
#include "formats/folder/families/RotarySettings.h"

namespace terrazzo::formats {

namespace {

constexpr TensorNames tensors[] = {
    {"embeddings.tok_embeddings", "token_embd"},
    {"embeddings.norm", "token_embd_norm"},
    {"layers.#.attn_norm", "blk.#.attn_norm"},
    {"layers.#.attn.Wqkv", "blk.#.attn_q,blk.#.attn_k,blk.#.attn_v"},
    {"layers.#.attn.Wo", "blk.#.attn_output"},
    {"layers.#.mlp_norm", "blk.#.ffn_norm"},
    {"layers.#.mlp.Wi", "blk.#.ffn_gate,blk.#.ffn_up"},
    {"layers.#.mlp.Wo", "blk.#.ffn_down"},
    {"final_norm", "output_norm"},
};

constexpr double globalBase = 160000, localBase = 10000;

/// Every how many layers, from the first, one attends to the whole text.
uint32_t globalEvery(ConfigReader &config, uint32_t layers) {
  const Json *types = config.find("layer_types");
  if (!types)
    return config.count("global_attn_every_n_layers", 3);
  uint32_t every = layers;
  auto isGlobal = [&](size_t layer) {
    return (*types)[layer] == "full_attention";
  };
  bool known = types->is_array() && types->size() == layers;
  for (size_t layer = 0; known && layer < layers; ++layer) {
    if (layer && every == layers && isGlobal(layer))
      every = uint32_t(layer);
    known = isGlobal(layer) == (layer % every == 0) &&
            (isGlobal(layer) || (*types)[layer] == "sliding_attention");
  }
  if (!known)
    config.refuse("layer_types",
                  "one for each layer is needed, with 'full_attention' first "
                  "and then every so many layers, 'sliding_attention' between");
  return every;
}

/// Of the layers of a type, from either of the two ways.
double baseOf(ConfigReader &config, const char *type, const char *old,
              double usual) {
  const Json *all = config.find("rope_parameters");
  if (!all)
    return config.real(old, usual);
  if (all->is_object() && all->contains(type))
    return rotaryBase(config, (*all)[type], usual);
  config.refuse("rope_parameters", std::string("it has no '") + type + "'");
  return usual;
}

void writeSettings(ConfigReader &config, MetadataWriter &to) {
  auto key = [](const char *name) {
    return "modern-bert." + std::string(name);
  };
  config.onlyAbsent("rope_scaling");
  uint32_t layers = config.count("num_hidden_layers");
  to.number(key("block_count"), layers);
  to.number(key("embedding_length"), config.count("hidden_size"));
  to.number(key("feed_forward_length"), config.count("intermediate_size"));
  to.number(key("attention.head_count"), config.count("num_attention_heads"));
  to.number(key("context_length"), config.count("max_position_embeddings"));
  to.real(key("attention.layer_norm_epsilon"), config.real("norm_eps", 1e-5));
  to.boolean(key("attention.causal"), false);
  to.number(key("attention.sliding_window"),
            config.count("local_attention", 128));
  to.number(key("attention.sliding_window_pattern"),
            globalEvery(config, layers));
  to.real(key("rope.freq_base"),
          baseOf(config, "full_attention", "global_rope_theta", globalBase));
  to.real(key("rope.freq_base_swa"),
          baseOf(config, "sliding_attention", "local_rope_theta", localBase));
  to.string(key("activation"), config.text("hidden_activation", "gelu"));
}

constexpr const char *prefixes[] = {"model."};

const ModelFamily families[] = {
    {"modernbert", "modern-bert", ModelKind::Encoder, prefixes, writeSettings,
     tensors, unneededOfEncoders()},
};

} // namespace

std::span<const ModelFamily> modernBertFamilies() { return families; }

} // namespace terrazzo::formats
