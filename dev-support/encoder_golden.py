# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden data of an encoder, by an independent path: Hugging Face's tokenizers and transformers, float32.

PYTHON dev-support/encoder_golden.py MODEL_FOLDER OUT_STEM    (needs torch, transformers, tokenizers, numpy)

OUT_STEM.npz: `vectors` [texts, width] of test/Integration/encoder_texts.py (cut to 512 tokens, averaged, length 1) and
`tokens`, how many each has. OUT_STEM.tokenizer.jsonl: {"text", "ids"} of those texts and of random Unicode; characters
on which one alone disagrees are left out, since the reference's tables are of Unicode 8.
"""

import json
import pathlib
import random
import sys

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "Integration"))
from encoder_texts import texts  # noqa: E402

SPACES = "\t\n\r \u00a0\u3000\u2028\u200b\ufeff\x00\x07\x7f\x0b\x0c\x85"
WORDS = ["The", "unaffable", "İstanbul", "naïve", "STRASSE", "straße", "北京", "한국어", "ΑΣ", "don't", "x" * 120,
         "[MASK]", "[CLS]", "##ing", "e\u0301", "ﬁ", "Ⅷ", "½", "👩‍👩‍👧", "①", "a\u0323\u0307", "…", "„so“"]


def character(generator, old):
    kind = generator.random()
    if kind < 0.5:
        return chr(generator.randrange(32, 127))
    if kind < 0.6:
        return generator.choice(SPACES)
    while True:
        code = generator.randrange(0x80, 0x3000 if kind < 0.8 else 0x20000)
        if not 0xD800 <= code < 0xE000 and chr(code) in old:
            return chr(code)


def random_texts(old):
    generator = random.Random(8)
    lines = ["".join(character(generator, old) for _ in range(generator.randrange(1, 50))) for _ in range(400)]
    return lines + [" ".join(generator.choice(WORDS) for _ in range(generator.randrange(1, 9))) for _ in range(200)]


def assigned_long_ago():
    """Characters that this Python and the reference's old tables see alike: those of the basic plane that had a
    category in Unicode 3.2."""
    import unicodedata

    same = lambda c: unicodedata.ucd_3_2_0.category(c) == unicodedata.category(c) != "Cn"  # noqa: E731
    return {chr(c) for c in range(0x80, 0x20000) if not 0xD800 <= c < 0xE000 and same(chr(c))}


def main(folder, stem):
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with open(f"{stem}.tokenizer.jsonl", "w", encoding="utf-8") as out:
        for text in random_texts(assigned_long_ago()) + texts()[::4]:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            out.write(json.dumps({"text": text, "ids": ids}) + "\n")
    tokenizer.enable_truncation(512)
    model = AutoModel.from_pretrained(folder).eval()
    vectors, tokens = [], []
    with torch.no_grad():
        for text in texts():
            ids = tokenizer.encode(text).ids
            rows = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
            vectors.append(torch.nn.functional.normalize(rows.mean(0), dim=0).numpy())
            tokens.append(len(ids))
    np.savez_compressed(f"{stem}.npz", vectors=np.array(vectors), tokens=np.array(tokens))


main(*sys.argv[1:])
