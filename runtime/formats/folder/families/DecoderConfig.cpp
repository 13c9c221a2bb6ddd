// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See DecoderConfig.h.
#include "formats/folder/families/DecoderConfig.h"

#include <algorithm>

namespace terrazzo::formats {

namespace {

/// About training, about the library, or read elsewhere.
constexpr const char *harmless[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_name_or_path",
    "architectures",
    "attention_dropout",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "dtype",
    "eos_token_id",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "label2id",
    "model_type",
    "output_attentions",
    "output_hidden_states",
    "pad_token_id",
    "pretraining_tp", // a way to the same results
    "problem_type",
    "return_dict",
    "tie_word_embeddings",
    "torch_dtype",
    "transformers_version",
    "unsloth_fixed",
    "unsloth_version",
    "use_cache",
    "vocab_size",
};

constexpr const char *unneededNames[] = {
    "rotary_emb.",
    "vision_tower.",
    "multi_modal_projector.",
};

} // namespace

std::span<const char *const> unneededOfDecoders() { return unneededNames; }

uint32_t headWidth(ConfigReader &config, uint32_t usual) {
  if (config.find("head_dim") || usual)
    return config.count("head_dim", usual);
  uint32_t hidden = config.count("hidden_size"),
           heads = config.count("num_attention_heads");
  if (hidden % heads != 0)
    config.refuse("num_attention_heads", "'hidden_size' is no multiple of it");
  return std::max(hidden / heads, 1u);
}

void DecoderConfig::writeSizes(const Usual &usual) {
  layers = config.count("num_hidden_layers", usual.layers);
  headDim = headWidth(config, usual.headDim);
  uint32_t heads = config.count("num_attention_heads", usual.heads);
  to.number(key("block_count"), layers);
  to.number(key("embedding_length"), config.count("hidden_size", usual.hidden));
  to.number(key("feed_forward_length"),
            config.count("intermediate_size", usual.inner));
  to.number(key("attention.head_count"), heads);
  to.number(key("attention.head_count_kv"),
            config.count("num_key_value_heads",
                         usual.keyHeads ? usual.keyHeads : heads));
  to.number(key("attention.key_length"), headDim);
  to.number(key("attention.value_length"), headDim);
  to.number(key("context_length"),
            config.count("max_position_embeddings", usual.positions));
  to.real(key("attention.layer_norm_rms_epsilon"),
          config.real("rms_norm_eps", usual.epsilon));
}

void DecoderConfig::writeRotary(double base, double factor) {
  to.real(key("rope.freq_base"), base);
  if (factor != 1) {
    to.string(key("rope.scaling.type"), "linear");
    to.real(key("rope.scaling.factor"), factor);
  }
}

void DecoderConfig::refuseWindows(bool used) {
  used = config.flag("use_sliding_window", used);
  const Json *window = config.find("sliding_window");
  config.find("max_window_layers");
  if (used && window &&
      config.count("sliding_window") < config.count("max_position_embeddings"))
    config.refuse("sliding_window",
                  "windows smaller than 'max_position_embeddings' are not "
                  "supported in this family");
  const Json *types = config.find("layer_types");
  if (!types)
    return;
  bool full = types->is_array() &&
              std::all_of(types->begin(), types->end(), [](const Json &type) {
                return type == "full_attention";
              });
  if (!full)
    config.refuse("layer_types", "only 'full_attention' is supported in this "
                                 "family");
}

void DecoderConfig::finish() {
  config.flag("is_decoder", true);
  config.onlyFlag("is_encoder_decoder", false);
  config.onlyFlag("add_cross_attention", false);
  config.refuseOthers(harmless);
}

} // namespace terrazzo::formats
