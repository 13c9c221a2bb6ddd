# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden results of small models with random weights, by transformers in float64: test/Integration/data/models.npz

PYTHON dev-support/model_golden.py    (needs torch, transformers, numpy)

For each model M: `M.shapes`, a JSON object of its parameters' shapes, whose values follow from their names
(test/Integration/random_weights.py); `M.<input>` and `M.<output>`, arrays.
"""

import functools
import json
import pathlib
import sys

import numpy as np
import torch
import transformers as tr

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test" / "Integration"))
from random_weights import weight_of  # noqa: E402

torch.manual_seed(0)
RESULTS = {}


def prepare(name, model):
    """Gives every parameter its values and notes the shapes."""
    model = model.double().eval()
    shapes = {}
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            shapes[key] = list(parameter.shape)
            parameter.copy_(torch.from_numpy(weight_of(name, key, parameter.shape).astype("f8")))
    RESULTS[f"{name}.shapes"] = np.array(json.dumps(shapes))
    return model


def keep(name, **arrays):
    for key, array in arrays.items():
        RESULTS[f"{name}.{key}"] = np.asarray(array)


def tokens(count, vocabulary, seed=1):
    return np.random.default_rng(seed).integers(0, vocabulary, count)


def gpt2():
    config = tr.GPT2Config(vocab_size=61, n_positions=64, n_embd=48, n_layer=2, n_head=3, attn_pdrop=0, embd_pdrop=0,
                           resid_pdrop=0)
    model = prepare("gpt2", tr.GPT2LMHeadModel(config))
    for length in (1, 5, 33):
        ids = tokens(length, 61)
        keep("gpt2", **{f"tokens{length}": ids, f"logits{length}": model(torch.tensor(ids[None])).logits[0].detach()})


def vit():
    """Images of three sizes, the second of which the patches do not fill: parts of `pixels` [images, 3, rows, columns]."""
    config = tr.ViTConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=80, image_size=32,
                          patch_size=8, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    model = prepare("vit", tr.ViTModel(config, add_pooling_layer=False))
    pixels = np.random.default_rng(2).standard_normal((3, 3, 45, 40)).astype("f2")
    keep("vit", pixels=pixels)
    for count, height, width in ((1, 32, 32), (3, 45, 27), (2, 16, 40)):
        size, whole = f"{height}x{width}", torch.tensor(pixels[:, :, :height, :width]).double()
        positions = model.embeddings.interpolate_pos_encoding(model.embeddings.patch_embeddings(whole), height, width)
        alone = [model(image[None], interpolate_pos_encoding=True).last_hidden_state[0] for image in whole[:count]]
        keep("vit", **{f"positions{size}": positions[0].float(), f"hidden{size}": torch.stack(alone)})


def whisper():
    config = tr.WhisperConfig(vocab_size=53, num_mel_bins=10, d_model=48, encoder_layers=2, decoder_layers=2,
                              encoder_attention_heads=3, decoder_attention_heads=3, encoder_ffn_dim=64, decoder_ffn_dim=64,
                              max_source_positions=20, max_target_positions=40, pad_token_id=0, bos_token_id=1,
                              eos_token_id=2, decoder_start_token_id=1, dropout=0)
    model = prepare("whisper", tr.WhisperForConditionalGeneration(config))
    encoder, positions = model.model.encoder, model.model.encoder.embed_positions.weight
    mel = np.random.default_rng(3).standard_normal((10, 40)).astype("f4")
    keep("whisper", mel=mel)
    for frames in (40, 26, 31):
        # It takes frames of one number alone, two for each of its positions.
        encoder.embed_positions = torch.nn.Embedding.from_pretrained(positions[: (frames + 1) // 2])
        vars(encoder.config)["max_source_positions"] = frames / 2
        features = torch.tensor(mel[None, :, :frames]).double()
        keep("whisper", **{f"encoded{frames}": encoder(features).last_hidden_state[0]})
        for length in (1, 4, 11):
            ids = tokens(length, 53)
            logits = model(input_features=features, decoder_input_ids=torch.tensor(ids[None])).logits[0]
            keep("whisper", **{f"tokens{length}": ids, f"logits{frames}_{length}": logits})


def moonshine():
    config = tr.MoonshineConfig(vocab_size=59, hidden_size=48, intermediate_size=64, encoder_num_hidden_layers=2,
                                decoder_num_hidden_layers=2, encoder_num_attention_heads=3, decoder_num_attention_heads=3,
                                max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                                decoder_start_token_id=1)
    model = prepare("moonshine", tr.MoonshineForConditionalGeneration(config))
    audio = np.random.default_rng(4).standard_normal(8000).astype("f4")
    keep("moonshine", audio=audio)
    for heard in (6000, 2600, 7777):
        values = torch.tensor(audio[None, :heard]).double()
        keep("moonshine", **{f"encoded{heard}": model.model.encoder(values).last_hidden_state[0].detach()})
        for length in (1, 6):
            ids = tokens(length, 59)
            logits = model(input_values=values, decoder_input_ids=torch.tensor(ids[None])).logits[0]
            keep("moonshine", **{f"tokens{length}": ids, f"logits{heard}_{length}": logits.detach()})


def t5():
    config = tr.T5Config(vocab_size=57, d_model=48, d_kv=16, d_ff=64, num_layers=2, num_decoder_layers=2, num_heads=3,
                         relative_attention_num_buckets=8, relative_attention_max_distance=20, dropout_rate=0,
                         decoder_start_token_id=0, pad_token_id=0)
    model = prepare("t5", tr.T5ForConditionalGeneration(config))
    # Buckets of the distances -20 ... 20; what is further away is in the buckets of these.
    for kind, block in (("source", model.encoder.block[0]), ("target", model.decoder.block[0])):
        bucket = functools.partial(block.layer[0].SelfAttention._relative_position_bucket, bidirectional=kind == "source",
                                   num_buckets=8, max_distance=20)
        assert torch.equal(bucket(torch.arange(-60, 61)), bucket(torch.arange(-60, 61).clamp(-20, 20)))
        keep("t5", **{f"{kind}_buckets": bucket(torch.arange(-20, 21))})
    for count, length in ((12, 7), (29, 1), (1, 23)):
        source, target = tokens(count, 57), tokens(length, 57, seed=5)
        out = model(input_ids=torch.tensor(source[None]), decoder_input_ids=torch.tensor(target[None]))
        keep("t5", **{f"source{count}": source, f"target{length}": target, f"encoded{count}": out.encoder_last_hidden_state[0],
                      f"logits{count}_{length}": out.logits[0]})


def qwen3_moe():
    config = tr.Qwen3MoeConfig(vocab_size=63, hidden_size=48, intermediate_size=64, moe_intermediate_size=32,
                               num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16, num_experts=6,
                               num_experts_per_tok=2, norm_topk_prob=True, decoder_sparse_step=1, max_position_embeddings=64,
                               rope_theta=10000.0, experts_implementation="eager")
    model = prepare("qwen3_moe", tr.Qwen3MoeForCausalLM(config))
    for length in (1, 9, 40):
        ids = tokens(length, 63)
        keep("qwen3_moe", **{f"tokens{length}": ids, f"logits{length}": model(torch.tensor(ids[None])).logits[0].detach()})


def main():
    with torch.no_grad():
        for make in (gpt2, vit, whisper, moonshine, t5, qwen3_moe):
            make()
    np.savez_compressed(ROOT / "test" / "Integration" / "data" / "models.npz", **RESULTS)


main()
