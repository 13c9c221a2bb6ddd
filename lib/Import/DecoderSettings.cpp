// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Settings that GGUF gives to decoders of any architecture (ggml's
// docs/gguf.md) and that none of those here computes with.
#include "Architecture.h"

namespace terrazzo {

void readDecoderSettings(Metadata &m, double attentionScale) {
  m.supportsOnly("attention.causal", 1);
  m.supportsOnly("use_parallel_residual", 0);
  // A scale of 0 stands for one that is not given.
  m.supportsOnly("attention.scale", attentionScale, {0});
  for (llvm::StringRef key :
       {"embedding_scale", "residual_scale", "logit_scale"})
    m.supportsOnly(key, 1, {0});
  for (llvm::StringRef key :
       {"attn_logit_softcapping", "final_logit_softcapping",
        "attention.clamp_kqv", "attention.max_alibi_bias"})
    m.supportsOnly(key, 0);
  // One expert is a plain feed-forward, whose tensors have other names.
  if (m.countOrZero("expert_count", 0) > 1)
    m.refuse("expert_count", "mixtures of experts are not supported yet");
  // Of sentence vectors; of layer norms with a mean; of experts.
  m.withoutEffect(
      {"pooling_type", "attention.layer_norm_epsilon", "expert_used_count"});
}

} // namespace terrazzo
