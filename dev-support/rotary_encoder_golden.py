# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What transformers and tokenizers make of the tiny encoders of test/Integration, in float64 (angles are float32 there).

PYTHON dev-support/rotary_encoder_golden.py    (needs torch, transformers 5.24 or later, tokenizers, numpy)

test/Integration/data/modernbert.npz: `plain`, `lists` [tokens, width] and their `_ids`; nomic_bert.npz: `hidden`, `ids`;
modernbert.tokenizer.jsonl: {"text", "ids"}.
"""

import json
import pathlib
import random
import sys
import tempfile

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

TESTS = pathlib.Path(__file__).resolve().parents[1] / "test" / "Integration"
sys.path.insert(0, str(TESTS))
from tiny_modern_encoder import TinyModernEncoder  # noqa: E402
from tiny_nomic_encoder import TinyNomicEncoder  # noqa: E402

PARTS = ["a", "b", " ", "  ", "e\u0301", "\u00e9", "e", "\u0301", "\n", "1", "'s", "\u1100\u1161", "\u212b", "!", "\u4e2d",
         "\u0344", "\u0958", "[SEP]"]


def rows(encoder, folder):
    model = AutoModel.from_pretrained(encoder.write_folder(folder), attn_implementation="eager").double().eval()
    ids = np.random.default_rng(5).integers(5, len(encoder.tokens), 37)
    with torch.no_grad():
        return ids, model(torch.tensor(ids)[None]).last_hidden_state[0].numpy()


def main(data):
    with tempfile.TemporaryDirectory() as name:
        folder, modern = pathlib.Path(name), {}
        for kind, settings in (("plain", {}), ("lists", {"lists": True, "every": 2, "window": 5})):
            modern[kind + "_ids"], modern[kind] = rows(TinyModernEncoder(**settings), folder / kind)
        np.savez(data / "modernbert.npz", **modern)
        ids, hidden = rows(TinyNomicEncoder(), folder / "nomic")
        np.savez(data / "nomic_bert.npz", ids=ids, hidden=hidden)
        tokenizer = Tokenizer.from_file(str(folder / "plain" / "tokenizer.json"))
    generator = random.Random(3)
    with open(data / "modernbert.tokenizer.jsonl", "w", encoding="utf-8") as out:
        for _ in range(300):
            text = "".join(generator.choice(PARTS) for _ in range(generator.randrange(15)))
            out.write(json.dumps({"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}) + "\n")


main(TESTS / "data")
