# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small tokenizers made of the parts that tokenizer.json of real models have, and what the library makes of awkward texts.

PYTHON dev-support/tokenizer_golden.py    (needs tokenizers, sentencepiece)

test/Integration/data/tokenizers.json.gz: by name {"tokenizer", "lines": [{"text", "ids"}], "texts": [{"ids", "text"}]}.
"""

import gzip
import json
import pathlib
import random
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = ROOT / "test" / "Integration" / "data"
MARK = "\u2581"
PARTS = [" ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "a", "b", "the ", " of", "The", "tensor", "ing ", "don't",
         "I'LL", "it's", "1", "23", "4567", "\u0661\u0662", "\u00bd", "\u2167", ".", ",", "!", "?", "...", "(", ")", "$", "``", "_", "-",
         "\u00e9", "e\u0301", "\u1e9b\u0323", "\ufb01", "\uff21\uff22", "\u00df", "\u0130", "\u03a3", "\u4e2d\u6587", "\u65e5\u672c\u3054",
         "\u30ab\u30bf", "\ud55c\uad6d", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e44\u0e17\u0e22", "\u05e9\u05dc\u05d5\u05dd",
         "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u200d", "\u200b", "\ufeff", "\u0000x", "\x07",
         "\u00ad", "</s>", "<mask>", "<|end|>", "[X]", MARK, MARK + MARK, "<0x0A>", "naive caf\u00e9 ", "x\u0304\u0323", "\u212b", "\ufdfa",
         "https://x.y/z?a=1 ", "def f(x):\n    return x\n", "\u2026", "\u2019s", "\u201cq\u201d"]
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = CL100K.replace("{1,3}", "")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?"
         r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"
         r"\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|"
            r"\s+(?!\S)|\s+")
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def corpus():
    generator = random.Random(1)
    text = "\n".join((ROOT / "docs" / name).read_text() for name in ("encoders.md", "functions.md", "chat-templates.md"))
    plain = [part for part in PARTS[10:] if part[0] not in "<["]
    mixed = ["".join(generator.choice(plain) for _ in range(8)).replace("\0", "") for _ in range(60)]
    return text.splitlines() + mixed


def charsmap():
    """A small one of SentencePiece's own making."""
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.tsv"
        pairs = {"\u00bd": "1/2", "\ufb01": "fi", "\uff21": "A", "\uff22": "B", "\u00a0": " ", "\u3000": " ", "\t": " ", "\n": " ",
                 "e\u0301": "\u00e9", "\u200b": "", "\ufeff": "", "\u2026": "...", "\u212b": "\u00c5", "x\u0304\u0323": "X", "\ufdfa": "a b c"}
        rules.write_text("".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in pair) + "\n" for pair in pairs.items()))
        (pathlib.Path(folder) / "c.txt").write_text("\n".join(corpus()))
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/c.txt", model_prefix=f"{folder}/m", vocab_size=200, minloglevel=2,
                                                 normalization_rule_tsv=str(rules), character_coverage=0.98, hard_vocab_limit=False)
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString((pathlib.Path(folder) / "m.model").read_bytes())
        return proto.normalizer_spec.precompiled_charsmap


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def trained(model, trainer, **parts):
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def level(**options):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **options)


def byte_level(pre, normalizer=None, model=None, prefix=False, special=()):
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=list(special),
                                  show_progress=False)
    parts = {"normalizer": normalizer} if normalizer else {}
    return trained(model or models.BPE(), trainer, pre_tokenizer=pre, decoder=decoders.ByteLevel(), **parts)


def spaced_bpe(normalizer, pre, decoder, **model):
    """SentencePiece-like: characters, and bytes for others."""
    special = ["<unk>", "<s>", "</s>", *BYTES]
    trainer = trainers.BpeTrainer(vocab_size=560, special_tokens=special, limit_alphabet=90, show_progress=False)
    parts = {key: part for key, part in {"normalizer": normalizer, "pre_tokenizer": pre}.items() if part}
    tokenizer = trained(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainer, decoder=decoder, **parts)
    # Its trainer makes all bytes special; real files have three special tokens.
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = document["added_tokens"][:3]
    document["model"] |= model
    return Tokenizer.from_str(json.dumps(document))


def unigram(normalizer, pre, decoder, byte_fallback=False):
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>",
                                      show_progress=False)
    tokenizer = trained(models.Unigram(), trainer, normalizer=normalizer, pre_tokenizer=pre, decoder=decoder)
    if byte_fallback:
        document = json.loads(tokenizer.to_str())
        document["model"]["vocab"] += [[byte, -20.0] for byte in BYTES]
        document["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(document))
    return tokenizer


def word_pieces(normalizer, pre):
    trainer = trainers.WordPieceTrainer(vocab_size=320, special_tokens=["[UNK]", "[CLS]", "[SEP]"], limit_alphabet=80, show_progress=False)
    tokenizer = trained(models.WordPiece(unk_token="[UNK]"), trainer, normalizer=normalizer, pre_tokenizer=pre,
                        decoder=decoders.WordPiece())
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


def words(pre, normalizer=None):
    parts = {"normalizer": normalizer} if normalizer else {}
    trainer = trainers.WordLevelTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False)
    return trained(models.WordLevel(unk_token="[UNK]"), trainer, pre_tokenizer=pre, **parts)


def with_added(tokenizer):
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.add_tokens([AddedToken("[X]", normalized=True), AddedToken("  ", normalized=False, special=False)])
    return tokenizer


def tokenizers():
    seq, pre = pre_tokenizers.Sequence, pre_tokenizers
    spaces = decoders.Replace(MARK, " ")
    fused = [spaces, decoders.ByteFallback(), decoders.Fuse()]
    small = normalizers.Precompiled(charsmap())
    made = {
        "gpt2": with_added(byte_level(level())),
        "prefix": byte_level(pre.ByteLevel(add_prefix_space=True)),
        "llama3": with_added(byte_level(seq([pre.Split(Regex(CL100K), "isolated"), level(use_regex=False)]),
                                        model=models.BPE(ignore_merges=True))),
        "qwen2": with_added(byte_level(seq([pre.Split(Regex(QWEN), "isolated"), level(use_regex=False)]), normalizers.NFC())),
        "o200k": byte_level(seq([pre.Split(Regex(O200K), "isolated"), level(use_regex=False)])),
        "deepseek": byte_level(seq([pre.Split(Regex(r"\p{N}{1,3}"), "isolated"),
                                    pre.Split(Regex("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), "isolated"),
                                    pre.Split(Regex(DEEPSEEK), "isolated"), level(use_regex=False)])),
        "starcoder": byte_level(seq([pre.Digits(individual_digits=True), level()])),
        "digits": byte_level(seq([pre.Digits(individual_digits=False), pre.Punctuation("contiguous"), level()]), normalizers.NFKC()),
        "clip": byte_level(seq([pre.Split(Regex(CLIP), "removed", invert=True), level()]),
                           normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]),
                           models.BPE(end_of_word_suffix="</w>", unk_token="<|end|>"), special=["<|end|>"]),
        "llama2": spaced_bpe(normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)]), None,
                             decoders.Sequence([*fused, decoders.Strip(" ", 1, 0)])),
        "gemma": with_added(spaced_bpe(normalizers.Replace(" ", MARK), pre.Split(" ", "merged_with_previous"),
                                       decoders.Sequence(fused))),
        "mistral": spaced_bpe(None, pre.Metaspace(prepend_scheme="first", split=False),
                              decoders.Sequence([*fused, decoders.Strip(" ", 1, 0)])),
        "no_bytes": spaced_bpe(None, pre.Metaspace(prepend_scheme="always"), decoders.Metaspace(), byte_fallback=False),
        "unfused": spaced_bpe(None, pre.Metaspace(prepend_scheme="never"), decoders.Metaspace(prepend_scheme="never"),
                              byte_fallback=False, fuse_unk=False),
        "dropped": spaced_bpe(None, pre.WhitespaceSplit(), None, byte_fallback=False, unk_token=None),
        "xlm_roberta": unigram(normalizers.Sequence([small, normalizers.Replace(Regex(" {2,}"), " ")]), pre.Metaspace(),
                               decoders.Metaspace()),
        "albert": unigram(normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(),
                                                normalizers.Lowercase(), small]),
                          seq([pre.WhitespaceSplit(), pre.Metaspace()]), decoders.Metaspace()),
        "unigram_bytes": unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFD(), normalizers.Strip()]),
                                 pre.Metaspace(prepend_scheme="first", split=False),
                                 decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]), byte_fallback=True),
        "bert": word_pieces(normalizers.BertNormalizer(), pre.BertPreTokenizer()),
        "bert_cased": word_pieces(normalizers.BertNormalizer(lowercase=False, clean_text=False, handle_chinese_chars=False),
                                  pre.BertPreTokenizer()),
        "words": words(pre.Whitespace(), normalizers.Sequence([normalizers.Strip(right=False), normalizers.Lowercase()])),
        "punctuation": words(seq([pre.CharDelimiterSplit("-"), pre.Punctuation("merged_with_previous"), pre.Whitespace()])),
        "next": words(seq([pre.Punctuation("merged_with_next"), pre.Split(Regex(r"\d+|\w"), "contiguous")])),
        "removed": words(seq([pre.Punctuation("removed"), pre.Split(Regex("x*"), "isolated"), pre.Split("a", "merged_with_next")])),
        "lowered_tokens": words(pre.WhitespaceSplit(), normalizers.Sequence([normalizers.Lowercase(), normalizers.NFKC()])),
    }
    made["lowered_tokens"].add_tokens([AddedToken("Tensor", normalized=True), AddedToken("[X]", normalized=True, single_word=True),
                                       AddedToken("<mask>", normalized=False, lstrip=True)])
    begin = [("<s>", made["llama2"].token_to_id("<s>"))]
    made["llama2"].post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", begin)
    made["xlm_roberta"].post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    return made


def main():
    generator, result = random.Random(7), {}
    for name, tokenizer in tokenizers().items():
        texts = ["".join(generator.choice(PARTS) for _ in range(generator.randrange(12))) for _ in range(150)]
        texts += ["", " ", "  a", "Hello, world!", "the  quick\n\nbrown", " " * 9]
        lines = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in texts]
        chosen = [line["ids"] for line in lines if line["ids"]][::11]
        back = [{"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=False)} for ids in chosen]
        result[name] = {"tokenizer": json.loads(tokenizer.to_str()), "lines": lines, "texts": back}
    with gzip.GzipFile(DATA / "tokenizers.json.gz", "wb", mtime=0) as out:
        out.write(json.dumps(result).encode())


main()
