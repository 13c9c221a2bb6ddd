# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What transformers and tokenizers make of the tiny encoders of test/Integration, in float64 (angles are float32 there).

PYTHON dev-support/rotary_encoder_golden.py    (needs torch, transformers 5.24 or later, tokenizers, numpy)

test/Integration/data/modernbert.npz: `plain`, `lists` [tokens, width] and their `_ids`; nomic_bert.npz: `hidden`, `ids`;
modernbert.tokenizer.jsonl, added_tokens.tokenizer.jsonl: {"text", "ids"}.
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
from tiny_modern_encoder import EDGES, TinyModernEncoder  # noqa: E402
from tiny_nomic_encoder import TinyNomicEncoder  # noqa: E402

PARTS = ["a", "b", " ", "  ", "e\u0301", "\u00e9", "e", "\u0301", "\n", "1", "'s", "\u1100\u1161", "\u212b", "!", "\u4e2d",
         "\u0344", "\u0958", "[SEP]"]
EDGE_PARTS = ["a", "1", "_", "!", " ", "  ", "\n", "\u00a0", "\u3000", "\u200d", "\u0301", *EDGES, *EDGES]


def rows(encoder, folder):
    model = AutoModel.from_pretrained(encoder.write_folder(folder), attn_implementation="eager").double().eval()
    ids = np.random.default_rng(5).integers(5, len(encoder.tokens), 37)
    with torch.no_grad():
        return ids, model(torch.tensor(ids)[None]).last_hidden_state[0].numpy()


def tokens(folder, path, parts, seed):
    tokenizer, generator = Tokenizer.from_file(str(folder / "tokenizer.json")), random.Random(seed)
    with open(path, "w", encoding="utf-8") as out:
        for _ in range(300):
            text = "".join(generator.choice(parts) for _ in range(generator.randrange(15)))
            out.write(json.dumps({"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids}) + "\n")


def main(data):
    with tempfile.TemporaryDirectory() as name:
        folder, modern = pathlib.Path(name), {}
        for kind, settings in (("plain", {}), ("lists", {"lists": True, "every": 2, "window": 5})):
            modern[kind + "_ids"], modern[kind] = rows(TinyModernEncoder(**settings), folder / kind)
        np.savez(data / "modernbert.npz", **modern)
        ids, hidden = rows(TinyNomicEncoder(), folder / "nomic")
        np.savez(data / "nomic_bert.npz", ids=ids, hidden=hidden)
        tokens(folder / "plain", data / "modernbert.tokenizer.jsonl", PARTS, 3)
        edges = TinyModernEncoder(edges=EDGES).write_folder(folder / "edges")
        tokens(edges, data / "added_tokens.tokenizer.jsonl", EDGE_PARTS, 4)


main(TESTS / "data")
