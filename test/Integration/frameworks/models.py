# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small random models of every kind that people bring, as transformers has them, and inputs of any batch and length.

MODELS[name]() answers the model and a function from (batch, length) to its keyword arguments; SIZES[name] says which sizes of them
change, as terrazzo.torch.compile takes it.
"""

import torch
import transformers as t

CONTEXT = 64
TEXT = {"vocab_size": 100, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "max_position_embeddings": CONTEXT,
        "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
DECODER = {**TEXT, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
ENCODER = {**TEXT, "num_attention_heads": 3, "pad_token_id": 1}
EXPERTS = {"num_experts_per_tok": 2}
SLIDING = {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]}


def ids(shape):
    return torch.randint(3, 100, shape)


def text(shape):
    """The first text ends two tokens early."""
    mask = torch.ones(shape, dtype=torch.long)
    if shape[1] > 3:
        mask[0, -2:] = 0
    return {"input_ids": ids(shape), "attention_mask": mask}


def answer(shape):
    return {"decoder_input_ids": ids(shape), "decoder_attention_mask": torch.ones(shape, dtype=torch.long), "use_cache": False}


def decoder(config, **more):
    return lambda: (t.AutoModelForCausalLM.from_config(config(**{**DECODER, **more})), lambda shape: {**text(shape), "use_cache": False})


def encoder(model, config):
    return lambda: (model(config), text)


def gpt2():
    config = t.GPT2Config(vocab_size=100, n_embd=48, n_layer=2, n_head=4, n_positions=CONTEXT, bos_token_id=1, eos_token_id=2)
    return t.GPT2LMHeadModel(config), lambda shape: {**text(shape), "use_cache": False}


def t5():
    model = t.T5ForConditionalGeneration(t.T5Config(vocab_size=100, d_model=48, d_kv=12, d_ff=96, num_layers=2, num_heads=4))
    return model, lambda shape: {**text(shape), **answer(shape)}


def whisper():
    config = t.WhisperConfig(vocab_size=100, d_model=48, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
                             decoder_attention_heads=4, encoder_ffn_dim=96, decoder_ffn_dim=96, num_mel_bins=8, max_source_positions=50,
                             max_target_positions=CONTEXT, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
                             suppress_tokens=None, begin_suppress_tokens=None)
    return t.WhisperForConditionalGeneration(config), lambda shape: {"input_features": torch.randn(shape[0], 8, 100), **answer(shape)}


def moonshine():
    config = t.MoonshineConfig(vocab_size=100, hidden_size=48, intermediate_size=96, encoder_num_hidden_layers=2, decoder_num_hidden_layers=2,
                               encoder_num_attention_heads=3, decoder_num_attention_heads=3, max_position_embeddings=CONTEXT, pad_token_id=0)
    model = t.MoonshineForConditionalGeneration(config)
    return model, lambda shape: {"input_values": torch.randn(shape[0], 6000), **answer(shape)}


def vit():
    config = t.ViTConfig(hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
    return t.ViTModel(config), lambda shape: {"pixel_values": torch.randn(shape[0], 3, 32, 32)}


def clip():
    words = {**TEXT, "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    images = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    model = t.CLIPModel(t.CLIPConfig(text_config=words, vision_config=images, projection_dim=24))
    return model, lambda shape: {**text(shape), "pixel_values": torch.randn(shape[0], 3, 32, 32)}


MODELS = {
    "llama": decoder(t.LlamaConfig),
    "qwen2": decoder(t.Qwen2Config),
    "qwen3": decoder(t.Qwen3Config),
    "gemma3": decoder(t.Gemma3TextConfig, query_pre_attn_scalar=16, **SLIDING),
    "phi3": decoder(t.Phi3Config, hidden_size=64),
    "gpt2": gpt2,
    "mixtral": decoder(t.MixtralConfig, num_local_experts=4, **EXPERTS),
    "qwen3_moe": decoder(t.Qwen3MoeConfig, num_experts=4, moe_intermediate_size=32, decoder_sparse_step=1, **EXPERTS),
    "gpt_oss": decoder(t.GptOssConfig, num_local_experts=4, **EXPERTS, **SLIDING),
    "bert": encoder(t.BertModel, t.BertConfig(**ENCODER)),
    "roberta": encoder(t.RobertaModel, t.RobertaConfig(**{**ENCODER, "max_position_embeddings": CONTEXT + 2})),
    "distilbert": encoder(t.DistilBertModel, t.DistilBertConfig(vocab_size=100, dim=48, hidden_dim=96, n_layers=2, n_heads=3,
                                                                max_position_embeddings=CONTEXT)),
    "modernbert": encoder(t.ModernBertModel, t.ModernBertConfig(**{**TEXT, "num_attention_heads": 4, "local_attention": 4, "cls_token_id": 1,
                                                                   "sep_token_id": 2})),
    "t5": t5, "whisper": whisper, "moonshine": moonshine, "vit": vit, "clip": clip,
}

TWO = {"B": (1, 64), "T": (1, CONTEXT)}
TOKENS = {0: "B", 1: "T"}
DECODED = {"decoder_input_ids": TOKENS, "decoder_attention_mask": TOKENS, "T": (1, CONTEXT)}
SIZES = {
    "t5": {**DECODED, "input_ids": {0: "B", 1: "S"}, "attention_mask": {0: "B", 1: "S"}, "S": (1, CONTEXT)},
    "whisper": {**DECODED, "input_features": {0: "B"}},
    # Its strides leave a rest of the samples, of which torch.export cannot prove what it must.
    "moonshine": {**DECODED, "input_values": {0: "B"}},
    "vit": {"B": (1, 64)},
    "clip": {"input_ids": TOKENS, "attention_mask": TOKENS, "pixel_values": {0: "B"}, "T": (1, CONTEXT)},
}


def made(name):
    torch.manual_seed(0)
    model, inputs = MODELS[name]()
    return model.eval().requires_grad_(False), inputs


def floats(output):
    """All arrays of numbers that a model answers with."""
    if isinstance(output, torch.Tensor):
        return [output] if output.is_floating_point() else []
    parts = output.values() if hasattr(output, "values") else output if isinstance(output, (list, tuple)) else []
    return [array for part in parts for array in floats(part)]


def worst(got, want):
    """The largest difference, relative to the largest number where that is above 1."""
    got, want = floats(got), floats(want)
    assert len(got) == len(want) and all(a.shape == b.shape for a, b in zip(got, want))
    return max(((a - b).abs().max() / max(1, b.abs().max())).item() for a, b in zip(got, want) if b.numel())
