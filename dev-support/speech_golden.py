# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden data of speech, by an independent path: Hugging Face's transformers, float32.

PYTHON dev-support/speech_golden.py MODELS OUT      (needs torch, transformers, soundfile, scipy, numpy)

MODELS has the folders `whisper` and `speech` that `./dev model` fetches. OUT.sound.npy [8000], noise and a rising tone, and
OUT.mel.npy [80, 50], what WhisperFeatureExtractor makes of it. OUT.json: what is heard in each recording.
"""

import json
import sys

import numpy as np
import scipy.signal
import soundfile
import torch
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor, WhisperForConditionalGeneration

RECORDINGS = ("beckett", "clone-test", "endgame_nagg_nell", "two_cities")
RATE, WINDOW = 16000, 480000


def sound():
    """A tone that rises, and noise: the same numbers wherever they are made."""
    places = np.arange(8000)
    noise = (places * 7919 % 1009) / 1009 - 0.5
    return (0.3 * np.sin(places * places / 4000) * (places > 3000) + 0.02 * noise).astype("f4")


def read(path):
    samples, rate = soundfile.read(path, dtype="float32")
    return samples if rate == RATE else scipy.signal.resample_poly(samples, RATE, rate).astype("f4")


def transcripts(models, model, extractor):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{models}/whisper/tokenizer.json")
    first_time = model.generation_config.no_timestamps_token_id + 1
    found = {}
    for name in RECORDINGS:
        samples = read(f"{models}/speech/{name}.wav")
        whole = {"truncation": False, "padding": "longest", "return_attention_mask": True} if len(samples) > WINDOW else {}
        given = extractor(samples, sampling_rate=RATE, return_tensors="pt", **whole)
        ids = model.generate(**given, return_timestamps=True)[0].tolist()
        found[name] = tokenizer.decode([i for i in ids if i < first_time], skip_special_tokens=True).strip()
    return found


def main(models, out):
    extractor = WhisperFeatureExtractor.from_pretrained(f"{models}/whisper")
    model = WhisperForConditionalGeneration.from_pretrained(f"{models}/whisper", dtype=torch.float32).eval()
    mel = extractor(sound(), sampling_rate=RATE, padding="longest", return_tensors="np").input_features[0]
    np.save(f"{out}.sound.npy", sound())
    np.save(f"{out}.mel.npy", np.ascontiguousarray(mel))
    with open(f"{out}.json", "w") as file:
        json.dump(transcripts(models, model, extractor), file, indent=1)
        file.write("\n")


main(*sys.argv[1:])
