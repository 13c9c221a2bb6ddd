# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A folder as Hugging Face's libraries keep Whisper, from a model of CTranslate2: folder_of(source, target).

`source` has model.bin (version 6 of the format), config.json and tokenizer.json of Whisper tiny.en. What CTranslate2
joins, queries, keys and values, is taken apart again; the numbers stay as they are.
"""

import json
import pathlib
import shutil
import struct

TYPES = {0: ("F32", 4), 4: ("F16", 2)}  # the others are settings
NORM = {"gamma": "weight", "beta": "bias"}


def variables(data):
    """name -> (dims, type, bytes) of a model.bin."""
    at = 0

    def take(form):
        nonlocal at
        value = struct.unpack_from("<" + form, data, at)[0]
        at += struct.calcsize("<" + form)
        return value

    def word():
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at].rstrip(b"\0").decode()

    assert take("I") == 6 and word() == "WhisperSpec", "no Whisper of CTranslate2's format 6"
    take("I")
    found = {}
    for _ in range(take("I")):
        name = word()
        dims = [take("I") for _ in range(take("B"))]
        kind, size = take("B"), take("I")
        found[name] = (dims, kind, data[at : at + size])
        at += size
    return found


def split_rows(variable, parts):
    dims, kind, data = variable
    step = len(data) // parts
    return [([dims[0] // parts, *dims[1:]], kind, data[i * step : (i + 1) * step]) for i in range(parts)]


def attention(source, prefix, target, crosses):
    """Tensors of one attention: `linear_0` has queries, keys and values; across, queries, and `linear_1` keys and values."""
    plan = [("linear_0", ["q"]), ("linear_1", ["k", "v"])] if crosses else [("linear_0", ["q", "k", "v"])]
    plan.append((f"linear_{len(plan)}", ["out"]))
    for linear, parts in plan:
        for end in ("weight", "bias"):
            for part, variable in zip(parts, split_rows(source[f"{prefix}/{linear}/{end}"], len(parts))):
                # Keys have no bias in Whisper: CTranslate2 fills it with zeros.
                if (part, end) == ("k", "bias"):
                    assert not any(variable[2])
                    continue
                yield f"{target}.{part}_proj.{end}", variable


def norm(source, prefix, target):
    for end, name in NORM.items():
        yield f"{target}.{name}", source[f"{prefix}/{end}"]


def side(source, side):
    """Tensors of the encoder or the decoder."""
    model = f"model.{side}"
    yield f"{model}.embed_positions.weight", source[f"{side}/position_encodings/encodings"]
    yield from norm(source, f"{side}/layer_norm", f"{model}.layer_norm")
    layer = 0
    while f"{side}/layer_{layer}/ffn/layer_norm/gamma" in source:
        old, new = f"{side}/layer_{layer}", f"{model}.layers.{layer}"
        yield from norm(source, f"{old}/self_attention/layer_norm", f"{new}.self_attn_layer_norm")
        yield from attention(source, f"{old}/self_attention", f"{new}.self_attn", crosses=False)
        if side == "decoder":
            yield from norm(source, f"{old}/attention/layer_norm", f"{new}.encoder_attn_layer_norm")
            yield from attention(source, f"{old}/attention", f"{new}.encoder_attn", crosses=True)
        yield from norm(source, f"{old}/ffn/layer_norm", f"{new}.final_layer_norm")
        for number in (0, 1):
            for end in ("weight", "bias"):
                yield f"{new}.fc{number + 1}.{end}", source[f"{old}/ffn/linear_{number}/{end}"]
        layer += 1


def tensors(source):
    for name in ("conv1", "conv2"):
        for end in ("weight", "bias"):
            yield f"model.encoder.{name}.{end}", source[f"encoder/{name}/{end}"]
    yield "model.decoder.embed_tokens.weight", source["decoder/embeddings/weight"]
    yield from side(source, "encoder")
    yield from side(source, "decoder")


def write_safetensors(path, named):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dims, kind, data) in named:
        header[name] = {"dtype": TYPES[kind][0], "shape": dims, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, (_, _, data) in named:
            out.write(data)


# As openai/whisper-tiny.en has them.
END, START, BEFORE, SILENT = 50256, 50257, 50360, 50362
PREPROCESSOR = {"chunk_length": 30, "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "hop_length": 160,
                "n_fft": 400, "n_samples": 480000, "nb_max_frames": 3000, "padding_side": "right", "padding_value": 0.0,
                "processor_class": "WhisperProcessor", "return_attention_mask": False, "sampling_rate": 16000}


def config(source, named):
    shapes = {name: variable[0] for name, variable in named}
    vocabulary, width = shapes["model.decoder.embed_tokens.weight"]
    heads = struct.unpack("<h", source["encoder/num_heads"][2])[0]
    layers = {side: sum(f"model.{side}.layers.{i}.fc1.bias" in shapes for i in range(99)) for side in ("encoder", "decoder")}
    feed_forward = shapes["model.encoder.layers.0.fc1.bias"][0]
    return {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "vocab_size": vocabulary,
            "activation_function": "gelu", "d_model": width, "num_mel_bins": shapes["model.encoder.conv1.weight"][1],
            "encoder_layers": layers["encoder"], "decoder_layers": layers["decoder"], "encoder_attention_heads": heads,
            "decoder_attention_heads": heads, "encoder_ffn_dim": feed_forward, "decoder_ffn_dim": feed_forward,
            "max_source_positions": shapes["model.encoder.embed_positions.weight"][0],
            "max_target_positions": shapes["model.decoder.embed_positions.weight"][0], "scale_embedding": False,
            "is_encoder_decoder": True, "bos_token_id": END, "eos_token_id": END, "pad_token_id": END,
            "decoder_start_token_id": START, "num_hidden_layers": layers["encoder"], "torch_dtype": "float16"}


def generation(settings):
    return {"alignment_heads": settings["alignment_heads"], "begin_suppress_tokens": settings["suppress_ids_begin"],
            "bos_token_id": START, "decoder_start_token_id": START, "eos_token_id": END, "pad_token_id": END,
            "forced_decoder_ids": [[1, SILENT]], "is_multilingual": False, "max_initial_timestamp_index": 50,
            "max_length": 448, "no_timestamps_token_id": SILENT, "prev_sot_token_id": BEFORE, "return_timestamps": False,
            "suppress_tokens": settings["suppress_ids"]}


def folder_of(source, target):
    source, target = pathlib.Path(source), pathlib.Path(target)
    target.mkdir()
    found = variables((source / "model.bin").read_bytes())
    named = list(tensors(found))
    write_safetensors(target / "model.safetensors", named)
    settings = json.loads((source / "config.json").read_text())
    for name, content in (("config", config(found, named)), ("generation_config", generation(settings)),
                          ("preprocessor_config", PREPROCESSOR)):
        (target / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    shutil.copy(source / "tokenizer.json", target / "tokenizer.json")
