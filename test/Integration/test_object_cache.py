# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels are kept by what they were compiled from: another model of the same shapes finds them."""

from tiny_encoder import TinyEncoder


def compile_(terrazzo, model, out, cache, *flags):
    line = terrazzo.json("compile", "-m", model, "-o", out, *flags, TERRAZZO_CACHE_DIR=str(cache))
    return out.read_bytes(), line["seconds"]


def objects(cache):
    return sorted((cache / "objects").glob("*.o"))


def test_another_model_of_the_same_shapes(terrazzo, tmp_path):
    cache = tmp_path / "cache"
    first = TinyEncoder("bert", seed=1).write_gguf(tmp_path / "a.gguf")
    cold, cold_seconds = compile_(terrazzo, first, tmp_path / "a.tzp", cache)
    kept = objects(cache)
    assert kept
    second = TinyEncoder("bert", seed=2).write_folder(tmp_path / "b")
    _, warm_seconds = compile_(terrazzo, second, tmp_path / "b.tzp", cache)
    # The files spell the norms' epsilon and the settings alike; nothing new was compiled.
    assert objects(cache) == kept
    assert warm_seconds <= cold_seconds / 2
    again, _ = compile_(terrazzo, first, tmp_path / "c.tzp", cache)
    alone, _ = compile_(terrazzo, first, tmp_path / "d.tzp", cache, "--no-cache")
    assert again == cold == alone


def test_a_changed_shape_compiles_what_changed(terrazzo, tmp_path):
    cache = tmp_path / "cache"
    compile_(terrazzo, TinyEncoder("bert").write_gguf(tmp_path / "a.gguf"), tmp_path / "a.tzp", cache)
    before = set(objects(cache))
    compile_(terrazzo, TinyEncoder("bert", feed_forward=96).write_gguf(tmp_path / "b.gguf"), tmp_path / "b.tzp", cache)
    new = set(objects(cache)) - before
    assert new and len(new) < len(before)


def test_damaged_objects_are_made_anew(terrazzo, tmp_path):
    cache = tmp_path / "cache"
    model = TinyEncoder("bert").write_gguf(tmp_path / "a.gguf")
    whole, _ = compile_(terrazzo, model, tmp_path / "a.tzp", cache)
    for number, path in enumerate(objects(cache)):
        content = bytearray(path.read_bytes())
        content[number * 7 % len(content)] ^= 1
        path.write_bytes([bytes(content), b"", bytes(content[:20])][number % 3])
    assert compile_(terrazzo, model, tmp_path / "b.tzp", cache)[0] == whole


def test_the_cache_lists_and_clears_them(terrazzo, tmp_path):
    cache = tmp_path / "cache"
    compile_(terrazzo, TinyEncoder("bert").write_gguf(tmp_path / "a.gguf"), tmp_path / "a.tzp", cache)
    assert "kernel" in terrazzo("cache", "list", TERRAZZO_CACHE_DIR=str(cache)).out
    terrazzo("cache", "clear", TERRAZZO_CACHE_DIR=str(cache))
    assert not objects(cache)


def test_dumping_compiles_everything(terrazzo, tmp_path):
    cache = tmp_path / "cache"
    model = TinyEncoder("bert").write_gguf(tmp_path / "a.gguf")
    for folder in ("one", "two"):
        compile_(terrazzo, model, tmp_path / "a.tzp", cache, "--dump-to", tmp_path / folder)
    names = [sorted(p.name for p in (tmp_path / folder).rglob("*.s")) for folder in ("one", "two")]
    assert names[0] == names[1] and names[0]
