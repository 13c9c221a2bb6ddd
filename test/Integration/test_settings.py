# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings of a model file: what changes the model is honoured, or refused by name."""

import numpy as np
import pytest
from tiny import Tiny, divergence

IDS = list(np.random.default_rng(4).integers(0, 256, 120))


@pytest.fixture
def evaluate_tiny(terrazzo, tmp_path):
    def run(model, code=0):
        ids, out = tmp_path / "ids", tmp_path / "logits.npy"
        ids.write_text(" ".join(map(str, IDS)))
        result = terrazzo("eval", "-m", model.write(tmp_path / "m.gguf"), "--ids", ids, "--logits", out, "--no-cache", code=code)
        return np.load(out) if code == 0 else result

    return run


@pytest.mark.parametrize("keys", [
    {"llama.rope.scaling.factor": 4.0}, {"llama.rope.scaling.factor": 4.0, "llama.rope.scaling.type": "linear"},
    {"llama.rope.scale_linear": 4.0}, {"llama.rope.scale_linear": 4.0, "llama.rope.scaling.type": "linear"},
])
def test_scaled_positions(evaluate_tiny, keys):
    model = Tiny(sharpness=3.0, position_scale=0.25, keys=keys)
    # Keys and values are float16.
    assert divergence(model.logits(IDS), evaluate_tiny(model)) < 1e-3
    # The test sees the difference.
    model.position_scale = 1.0
    assert divergence(model.logits(IDS), evaluate_tiny(model)) > 1e-2


@pytest.mark.parametrize("keys", [
    {"llama.rope.scaling.factor": 4.0, "llama.rope.scaling.type": "none"}, {"llama.rope.scaling.factor": 0.0},
    {"llama.attention.causal": True, "llama.attention.scale": 0.25, "llama.logit_scale": 1.0, "llama.expert_count": 0,
     "llama.attention.sliding_window": 256, "llama.attention.head_count_kv": [2, 2], "llama.feed_forward_length": [128, 128],
     "llama.rope.scaling.original_context_length": 64, "llama.rope.scaling.finetuned": True,
     "llama.tensor_data_layout": "Meta AI original pth", "general.file_type": 0, "mytool.version": 3},
])
def test_settings_that_leave_the_model_as_it_is(evaluate_tiny, keys):
    model = Tiny(sharpness=3.0, keys=keys)
    assert divergence(model.logits(IDS), evaluate_tiny(model)) < 1e-3


@pytest.mark.parametrize("key, value", [
    ("llama.attention.causal", False), ("llama.attention.scale", 0.01), ("llama.logit_scale", 0.1),
    ("llama.residual_scale", 0.3), ("llama.embedding_scale", 5.0), ("llama.attn_logit_softcapping", 5.0),
    ("llama.final_logit_softcapping", 5.0), ("llama.attention.sliding_window", 8), ("llama.expert_count", 4),
    ("llama.rope.scaling.attn_factor", 2.0), ("llama.rope.scaling.type", "yarn"), ("llama.attention.clamp_kqv", 1.0),
    ("llama.use_parallel_residual", True), ("llama.tensor_data_layout", "reference"), ("llama.attention.head_count_kv", [2, 1]),
    ("llama.what_is_this", 1), ("llama.rope.dimension_sections", [4, 4]),
])
def test_settings_that_are_refused(evaluate_tiny, key, value):
    result = evaluate_tiny(Tiny(keys={key: value}), code=3)
    assert f"'{key}'" in result.err, result
