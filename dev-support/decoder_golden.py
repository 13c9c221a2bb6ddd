# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What transformers makes of the tiny decoders of test/Integration, in float64 (angles are float32 there).

PYTHON dev-support/decoder_golden.py    (needs torch, transformers 5.24 or later, numpy)

test/Integration/data/decoders.npz: `ids`, and for each family of tiny_decoder.py `NAME` float32 [tokens, vocabulary]; with
weights rounded to bf16, `NAME_bf16`.
"""

import pathlib
import sys
import tempfile

import numpy as np
import torch
from transformers import AutoModelForCausalLM

TESTS = pathlib.Path(__file__).resolve().parents[1] / "test" / "Integration"
sys.path.insert(0, str(TESTS))
from tiny_decoder import CONFIGS, VOCABULARY, TinyDecoder  # noqa: E402


def logits(decoder, folder, ids):
    model, said = AutoModelForCausalLM.from_pretrained(decoder.write_folder(folder), attn_implementation="eager",
                                                       dtype=torch.float32, output_loading_info=True)
    assert not any(said.values()), said
    with torch.no_grad():
        return model.double().eval()(torch.tensor(ids)[None]).logits[0].float().numpy()


def main(data):
    ids = np.random.default_rng(5).integers(0, VOCABULARY, 24).astype("i4")
    result = {"ids": ids}
    with tempfile.TemporaryDirectory() as name:
        for family in CONFIGS:
            result[family] = logits(TinyDecoder(family), pathlib.Path(name) / family, ids)
        for family in ("llama", "gemma3"):
            result[family + "_bf16"] = logits(TinyDecoder(family, dtype="bf16"), pathlib.Path(name) / f"{family}_bf16", ids)
    np.savez_compressed(data / "decoders.npz", **result)


main(TESTS / "data")
