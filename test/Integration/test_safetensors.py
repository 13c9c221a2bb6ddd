# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hostile files of weights. Each has one fault, and the refusal names that one: a file that has two would still be refused
if the check of one were lost. SOUND is what each differs from."""

import json
import os
import re
import struct

import pytest
from tiny_encoder import TinyEncoder, write_safetensors

FIRST, SECOND = "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"


def entry(begin, end, shape=None, dtype="F32", **others):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]} | others


SOUND = {FIRST: entry(0, 8), SECOND: entry(8, 16)}
TEXT = json.dumps(SOUND)


def first(**changes):
    return SOUND | {FIRST: entry(0, 8) | changes}


def without(key):
    return SOUND | {FIRST: {name: value for name, value in entry(0, 8).items() if name != key}}


def named(name):
    return {name: entry(0, 8), SECOND: entry(8, 16)}


def nested(depth, opening="[", closing="]"):
    """A header with a number that so many objects and lists are around."""
    return '{"__metadata__": ' + opening * (depth - 1) + "0" + closing * (depth - 1) + ", " + TEXT[1:]


def file_of(header, data=16, length=None):
    text = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


@pytest.fixture
def folder(tmp_path):
    return TinyEncoder("bert").write_folder(tmp_path / "m")


def refused(terrazzo, folder, code, where, why, verb=("inspect",), exit_code=3):
    """One error: its code, the place that `where` ends, and `why` in its reason. Nothing takes long or much memory."""
    result = terrazzo(*verb, folder, code=exit_code, timeout=60)
    found = re.fullmatch(r"error\[(TZ\d{4})\]: .+\n  --> (.+)\n      (.+)\n(?:  = help: .+\n)?", result.err)
    assert found and not result.out, result
    assert found[1] == code and found[2] == f"{folder}{where}" and why in found[3], result


# --- one file ------------------------------------------------------------------

ENTRY, WHOLE, PLACE = "not 'dtype', 'shape' and two 'data_offsets'", "a dimension is no whole number", "lies outside of the file"
OFFSETS = "not two whole numbers, the smaller first"
NAME, ABSURD, OVERLAP = "empty, too long, or has control characters", "dimensions are absurd", "overlaps that of another"
LARGE = "a number of it is too large"
TOO_LONG, DEEP, TWICE = "is longer than the file", "nested deeper than 64", "stands twice in one object"

# The file, the tensor that is to blame, and why.
TENSORS = {
    "number for a tensor": (SOUND | {FIRST: 3}, FIRST, ENTRY),
    "list for a tensor": (SOUND | {FIRST: [entry(0, 8)]}, FIRST, ENTRY),
    "no type": (without("dtype"), FIRST, ENTRY),
    "no shape": (without("shape"), FIRST, ENTRY),
    "no offsets": (without("data_offsets"), FIRST, ENTRY),
    "another key": (first(strides=[1]), FIRST, ENTRY),
    "type is a number": (first(dtype=32), FIRST, ENTRY),
    "shape is a number": (first(shape=2), FIRST, ENTRY),
    "shape is null": (first(shape=None), FIRST, ENTRY),
    "offsets are a number": (first(data_offsets=8), FIRST, ENTRY),
    "one offset": (first(data_offsets=[0]), FIRST, ENTRY),
    "three offsets": (first(data_offsets=[0, 8, 8]), FIRST, ENTRY),
    "unknown type": (first(dtype="F7"), FIRST, "its type is unknown"),
    "type in small letters": (first(dtype="f32"), FIRST, "its type is unknown"),
    "type without a name": (first(dtype=""), FIRST, "its type is unknown"),
    "nine dimensions": (first(shape=[1] * 8 + [2]), FIRST, "more than 8 dimensions"),
    "a million dimensions": (first(shape=[1] * 1000000 + [2]), FIRST, "more than 8 dimensions"),
    "negative dimension": (first(shape=[-2]), FIRST, WHOLE),
    "two negative dimensions": (first(shape=[-1, -2]), FIRST, WHOLE),
    "fraction": (first(shape=[2.0]), FIRST, WHOLE),
    "text for a dimension": (first(shape=["2"]), FIRST, WHOLE),
    "truth for a dimension": (first(shape=[2, True]), FIRST, WHOLE),
    "null for a dimension": (first(shape=[None]), FIRST, WHOLE),
    "list for a dimension": (first(shape=[[2]]), FIRST, WHOLE),
    "dimension of 1e300": (first(shape=[1e300]), FIRST, WHOLE),
    "dimension above 64 bits": (first(shape=[2**64 + 2]), FIRST, WHOLE),
    # Modulo 2^64 these have the eight bytes of their data.
    "product overflows": (first(shape=[2**61 + 1, 2]), FIRST, ABSURD),
    "bytes overflow": (first(shape=[2**62 + 2]), FIRST, ABSURD),
    "late overflow": (first(shape=[2, 2**31, 2**31, 1, 0]), FIRST, ABSURD),
    "above 2^48 bytes": (first(shape=[2**47]), FIRST, ABSURD),
    "too few bytes": (first(shape=[3]), FIRST, "its shape takes 12 bytes, its data has 8"),
    "too many bytes": (first(shape=[1]), FIRST, "its shape takes 4 bytes, its data has 8"),
    "bytes of another type": (first(dtype="F16"), FIRST, "its shape takes 4 bytes, its data has 8"),
    "bytes for none": (first(shape=[0]), FIRST, "its shape takes 0 bytes, its data has 8"),
    "bytes for a scalar": (first(shape=[]), FIRST, "its shape takes 4 bytes, its data has 8"),
    "negative begin": (first(data_offsets=[-8, 0]), FIRST, OFFSETS),
    "negative end": (first(data_offsets=[0, -8]), FIRST, OFFSETS),
    "fraction for an offset": (first(data_offsets=[0, 8.0]), FIRST, OFFSETS),
    "text for an offset": (first(data_offsets=["0", 8]), FIRST, OFFSETS),
    "null for an offset": (first(data_offsets=[None, 8]), FIRST, OFFSETS),
    "list for an offset": (first(data_offsets=[[0], 8]), FIRST, OFFSETS),
    "end before begin": (first(data_offsets=[8, 0]), FIRST, OFFSETS),
    "one byte outside": ({FIRST: entry(0, 8), SECOND: entry(9, 17)}, SECOND, PLACE),
    "far outside": (SOUND | {SECOND: entry(2**40, 2**40 + 8)}, SECOND, PLACE),
    "end near 64 bits": (first(data_offsets=[2**64 - 8, 2**64 - 1]), FIRST, PLACE),
    "end above 64 bits": (first(data_offsets=[2**64, 2**64 + 8]), FIRST, OFFSETS),
    "nameless": (named(""), "", NAME),
    "256 letters": (named("x" * 256), "x" * 100, NAME),
    "control character": (named("a\x1b[31m"), "a\\x1b[31m", NAME),
    "deletion": (named("a\x7f"), "a\\x7f", NAME),
    "zero in a name": (named("a\0b"), "a\\x00b", NAME),
}
LAYOUTS = {
    "overlap": (file_of({FIRST: entry(0, 8), SECOND: entry(4, 12)}, 12), SECOND, OVERLAP),
    "two on one place": (file_of({"pooler.x": entry(0, 8), "pooler.y": entry(0, 8)}, 8), "pooler.y", OVERLAP),
    "one within another": (file_of({FIRST: entry(0, 16), SECOND: entry(4, 8)}), SECOND, OVERLAP),
    "nothing within another": (file_of(SOUND | {"pooler.x": entry(4, 4)}), "pooler.x", OVERLAP),
    "hole": (file_of({FIRST: entry(0, 8), SECOND: entry(12, 20)}, 20), SECOND, "no tensor covers the bytes before it"),
    "hole in front": (file_of({FIRST: entry(4, 12), SECOND: entry(12, 20)}, 20), FIRST, "no tensor covers the bytes before it"),
    "byte at the end": (file_of(SOUND, 17), None, "1 bytes at its end belong to no tensor"),
    "many bytes at the end": (file_of(SOUND, 5000), None, "4984 bytes at its end belong to no tensor"),
    "bytes of no tensor": (file_of({}, 4), None, "4 bytes at its end belong to no tensor"),
    "no byte": (b"", None, "it has 0 bytes"),
    "seven bytes": (file_of(SOUND)[:7], None, "it has 7 bytes"),
    "header longer by one": (file_of(SOUND, length=len(TEXT) + 17), None, TOO_LONG),
    "header of 2^60 bytes": (file_of(SOUND, length=1 << 60), None, TOO_LONG),
    "header of 2^64 - 1 bytes": (file_of(SOUND, length=2**64 - 1), None, TOO_LONG),
    "header of 2^64 - 8 bytes": (file_of(SOUND, length=2**64 - 8), None, TOO_LONG),
    "list": (file_of([SOUND]), None, "its header is no JSON object"),
    "number": (file_of("3"), None, "its header is no JSON object"),
    "text": (file_of('"a"'), None, "its header is no JSON object"),
    "null": (file_of("null"), None, "its header is no JSON object"),
}
JSONS = {
    "header of no bytes": (file_of("", 0), "it is no JSON"),
    "spaces": (file_of("    "), "it is no JSON"),
    "no JSON": (file_of("{{{{"), "it is no JSON"),
    "cut": (file_of(TEXT[:-1]), "it is no JSON"),
    "two documents": (file_of(TEXT + "{}"), "it is no JSON"),
    "comma at the end": (file_of(TEXT[:-1] + ",}"), "it is no JSON"),
    "comment": (file_of(TEXT + "// a"), "it is no JSON"),
    "no number": (file_of(TEXT.replace("[2]", "[NaN]", 1)), "it is no JSON"),
    "number of 1e400": (file_of(TEXT.replace("[2]", "[1e400]", 1)), LARGE),
    "number of a million digits": (file_of(TEXT.replace("[2]", f"[{'9' * 1000000}]", 1)), LARGE),
    "name is no UTF-8": (file_of(TEXT.encode().replace(b"bias", b"b\xff")), "it is no JSON"),
    "name is cut UTF-8": (file_of(TEXT.encode().replace(b"bias", b"b\xe2\x82")), "it is no JSON"),
    "long form of UTF-8": (file_of(TEXT.encode().replace(b"bias", b"b\xc0\xaf")), "it is no JSON"),
    "half of a pair": (file_of(TEXT.replace("bias", "\\ud800")), "it is no JSON"),
    "tensor twice": (file_of(TEXT.replace(SECOND, FIRST)), f"the key '{FIRST}' {TWICE}"),
    "tensor twice, once escaped": (file_of(TEXT.replace(SECOND, FIRST.replace("e", "\\u0065"))), f"the key '{FIRST}' {TWICE}"),
    "type twice": (file_of(TEXT.replace('"dtype"', '"dtype": "F32", "dtype"', 1)), f"the key 'dtype' {TWICE}"),
    "offsets twice": (file_of(TEXT.replace('"data_offsets"', '"data_offsets": [0, 8], "data_offsets"', 1)),
                      f"the key 'data_offsets' {TWICE}"),
    "metadata twice": (file_of('{"__metadata__": {}, "__metadata__": {}, ' + TEXT[1:]), f"the key '__metadata__' {TWICE}"),
    "lists nested deeply": (file_of(nested(65)), DEEP),
    "lists nested very deeply": (file_of(nested(1000000)), DEEP),
    "objects nested deeply": (file_of(nested(65, '{"a": ', "}")), DEEP),
    "objects nested very deeply": (file_of(nested(200000, '{"a": ', "}")), DEEP),
    "lists that never end": (file_of("[" * 1000000), DEEP),
}


@pytest.mark.parametrize("header", [SOUND, TEXT + "    ", {"__metadata__": {"format": "pt"}} | SOUND,
                                    SOUND | {"pooler." + "x" * 248: entry(16, 16)}, {SECOND: entry(8, 16), FIRST: entry(0, 8)},
                                    {FIRST: entry(0, 8), "pooler.x": entry(8, 16, [1] * 7 + [2])}],
                         ids=["plain", "spaces behind", "metadata", "255 letters", "another order", "eight dimensions"])
def test_sound_files(terrazzo, folder, header):
    """They are at the limits that the others pass."""
    (folder / "model.safetensors").write_bytes(file_of(header))
    terrazzo("inspect", folder)


@pytest.mark.parametrize("what", [*TENSORS, *LAYOUTS])
def test_hostile_tensors(terrazzo, folder, what):
    content, name, why = TENSORS.get(what) or LAYOUTS[what]
    (folder / "model.safetensors").write_bytes(content if what in LAYOUTS else file_of(content))
    refused(terrazzo, folder, "TZ0119", "/model.safetensors" + (f": tensor '{name}'" if name else ""), why)


@pytest.mark.parametrize("what", JSONS)
def test_hostile_json(terrazzo, folder, what):
    content, why = JSONS[what]
    (folder / "model.safetensors").write_bytes(content)
    refused(terrazzo, folder, "TZ0118", "/model.safetensors", why)


def test_header_above_the_limit(terrazzo, folder):
    """In a file that has the bytes, though none of them are on the disk."""
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", (100 << 20) + 1) + TEXT.encode())
        file.truncate(101 << 20)
    refused(terrazzo, folder, "TZ0119", "/model.safetensors", "104857601 bytes is longer than the file or than 104857600 bytes")


# --- several files -------------------------------------------------------------

INDEX = "model.safetensors.index.json"


@pytest.fixture
def sharded(tmp_path):
    return TinyEncoder("bert").write_folder(tmp_path / "s", shards=2)


def map_of(folder):
    return json.loads((folder / INDEX).read_text())["weight_map"]


def write_map(folder, **changes):
    (folder / INDEX).write_text(json.dumps({"weight_map": map_of(folder) | changes}))


@pytest.mark.parametrize("name", ["../s/model-00000.safetensors", "../x.safetensors", "/etc/x.safetensors", "a/../x.safetensors",
                                  "./model-00000.safetensors", "..", "/etc/passwd", "config.json", "", 7, None,
                                  ["model-00000.safetensors"]], ids=str)
def test_files_elsewhere(terrazzo, sharded, name):
    (sharded.parent / "x.safetensors").write_bytes(file_of({"pooler.x": entry(0, 8)}, 8))
    write_map(sharded, strange=name)
    refused(terrazzo, sharded, "TZ0118", "/" + INDEX, "'strange' lies in no safetensors file beside it")


@pytest.mark.parametrize("text,why", [
    ("", "it is no JSON"), ("{", "it is no JSON"), ("[" * 100000, DEEP), ("[" * 100 + "]" * 100, DEEP),
    ("[]", "it has no 'weight_map'"), ("3", "it has no 'weight_map'"), ("{}", "it has no 'weight_map'"),
    ('{"weight_map": []}', "it has no 'weight_map'"), ('{"weight_map": {}}', "it has no 'weight_map'"),
    ('{"weight_map": {"a": "model-00000.safetensors", "a": "model-00001.safetensors"}}', f"the key 'a' {TWICE}"),
    ('{"weight_map": {"a": "model-00000.safetensors"}, "weight_map": {}}', f"the key 'weight_map' {TWICE}")],
    ids=["no byte", "cut", "endless", "deep", "list", "number", "no map", "list for a map", "empty", "tensor twice", "two maps"])
def test_hostile_indices(terrazzo, sharded, text, why):
    (sharded / INDEX).write_text(text)
    refused(terrazzo, sharded, "TZ0118", "/" + INDEX, why)


@pytest.mark.parametrize("make,why", [
    (lambda path: None, "No such file or directory"), (lambda path: path.mkdir(), "it is a folder"),
    (lambda path: os.mkfifo(path), "it is not a regular file"), (lambda path: path.symlink_to(path.name), "symbolic links"),
    (lambda path: path.symlink_to("nowhere"), "No such file or directory")],
    ids=["missing", "folder", "pipe", "links in a circle", "link to nothing"])
def test_shards_that_are_no_files(terrazzo, sharded, make, why):
    """As for every file that cannot be read, the exit code is 1."""
    (sharded / "model-00001.safetensors").unlink()
    make(sharded / "model-00001.safetensors")
    refused(terrazzo, sharded, "TZ0101", "/model-00001.safetensors", why, exit_code=1)


def test_long_names_of_files(terrazzo, sharded):
    write_map(sharded, strange="x" * 300 + ".safetensors")
    refused(terrazzo, sharded, "TZ0101", f"/{'x' * 300}.safetensors", "File name too long", exit_code=1)


def test_links_to_files(terrazzo, sharded):
    """Caches of models are made of them."""
    (sharded / "model-00001.safetensors").rename(sharded.parent / "blob")
    (sharded / "model-00001.safetensors").symlink_to("../blob")
    terrazzo("inspect", sharded)


def in_shard(encoder, folder, number):
    return {name: array for name, array in encoder.tensors().items() if map_of(folder)[name] == f"model-{number:05}.safetensors"}


def test_a_tensor_in_two_shards(terrazzo, sharded):
    encoder = TinyEncoder("bert")
    both = {"embeddings.word_embeddings.weight": encoder.tensors()["embeddings.word_embeddings.weight"]}
    write_safetensors(sharded / "model-00001.safetensors", in_shard(encoder, sharded, 1) | both)
    refused(terrazzo, sharded, "TZ0120", "/model-00001.safetensors: 'embeddings.word_embeddings.weight'",
            "another tensor serves as 'token_embd.weight' too")


def test_a_tensor_that_a_shard_lacks(terrazzo, sharded):
    rest = in_shard(TinyEncoder("bert"), sharded, 1)
    del rest["embeddings.position_embeddings.weight"]
    write_safetensors(sharded / "model-00001.safetensors", rest)
    why = "'embeddings.position_embeddings.weight' does not lie in model-00001.safetensors"
    refused(terrazzo, sharded, "TZ0118", "/" + INDEX, why)


def test_a_shard_that_is_malformed(terrazzo, sharded):
    """The error names it, and not the folder."""
    path = sharded / "model-00001.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    refused(terrazzo, sharded, "TZ0119", "/model-00001.safetensors", "1 bytes at its end belong to no tensor")


def test_folders_in_a_circle(terrazzo, folder):
    """One that the model does not need, and the model's own."""
    (folder / "deep").symlink_to(".")
    (folder / "circle").symlink_to("circle")
    terrazzo("inspect", folder)
    (folder.parent / "loop").symlink_to("loop")
    refused(terrazzo, folder.parent / "loop", "TZ0101", "", "symbolic links", exit_code=1)


# --- what is accepted or takes too long, and should not ------------------------


def test_text_behind_a_zero_byte(terrazzo, folder):
    (folder / "model.safetensors").write_bytes(file_of(TEXT + "\0 {{{"))
    refused(terrazzo, folder, "TZ0118", "/model.safetensors", "no JSON")


def test_many_objects(terrazzo, folder):
    (folder / "model.safetensors").write_bytes(file_of('{"a": [' + "{}," * 50000 + "{}]}"))
    terrazzo("inspect", folder, code=3, timeout=2)


def test_a_file_with_a_zero_byte_in_its_name(terrazzo, sharded):
    (sharded / INDEX).write_text(json.dumps({"weight_map": {"a": "model-00000.safetensors\0.safetensors"}}))
    refused(terrazzo, sharded, "TZ0118", "/" + INDEX, "'a' lies in no safetensors file beside it")


def test_an_error_in_a_name(terrazzo, folder):
    (folder / "model.safetensors").write_bytes(file_of(named("a'\nerror[TZ9999]: another")))
    assert terrazzo("inspect", folder, code=3).err.count("\nerror[") == 0


@pytest.mark.parametrize("place", ["header", "index"])
def test_long_keys_are_cut_between_characters(terrazzo, folder, place):
    key = "a" + "\u00e9" * 99
    (folder / "model.safetensors").write_bytes(file_of(f'{{"{key}": 1, "{key}": 2}}'))
    if place == "index":
        (folder / INDEX).write_text(json.dumps({"weight_map": {key: "/x"}}))
    terrazzo("inspect", folder, code=3)


@pytest.mark.parametrize("name", ["embeddings.word_embeddings.weight", "embeddings.absent.weight"], ids=["elsewhere", "nowhere"])
def test_tensors_that_are_not_where_the_index_says(terrazzo, sharded, name):
    write_map(sharded, **{name: "model-00001.safetensors"})
    terrazzo("inspect", sharded, code=3)


@pytest.mark.parametrize("name,target", [("modules.json", "modules.json"), ("modules.json", "nowhere"), (INDEX, INDEX),
                                         ("config.json", "config.json"), ("model.safetensors", "model.safetensors")])
def test_files_that_links_do_not_reach(terrazzo, folder, name, target):
    """Without modules.json the vectors would be others."""
    (folder / name).unlink(missing_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)
    terrazzo("inspect", folder, code=(1, 3))
