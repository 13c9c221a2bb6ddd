# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Teacher-forced logits of both models against the float32 reference, through every specialisation."""

import numpy as np
import pytest
from conftest import golden

# Share of llama.cpp's stored divergence that 256 of its 512 tokens see.
SEEN = 0.98


@pytest.mark.parametrize("chunk", [1, 4, 512])
def test_logits_of_all_texts(evaluate, model, chunk):
    reference = golden(model)
    divergences, wrong = [], 0
    for k in reference.texts:
        logits, line = evaluate(reference, k, "-b", chunk)
        divergences.append(reference.divergence(k, logits))
        wrong += reference.wrong_tops(k, logits)
        assert line["tokens"] == len(reference.ids(k))
    mean = float(np.concatenate(divergences).mean())
    print(f"{model} -b {chunk}: mean KL {mean:.3e}, llama.cpp {reference.llama_kl:.3e}, {wrong} sure tops wrong")
    assert mean <= SEEN * reference.llama_kl
    assert wrong <= 1


def test_reference_interpreter(evaluate, model):
    """float64 against torch's float32: what is left is the rounding of the stored float32 logits."""
    reference = golden(model)
    divergences = []
    for k in reference.texts:
        logits, _ = evaluate(reference, k, "--reference")
        divergences.append(reference.divergence(k, logits))
        assert reference.wrong_tops(k, logits) == 0
    mean = float(np.concatenate(divergences).mean())
    print(f"{model} --reference: mean KL {mean:.3e}")
    assert mean <= 1e-9


def test_perplexity_is_that_of_the_logits(evaluate, smollm2):
    reference = golden("smollm2")
    logits, line = evaluate(reference, 0)
    ids = reference.ids(0)
    rows = logits.astype(np.float64)
    lse = rows.max(1) + np.log(np.exp(rows - rows.max(1, keepdims=True)).sum(1))
    nll = float((lse[:-1] - rows[np.arange(len(ids) - 1), ids[1:]]).mean())
    # The sum or the mean: either way the perplexity is exp of the mean.
    assert line["perplexity"] == pytest.approx(np.exp(nll), rel=1e-4)


def test_same_bits_for_any_number_of_threads(evaluate, model):
    reference = golden(model)
    first, _ = evaluate(reference, 0, "-t", 1)
    assert (first == evaluate(reference, 0, "-t", 2)[0]).all()
    assert (first == evaluate(reference, 0, "-t", 2)[0]).all()
    one, _ = evaluate(reference, 5, "-t", 1, "-b", 1)
    assert (one == evaluate(reference, 5, "-t", 2, "-b", 1)[0]).all()


def test_avx2_variant(evaluate, model):
    reference = golden(model)
    for chunk in (1, 512):
        divergences = [reference.divergence(k, evaluate(reference, k, "-b", chunk, "--device", "cpu:x86-64-v3")[0])
                       for k in (0, 5)]
        limit = max(float(reference.data["llama_kl_0"]), reference.llama_kl)
        assert float(np.concatenate(divergences).mean()) <= 1.5 * limit
