// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of decoders whose layers normalise before attention and before the
// feed-forward, as transformers calls them.
#pragma once

#include "formats/folder/families/Families.h"

namespace terrazzo::formats {

/// The norms of heads come last: of those that have none, they are left out.
inline constexpr TensorNames preNormTensors[] = {
    {"embed_tokens", "token_embd"},
    {"layers.#.input_layernorm", "blk.#.attn_norm"},
    {"layers.#.self_attn.q_proj", "blk.#.attn_q"},
    {"layers.#.self_attn.k_proj", "blk.#.attn_k"},
    {"layers.#.self_attn.v_proj", "blk.#.attn_v"},
    {"layers.#.self_attn.o_proj", "blk.#.attn_output"},
    {"layers.#.post_attention_layernorm", "blk.#.ffn_norm"},
    {"layers.#.mlp.gate_proj", "blk.#.ffn_gate"},
    {"layers.#.mlp.up_proj", "blk.#.ffn_up"},
    {"layers.#.mlp.down_proj", "blk.#.ffn_down"},
    {"norm", "output_norm"},
    {"lm_head", "output"},
    {"layers.#.self_attn.q_norm", "blk.#.attn_q_norm"},
    {"layers.#.self_attn.k_norm", "blk.#.attn_k_norm"},
};
inline constexpr size_t headNorms = 2;

} // namespace terrazzo::formats
