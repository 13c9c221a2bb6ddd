# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speech to text: the real Whisper tiny.en against what transformers hears, and sound of every form."""

import json
import os
import re
import struct
import subprocess
import wave

import numpy as np
import pytest
from conftest import BUILD, DATA, ROOT

WHISPER, SPEECH = ROOT / ".models" / "whisper", ROOT / ".models" / "speech"
HEARD = json.loads((DATA / "speech.json").read_text())
FIRST = "ever tried ever failed no matter"  # of five seconds


def words(text):
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def transcribe(terrazzo, sound, *flags, **options):
    return terrazzo("transcribe", "-m", WHISPER, sound, "--quiet", *flags, **options)


@pytest.mark.parametrize("name", HEARD)
def test_no_word_is_wrong(terrazzo, name):
    assert words(transcribe(terrazzo, SPEECH / f"{name}.wav").out) == words(HEARD[name])


def test_times_and_forms(terrazzo):
    sound = SPEECH / "beckett.wav"
    timed = transcribe(terrazzo, sound, "--timestamps").out.splitlines()
    assert timed[0] == "[00:00.000 --> 00:03.000] Ever tried, ever failed."
    line = terrazzo.json("transcribe", "-m", WHISPER, sound)
    assert line["text"].strip() == HEARD["beckett"]
    assert [s["end"] for s in line["segments"]] == [3, 6, 8, 9]
    assert transcribe(terrazzo, sound, "--format", "srt").out.startswith("1\n00:00:00,000 --> 00:00:03,000\nEver tried, ever failed.\n\n2\n")
    vtt = transcribe(terrazzo, sound, "--format", "vtt").out
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:03.000\nEver tried, ever failed.\n\n")


def test_windows_follow_each_other(terrazzo):
    """The second window begins where the last part of the first one ended, and nothing is compiled for it."""
    line = terrazzo.json("transcribe", "-m", WHISPER, SPEECH / "two_cities.wav", "--no-context")
    starts, ends = ([s[key] for s in line["segments"]] for key in ("start", "end"))
    assert starts == sorted(starts) and all(a < b for a, b in zip(starts, ends)) and 38 < ends[-1] <= 44.4
    assert any(24 < start < 30 for start in starts) and line["compile_s"] == 0


# --- forms of sound ------------------------------------------------------------


@pytest.fixture(scope="module")
def five_seconds():
    with wave.open(str(SPEECH / "beckett.wav")) as file:
        assert file.getframerate() == 16000
        return np.frombuffer(file.readframes(5 * 16000), "<i2") / 32768


def riff(samples, rate, channels, code, bits, encode):
    """A WAV file of `samples` [frames, channels]."""
    data = encode(samples.reshape(-1))
    head = struct.pack("<HHIIHH", code, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def whole(bits):
    def encode(x):
        numbers = np.clip(np.round(x * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype("<i4")
        if bits == 8:
            return (numbers + 128).astype("u1").tobytes()
        return numbers.view("u1").reshape(-1, 4)[:, : bits // 8].tobytes()
    return encode


def stretched(samples, rate):
    """At another rate: straight lines between samples are good enough for speech."""
    places = np.arange(int(len(samples) * rate / 16000)) * 16000 / rate
    return np.interp(places, np.arange(len(samples)), samples)


FORMS = {"8 bit": (16000, 1, 1, 8), "16 bit": (16000, 1, 1, 16), "24 bit": (16000, 1, 1, 24), "32 bit": (16000, 1, 1, 32),
         "float": (16000, 1, 3, 32), "double": (16000, 1, 3, 64), "stereo": (16000, 2, 1, 16), "44.1 kHz": (44100, 1, 1, 16),
         "stereo 48 kHz float": (48000, 2, 3, 32)}


@pytest.mark.parametrize("form", FORMS)
def test_sound_of_any_form(terrazzo, tmp_path, five_seconds, form):
    rate, channels, code, bits = FORMS[form]
    samples = five_seconds if rate == 16000 else stretched(five_seconds, rate)
    # Of two channels each has a part of the sound.
    samples = samples[:, None] * ([1] if channels == 1 else [1.5, 0.5])
    encode = (lambda x: x.astype(f"<f{bits // 8}").tobytes()) if code == 3 else whole(bits)
    (tmp_path / "sound.wav").write_bytes(riff(samples, rate, channels, code, bits, encode))
    assert " ".join(words(transcribe(terrazzo, tmp_path / "sound.wav").out)) == FIRST


def test_a_file_that_ends_too_early(terrazzo, tmp_path, five_seconds):
    data = riff(five_seconds, 16000, 1, 1, 16, whole(16))
    (tmp_path / "cut.wav").write_bytes(data[: 44 + 2 * 16000 * 2])
    assert words(transcribe(terrazzo, tmp_path / "cut.wav").out)[:2] == ["ever", "tried"]


@pytest.mark.parametrize("content,code", [
    (b"", "TZ0910"), (b"RIFF", "TZ0910"), (b"This is text and no sound at all.\n" * 100, "TZ0910"),
    (riff(np.zeros(0), 16000, 1, 1, 16, whole(16)), "TZ0911"), (riff(np.zeros(99), 7, 1, 1, 16, whole(16)), "TZ0911"),
    (riff(np.array([0, np.nan, 0.5]), 16000, 1, 3, 32, lambda x: x.astype("<f4").tobytes()), "TZ0911")],
    ids=["empty", "cut header", "text", "no samples", "7 Hz", "not finite"])
def test_what_is_no_sound(terrazzo, tmp_path, content, code):
    (tmp_path / "sound.wav").write_bytes(content)
    error = transcribe(terrazzo, tmp_path / "sound.wav", code=2).err
    assert f"error[{code}]" in error and "sound.wav" in error


@pytest.mark.parametrize("seed", range(20))
def test_damaged_headers(terrazzo, tmp_path, five_seconds, seed):
    """Bytes of the header by chance: a text, or an error in words."""
    generator = np.random.default_rng(seed)
    data = bytearray(riff(five_seconds[:1600], 16000, 1, 1, 16, whole(16)))
    for at in generator.integers(0, 44, 3):
        data[at] = generator.integers(256)
    (tmp_path / "sound.wav").write_bytes(data)
    result = transcribe(terrazzo, tmp_path / "sound.wav", code=(0, 2))
    assert result.code == 0 or re.search(r"error\[TZ091[01]\]", result.err)


def test_paths_and_flags(terrazzo, tmp_path):
    sound = SPEECH / "beckett.wav"
    assert "TZ0011" in transcribe(terrazzo, tmp_path / "none.wav", code=2).err
    assert "TZ0011" in transcribe(terrazzo, tmp_path, code=2).err
    for flags in (("--language", "de"), ("--translate",), ("--task", "translate")):
        assert "TZ0913" in transcribe(terrazzo, sound, *flags, code=2).err
    assert "TZ0036" in transcribe(terrazzo, sound, "--timestamps", "--format", "srt", code=2).err
    assert "TZ0708" in terrazzo("run", "-m", WHISPER, "-p", "Hello", code=7).err
    assert "TZ0708" in terrazzo("transcribe", "-m", ROOT / ".models/smollm2.gguf", sound, code=7).err


# --- the model's folder --------------------------------------------------------


@pytest.mark.parametrize("file,change,code", [
    ("generation_config.json", None, "TZ0117"), ("generation_config.json", {"eos_token_id": [1, 2]}, "TZ0120"),
    ("generation_config.json", {"suppress_tokens": ["a"]}, "TZ0120"), ("generation_config.json", {"no_timestamps_token_id": 51863}, "TZ0912"),
    ("generation_config.json", {"suppress_tokens": [99999999]}, "TZ0120"), ("generation_config.json", {"suppress_tokens": [51864]}, "TZ0912"),
    ("preprocessor_config.json", {"hop_length": 80}, "TZ0120"), ("config.json", {"scale_embedding": True}, "TZ0120"),
    ("config.json", {"encoder_layers": 5}, "TZ0303"), ("config.json", {"d_model": 100}, "TZ0302")])
def test_a_folder_that_says_something_else(terrazzo, tmp_path, file, change, code):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in WHISPER.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / file).unlink()
    if change:
        settings = json.loads((WHISPER / file).read_text())
        (folder / file).write_text(json.dumps({**settings, **change}))
    error = terrazzo("transcribe", "-m", folder, SPEECH / "beckett.wav", code=3).err
    assert f"error[{code}]" in error


# --- other places --------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu:x86-64-v3", "emu:sm_80"] + ["emu:sm_90a"] * ("TERRAZZO_ALL_DEVICES" in os.environ))
def test_devices(terrazzo, tmp_path, five_seconds, device):
    (tmp_path / "sound.wav").write_bytes(riff(five_seconds, 16000, 1, 1, 16, whole(16)))
    assert " ".join(words(transcribe(terrazzo, tmp_path / "sound.wav", "--device", device).out)) == FIRST



def test_standard_input(terrazzo):
    with (SPEECH / "clone-test.wav").open("rb") as sound:
        run = subprocess.run([BUILD / "bin/terrazzo", "transcribe", "-m", WHISPER, "-", "--quiet"], stdin=sound, capture_output=True,
                             text=True, env=terrazzo.environment)
    assert run.returncode == 0 and words(run.stdout) == words(HEARD["clone-test"])
