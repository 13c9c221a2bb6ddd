// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BERT (Devlin et al., arXiv 1810.04805) and the encoders of its graph.
#include "formats/folder/families/Families.h"

namespace terrazzo::formats {

namespace {

constexpr TensorNames bertTensors[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"encoder.layer.#.attention.self.query", "blk.#.attn_q"},
    {"encoder.layer.#.attention.self.key", "blk.#.attn_k"},
    {"encoder.layer.#.attention.self.value", "blk.#.attn_v"},
    {"encoder.layer.#.attention.output.dense", "blk.#.attn_output"},
    {"encoder.layer.#.attention.output.LayerNorm", "blk.#.attn_output_norm"},
    {"encoder.layer.#.intermediate.dense", "blk.#.ffn_up"},
    {"encoder.layer.#.output.dense", "blk.#.ffn_down"},
    {"encoder.layer.#.output.LayerNorm", "blk.#.layer_output_norm"},
};

constexpr TensorNames distilbertTensors[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"transformer.layer.#.attention.q_lin", "blk.#.attn_q"},
    {"transformer.layer.#.attention.k_lin", "blk.#.attn_k"},
    {"transformer.layer.#.attention.v_lin", "blk.#.attn_v"},
    {"transformer.layer.#.attention.out_lin", "blk.#.attn_output"},
    {"transformer.layer.#.sa_layer_norm", "blk.#.attn_output_norm"},
    {"transformer.layer.#.ffn.lin1", "blk.#.ffn_up"},
    {"transformer.layer.#.ffn.lin2", "blk.#.ffn_down"},
    {"transformer.layer.#.output_layer_norm", "blk.#.layer_output_norm"},
};

struct EncoderSettings {
  uint32_t layers, hidden, feedForward, heads, positions;
  double epsilon;
};

void writeEncoder(const EncoderSettings &settings,
                  const std::string &activation, ConfigReader &config,
                  MetadataWriter &to) {
  to.number("bert.block_count", settings.layers);
  to.number("bert.embedding_length", settings.hidden);
  to.number("bert.feed_forward_length", settings.feedForward);
  to.number("bert.attention.head_count", settings.heads);
  to.number("bert.context_length", settings.positions);
  to.real("bert.attention.layer_norm_epsilon", settings.epsilon);
  to.boolean("bert.attention.causal", false);
  to.string("bert.activation", activation);
  config.onlyFlag("is_decoder", false);
  config.onlyFlag("add_cross_attention", false);
}

void writeBert(ConfigReader &config, MetadataWriter &to, uint32_t unused) {
  config.onlyText("position_embedding_type", "absolute");
  uint32_t positions = config.count("max_position_embeddings");
  if (positions <= unused)
    config.refuse("max_position_embeddings", "no position is left");
  writeEncoder({config.count("num_hidden_layers"), config.count("hidden_size"),
                config.count("intermediate_size"),
                config.count("num_attention_heads"), positions - unused,
                config.real("layer_norm_eps", 1e-12)},
               config.text("hidden_act", "gelu"), config, to);
}

void writeDistilbert(ConfigReader &config, MetadataWriter &to) {
  writeEncoder({config.count("n_layers"), config.count("dim"),
                config.count("hidden_dim"), config.count("n_heads"),
                config.count("max_position_embeddings"), 1e-12},
               config.text("activation", "gelu"), config, to);
}

/// RoBERTa counts positions from behind the padding's id (Liu et al., arXiv
/// 1907.11692).
uint32_t robertaUnused(ConfigReader &config) {
  return config.count("pad_token_id", 1) + 1;
}

// Models with a head for a task keep the encoder under its own name.
constexpr const char *bertPrefixes[] = {"bert."};
constexpr const char *robertaPrefixes[] = {"roberta."};
constexpr const char *distilbertPrefixes[] = {"distilbert."};

const ModelFamily families[] = {
    {"bert", "bert", ModelKind::Encoder, bertPrefixes,
     [](ConfigReader &config, MetadataWriter &to) { writeBert(config, to, 0); },
     bertTensors, unneededOfEncoders()},
    {"roberta", "bert", ModelKind::Encoder, robertaPrefixes,
     [](ConfigReader &config, MetadataWriter &to) {
       writeBert(config, to, robertaUnused(config));
     },
     bertTensors, unneededOfEncoders(), robertaUnused},
    {"distilbert", "bert", ModelKind::Encoder, distilbertPrefixes,
     writeDistilbert, distilbertTensors, unneededOfEncoders()},
};

} // namespace

std::span<const ModelFamily> bertFamilies() { return families; }

} // namespace terrazzo::formats
