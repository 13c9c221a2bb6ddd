// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nomic Embed (Nussbaum et al., arXiv 2402.01613), in the names of its first
// folders and in those of transformers since version 5.
#include "formats/folder/families/Families.h"
#include "formats/folder/families/RotarySettings.h"

namespace terrazzo::formats {

namespace {

constexpr TensorNames tensors[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"layers.#.self_attn.q_proj", "blk.#.attn_q"},
    {"layers.#.self_attn.k_proj", "blk.#.attn_k"},
    {"layers.#.self_attn.v_proj", "blk.#.attn_v"},
    {"layers.#.self_attn.o_proj", "blk.#.attn_output"},
    {"layers.#.post_attention_layernorm", "blk.#.attn_output_norm"},
    {"layers.#.mlp.gate_proj", "blk.#.ffn_gate"},
    {"layers.#.mlp.up_proj", "blk.#.ffn_up"},
    {"layers.#.mlp.down_proj", "blk.#.ffn_down"},
    {"layers.#.post_mlp_layernorm", "blk.#.layer_output_norm"},
    // Of the first folders.
    {"emb_ln", "token_embd_norm"},
    {"encoder.layers.#.attn.Wqkv", "blk.#.attn_q,blk.#.attn_k,blk.#.attn_v"},
    {"encoder.layers.#.attn.out_proj", "blk.#.attn_output"},
    {"encoder.layers.#.norm1", "blk.#.attn_output_norm"},
    {"encoder.layers.#.mlp.fc11", "blk.#.ffn_up"},
    {"encoder.layers.#.mlp.fc12", "blk.#.ffn_gate"},
    {"encoder.layers.#.mlp.fc2", "blk.#.ffn_down"},
    {"encoder.layers.#.norm2", "blk.#.layer_output_norm"},
};

constexpr double usualBase = 1000;

/// Under the new name or the old one.
uint32_t count(ConfigReader &config, const char *name, const char *old) {
  return config.count(config.find(old) ? old : name);
}

/// What the first folders may ask for and none of those published does.
void refuseVariants(ConfigReader &config) {
  for (const char *flag :
       {"prenorm", "parallel_block", "use_rms_norm", "causal",
        "rotary_emb_interleaved", "scale_attn_by_inverse_layer_idx"})
    config.onlyFlag(flag, false);
  config.onlyFlag("scale_attn_weights", true);
  if (config.real("rotary_emb_fraction", 1) != 1)
    config.refuse("rotary_emb_fraction", "only 1 is supported");
  config.onlyAbsent("rotary_emb_scale_base");
  config.onlyAbsent("rope_scaling");
}

std::string activation(ConfigReader &config) {
  std::string gated = config.text("activation_function", "");
  if (gated.empty())
    return config.text("hidden_act", "silu");
  if (gated != "swiglu" && gated != "geglu")
    config.refuse("activation_function", "swiglu and geglu are supported");
  return gated == "geglu" ? "gelu" : "silu";
}

/// Beyond the trained positions the base would depend on the text's length.
uint32_t positions(ConfigReader &config) {
  uint32_t all = count(config, "max_position_embeddings", "n_positions");
  return std::min(all, config.count("max_trained_positions", all));
}

void writeSettings(ConfigReader &config, MetadataWriter &to) {
  auto key = [](const char *name) { return "nomic-bert." + std::string(name); };
  refuseVariants(config);
  to.number(key("block_count"), count(config, "num_hidden_layers", "n_layer"));
  to.number(key("embedding_length"), count(config, "hidden_size", "n_embd"));
  to.number(key("feed_forward_length"),
            count(config, "intermediate_size", "n_inner"));
  to.number(key("attention.head_count"),
            count(config, "num_attention_heads", "n_head"));
  to.number(key("context_length"), positions(config));
  to.real(
      key("attention.layer_norm_epsilon"),
      config.real("layer_norm_epsilon", config.real("layer_norm_eps", 1e-12)));
  to.boolean(key("attention.causal"), false);
  const Json *rope = config.find("rope_parameters");
  to.real(key("rope.freq_base"),
          rope ? rotaryBase(config, *rope, usualBase)
               : config.real("rotary_emb_base", usualBase));
  to.string(key("activation"), activation(config));
}

constexpr const char *prefixes[] = {"nomic_bert."};

const ModelFamily families[] = {
    {"nomic_bert", "nomic-bert", ModelKind::Encoder, prefixes, writeSettings,
     tensors, unneededOfEncoders()},
};

} // namespace

std::span<const ModelFamily> nomicBertFamilies() { return families; }

} // namespace terrazzo::formats
