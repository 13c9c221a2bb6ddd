// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whisper (Radford et al., arXiv 2212.04356), under the names that GGUF has for
// encoders with a decoder.
#include "formats/folder/families/Families.h"

namespace terrazzo::formats {

namespace {

constexpr TensorNames tensors[] = {
    {"model.encoder.conv1", "enc.conv1"},
    {"model.encoder.conv2", "enc.conv2"},
    {"model.encoder.embed_positions", "enc.position_embd"},
    {"model.encoder.layers.#.self_attn_layer_norm", "enc.blk.#.attn_norm"},
    {"model.encoder.layers.#.self_attn.q_proj", "enc.blk.#.attn_q"},
    {"model.encoder.layers.#.self_attn.k_proj", "enc.blk.#.attn_k"},
    {"model.encoder.layers.#.self_attn.v_proj", "enc.blk.#.attn_v"},
    {"model.encoder.layers.#.self_attn.out_proj", "enc.blk.#.attn_output"},
    {"model.encoder.layers.#.final_layer_norm", "enc.blk.#.ffn_norm"},
    {"model.encoder.layers.#.fc1", "enc.blk.#.ffn_up"},
    {"model.encoder.layers.#.fc2", "enc.blk.#.ffn_down"},
    {"model.encoder.layer_norm", "enc.output_norm"},
    {"model.decoder.embed_tokens", "token_embd"},
    {"model.decoder.embed_positions", "dec.position_embd"},
    {"model.decoder.layers.#.self_attn_layer_norm", "dec.blk.#.attn_norm"},
    {"model.decoder.layers.#.self_attn.q_proj", "dec.blk.#.attn_q"},
    {"model.decoder.layers.#.self_attn.k_proj", "dec.blk.#.attn_k"},
    {"model.decoder.layers.#.self_attn.v_proj", "dec.blk.#.attn_v"},
    {"model.decoder.layers.#.self_attn.out_proj", "dec.blk.#.attn_output"},
    {"model.decoder.layers.#.encoder_attn_layer_norm",
     "dec.blk.#.cross_attn_norm"},
    {"model.decoder.layers.#.encoder_attn.q_proj", "dec.blk.#.cross_attn_q"},
    {"model.decoder.layers.#.encoder_attn.k_proj", "dec.blk.#.cross_attn_k"},
    {"model.decoder.layers.#.encoder_attn.v_proj", "dec.blk.#.cross_attn_v"},
    {"model.decoder.layers.#.encoder_attn.out_proj",
     "dec.blk.#.cross_attn_output"},
    {"model.decoder.layers.#.final_layer_norm", "dec.blk.#.ffn_norm"},
    {"model.decoder.layers.#.fc1", "dec.blk.#.ffn_up"},
    {"model.decoder.layers.#.fc2", "dec.blk.#.ffn_down"},
    {"model.decoder.layer_norm", "dec.output_norm"},
    {"proj_out", "output"},
};

void writeSettings(ConfigReader &config, MetadataWriter &to) {
  auto number = [&](const char *key, const char *name) {
    to.number("whisper." + std::string(key), config.count(name));
  };
  number("encoder.block_count", "encoder_layers");
  number("encoder.feed_forward_length", "encoder_ffn_dim");
  number("encoder.attention.head_count", "encoder_attention_heads");
  number("encoder.context_length", "max_source_positions");
  number("encoder.mel_bins", "num_mel_bins");
  number("block_count", "decoder_layers");
  number("feed_forward_length", "decoder_ffn_dim");
  number("attention.head_count", "decoder_attention_heads");
  number("context_length", "max_target_positions");
  number("embedding_length", "d_model");
  to.real("whisper.attention.layer_norm_epsilon", 1e-5);
  to.string("whisper.activation", config.text("activation_function", "gelu"));
  config.onlyFlag("scale_embedding", false);
}

// Names are whole: there is no prefix, and every tensor is needed.
constexpr ModelFamily families[] = {
    {"whisper", "whisper", ModelKind::Speech, {}, writeSettings, tensors, {}},
};

} // namespace

std::span<const ModelFamily> whisperFamilies() { return families; }

} // namespace terrazzo::formats
