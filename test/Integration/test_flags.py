# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every flag of every verb: it changes something that one can see, or it is refused with exit 2 and its name."""

import json
import re

import pytest
from conftest import MODELS, ROOT, golden

TEXT = ["--no-chat", "-p", "One, two, three,", "-n", 8]
GREEDY = [*TEXT, "--temp", 0]
DRAWN = [*TEXT, "--temp", 1.5, "--seed", 3]

# verb, flag, the call without it, the flag as given: the two outcomes differ.
EFFECTS = [
    ("run", "--device", GREEDY, ["--device", "nosuch"]),
    ("run", "--ctx-size", GREEDY, ["--ctx-size", 10]),
    ("run", "--ctx-size", GREEDY, ["--ctx-size", 9000]),
    ("run", "--why", GREEDY, ["--why"]),
    ("run", "--why", GREEDY, ["--why=no-such-pass"]),
    ("run", "--format", GREEDY, ["--format", "json"]),
    ("run", "--quiet", GREEDY, ["--quiet"]),
    ("run", "--prompt", ["-n", 8, "--temp", 0], ["--prompt", "Hello"]),
    ("run", "--file", ["-n", 8, "--temp", 0], ["--file", "TEXT"]),
    ("run", "--ids", ["-n", 8, "--temp", 0], ["--ids", "IDS"]),
    ("run", "--predict", GREEDY, ["-n", 3]),
    ("run", "--ignore-eos", ["-p", "Say hello.", "-n", 40, "--temp", 0], ["--ignore-eos"]),
    ("run", "--stop", GREEDY, ["--stop", "five"]),
    ("run", "--chat", ["-f", "TEXT", "-n", 8, "--temp", 0], ["--chat"]),
    ("run", "--no-chat", ["-p", "One, two, three,", "-n", 8, "--temp", 0], ["--no-chat"]),
    ("run", "--temp", DRAWN[:-4], ["--temp", 0]),
    ("run", "--top-k", DRAWN, ["--top-k", 1]),
    ("run", "--top-k", GREEDY, ["--top-k", 1]),  # a remark: nothing is drawn
    ("run", "--top-p", DRAWN, ["--top-p", 0.01]),
    ("run", "--min-p", DRAWN, ["--min-p", 1]),
    ("run", "--repeat-penalty", GREEDY, ["--repeat-penalty", 1.9]),
    ("run", "--repeat-last-n", [*GREEDY, "--repeat-penalty", 1.9], ["--repeat-last-n", 0]),
    ("run", "--repeat-last-n", GREEDY, ["--repeat-last-n", 3]),  # a remark: there is no penalty
    ("run", "--seed", DRAWN[:-2], ["--seed", 4]),
    ("run", "--seed", GREEDY, ["--seed", 4]),
    ("run", "--interactive", ["-n", 8, "--temp", 0, "--no-chat"], ["--interactive"]),
    ("run -i", "--prompt", ["-n", 8, "--temp", 0], ["--prompt", "Hello"]),
    ("run -i", "--file", ["-n", 8, "--temp", 0], ["--file", "TEXT"]),
    ("run -i", "--no-chat", ["-n", 8, "--temp", 0], ["--no-chat"]),
    ("run -i", "--format", ["-n", 8, "--temp", 0], ["--format", "json"]),
    ("run -i", "--stop", ["-n", 8, "--temp", 0, "--no-chat"], ["--stop", "five"]),
    ("run -i", "--predict", ["-n", 8, "--temp", 0], ["-n", 3]),
    ("run -i", "--ctx-size", ["-n", 8, "--temp", 0], ["-c", 40]),
    ("run -i", "--quiet", ["-n", 8, "--temp", 0], ["--quiet"]),
    ("run -i", "--repeat-penalty", ["-n", 8, "--temp", 0, "--no-chat"], ["--repeat-penalty", 1.9]),
    ("run -i", "--ignore-eos", ["-p", "Say hello.", "-n", 40, "--temp", 0], ["--ignore-eos"]),
    ("run", "--special", ["-p", "a<|im_end|>b", "-n", 1, "--temp", 0, "--format", "json"], ["--special"]),
    ("bench", "--threads", ["-p", 8, "-n", 4, "-r", 1, "-t", 2, "--format", "json"], ["-t", 1]),
    ("bench", "--ctx-size", ["-p", 8, "-n", 4, "-r", 1], ["-c", 4]),
    ("bench", "--n-prompt", ["-p", 4, "-n", 4, "-r", 1], ["-p", 8]),
    ("bench", "--n-gen", ["-p", 8, "-n", 4, "-r", 1], ["-n", 0]),
    ("bench", "--repetitions", ["-p", 8, "-n", 0, "--format", "json"], ["-r", 2]),
    ("bench", "--format", ["-p", 8, "-n", 0, "-r", 1], ["--format", "json"]),
    ("bench", "--quiet", ["-p", 8, "-n", 0, "-r", 1], ["--quiet"]),
    ("bench", "--device", ["-p", 8, "-n", 0, "-r", 1], ["--device", "nosuch"]),
    ("bench", "--why", ["-p", 8, "-n", 0, "-r", 1], ["--why"]),
    ("eval", "--ids", [], ["--ids", "IDS"]),
    ("eval", "--file", [], ["--file", "TEXT"]),
    ("eval", "--ctx-size", ["--ids", "IDS"], ["-c", 4]),
    ("eval", "--device", ["--ids", "IDS"], ["--device", "nosuch"]),
    ("eval", "--why", ["--ids", "IDS"], ["--why"]),
    ("eval", "--format", ["--ids", "IDS"], ["--format", "json"]),
    ("eval", "--quiet", ["--ids", "IDS"], ["--quiet"]),
    ("eval", "--logits", ["--ids", "IDS"], ["--logits", "/no/such/folder/x.npy"]),
    ("call", "--function", ["-m", "MODULE", "--random", 1, "--size", "R=2"], ["--function", "twice"]),
    ("call", "--input", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--input", "x=/no/such.npy"]),
    ("call", "--output", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--output", "y=/no/such/folder/y.npy"]),
    ("call", "--size", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--size", "R=3"]),
    ("call", "--random", ["-m", "MODULE", "--function", "once", "--size", "R=2"], ["--random", 1]),
    ("call", "--repeat", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--repeat", 2]),
    ("run", "--weights", GREEDY, ["--weights", "MODEL"]),  # refused: the model has its own
    ("bench", "--weights", ["-p", 8, "-n", 0, "-r", 1], ["--weights", "MODEL"]),
    ("eval", "--weights", ["--ids", "IDS"], ["--weights", "MODEL"]),
    ("explain", "--weights", [], ["--weights", "MODEL"]),
    ("embed", "--weights", ["-m", "ENCODER", "-p", "a"], ["--weights", "MODEL"]),
    ("embed", "--prompt", ["-m", "ENCODER", "--prompt", "a"], ["--prompt", "b"]),
    ("embed", "--jsonl", ["-m", "ENCODER"], ["--jsonl"]),
    ("embed", "--batch", ["-m", "ENCODER", "-p", "a"], ["--batch", 0]),
    ("embed", "--max-tokens", ["-m", "ENCODER", "-p", "a b c a b"], ["--max-tokens", 3]),
    ("call", "--weights", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--weights", "/no/such.gguf"]),
    ("call", "--format", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--format", "json"]),
    ("call", "--quiet", ["-m", "MODULE", "--function", "once", "--random", 1, "--size", "R=2"], ["--quiet"]),
    *(("transcribe", flag, ["-m", "WHISPER", "SOUND"], given) for flag, given in (
        ("--weights", ["--weights", "MODEL"]), ("--language", ["--language", "de"]), ("--task", ["--task", "translate"]),
        ("--translate", ["--translate"]), ("--timestamps", ["--timestamps"]), ("--format", ["--format", "srt"]), ("--quiet", ["--quiet"]))),
    ("tokenize", "--prompt", [], ["-p", "Hello"]),
    ("tokenize", "--file", [], ["-f", "TEXT"]),
    ("tokenize", "--jsonl", [], ["--jsonl"]),
    ("tokenize", "--add-bos", ["-p", "x"], ["--add-bos"]),
    ("tokenize", "--format", ["-p", "x"], ["--format", "json"]),
    ("detokenize", "--format", ["1", "2"], ["--format", "json"]),
    ("chat-template", "--format", [], ["--format", "json"]),
    ("chat-template", "--no-generation-prompt", [], ["--no-generation-prompt"]),
]

# Flags whose effect cannot be seen in one outcome beside another, and where it is shown.
ELSEWHERE = {
    ("run", "--threads"): "the same bits with any number (test_golden); bench prints it",
    ("eval", "--threads"): "the same",
    **{(verb, "--threads-force"): "test_limits" for verb in ("run", "bench", "eval", "explain", "call", "embed", "transcribe")},
    ("call", "--threads"): "the same",
    ("explain", "--threads"): "the same",
    ("embed", "--threads"): "test_encoders",
    ("transcribe", "--threads"): "the same words with any number",
    ("transcribe", "--no-context"): "test_speech",
    ("eval", "--batch-size"): "the same likelihood by other kernels (test_golden)",
    ("eval", "--reference"): "test_golden",
    ("compile", "--target"): "test_package",
    ("compile", "--output"): "test_package",
    ("compile", "--dump-to"): "test_package",
    ("compile", "--no-cache"): "test_object_cache",
    ("check", "--device"): "test_device",
    **{(verb, "--model"): "every call" for verb in ("run", "bench", "eval", "tokenize", "detokenize", "chat-template",
                                                    "compile", "inspect", "explain", "embed", "transcribe")},
    # One piece of code for every verb that computes: below, and test_device.
    ("call", "--model"): "every call",
    **{(verb, flag): "shared" for verb in ("run", "bench", "eval", "call", "explain", "compile", "embed", "transcribe")
       for flag in ("--no-cache", "--fallback", "--device", "--why", "--ctx-size")},
    # There is nothing but a result to print: --quiet is honoured as it stands.
    **{(verb, flag): "only results" for verb in ("tokenize", "detokenize", "chat-template", "compile", "check", "inspect",
                                                 "explain", "embed", "targets", "cache list", "cache clear", "cache path", "doctor")
       for flag in ("--quiet", "--format")},
}

# verb, arguments, the flag that the error must name.
REFUSED = [
    ("run", ["-i", "--ids", "IDS"], "--ids"),
    ("run", ["-i", "-f", "-"], "-f -"),
    ("run", ["--ids", "IDS", "--chat"], "--chat"),
    ("run", ["--ids", "IDS", "--special"], "--special"),
    ("run", ["-p", "x", "--no-chat", "--special"], "--special"),
    ("run", ["-f", "TEXT", "--special"], "--special"),
    ("run", ["-p", "x", "--threads-force"], "--threads"),
    ("run", ["-p", "x", "--chat", "--no-chat"], "--chat"),
    ("run", ["-p", "x", "--why", "--quiet"], "--why"),
    ("run", ["-p", "x", "-f", "TEXT"], "-f"),
    ("run", ["-p", "x", "--quiet=false"], "quiet"),
    ("run", ["-p", "x", "--chat=no"], "chat"),
    ("run", ["-p", "x", "--stop", ""], "--stop"),
    ("run", ["-f", ""], "--file"),
    ("run", ["--ids", ""], "--ids"),
    ("run", ["-p", "x", "--device", ""], "--device"),
    ("run", ["-p", "x", "--temp", -1], "--temp"),
    ("run", ["-p", "x", "--top-p", 0], "--top-p"),
    ("run", ["-p", "x", "--top-p", 1.5], "--top-p"),
    ("run", ["-p", "x", "--min-p", 1.5], "--min-p"),
    ("run", ["-p", "x", "--repeat-penalty", 0], "--repeat-penalty"),
    ("bench", ["-p", 0, "-n", 0], "-p"),
    ("bench", ["--why", "--quiet"], "--why"),
    ("eval", ["--ids", "IDS", "-f", "TEXT"], "-f"),
    ("eval", ["--ids", "IDS", "--logits", ""], "--logits"),
    ("eval", ["--ids", "IDS", "--reference", "-t", 2], "--threads"),
    ("eval", ["--ids", "IDS", "--reference", "-t", 2, "--threads-force"], "--threads"),
    ("eval", ["--ids", "IDS", "--reference", "--device", "cpu"], "--device"),
    ("eval", ["--ids", "IDS", "--reference", "-c", 64], "--ctx-size"),
    ("eval", ["--ids", "IDS", "--reference", "--fallback", "cpu"], "--fallback"),
    ("eval", ["--ids", "IDS", "--reference", "--why"], "--why"),
    ("eval", ["--ids", "IDS", "--reference", "--no-cache"], "--no-cache"),
    ("tokenize", ["-p", "x", "-f", "TEXT"], "--file"),
    ("tokenize", ["-f", ""], "--file"),
    ("tokenize", ["-p", "x", "--jsonl"], "--jsonl"),
    ("compile", ["-o", ""], "--output"),
    ("compile", ["-o", "x.tzp", "--dump-to", ""], "--dump-to"),
    ("compile", ["-o", "x.tzp", "--target", ""], "--target"),
    ("compile", ["-o", "x.tzp", "--target", "cpu,"], "--target"),
    ("compile", ["-o", "x.tzp", "--why", "--quiet"], "--why"),
    ("explain", ["--why", "--quiet"], "--why"),
    ("embed", ["-m", "ENCODER", "-p", "x", "-c", 64], "--ctx-size"),
    ("embed", ["-m", "ENCODER", "-p", "x", "--jsonl"], "--jsonl"),
    ("embed", ["-m", "ENCODER"], "-p"),
    ("transcribe", ["-m", "WHISPER", "SOUND", "-c", 64], "--ctx-size"),
    ("transcribe", ["-m", "WHISPER", "SOUND", "--timestamps", "--format", "vtt"], "--timestamps"),
    ("transcribe", ["-m", "WHISPER", "SOUND", "--language", ""], "--language"),
    ("transcribe", ["-m", "WHISPER"], "sound"),
    ("eval -m", ["MODULE", "--weights", "MODEL", "--ids", "IDS", "--reference"], "--reference"),
    ("run -m", ["MODULE", "-p", "x"], "--weights"),
    ("call", ["-m", "MODULE", "--why", "--quiet"], "--why"),
    ("call", ["-m", "MODULE", "--repeat", 0], "--repeat"),
    ("call", ["-m", "MODULE", "--random", -1], "--random"),
    ("call", ["-m", "MODULE", "--function", ""], "--function"),
    ("call", ["-m", "MODULE", "--size", "R"], "--size"),
    ("call", ["-m", "MODULE", "--size", "R=x"], "--size"),
    ("call", ["-m", "MODULE", "--size", "R=1", "--size", "R=2"], "--size"),
    ("call", ["-m", "MODULE", "--input", "=x.npy"], "--input"),
    ("call", ["--weights", "x.gguf"], "--model"),
    ("call", [], "-m"),
]

# verb, flag, what it may be at least and at most.
WHOLE = [(verb, flag, low, high) for verb in ("run", "bench", "eval", "explain")
         for flag, low, high in (("--threads", 1, 4096), ("--ctx-size", 0, 2**30))] + [
    ("run", "--predict", -2, 2**31 - 1), ("run", "--top-k", -1, 2**31 - 1), ("run", "--repeat-last-n", -1, 2**31 - 1),
    ("run", "--seed", -1, 2**64 - 2), ("bench", "--n-prompt", 0, 2**24), ("bench", "--n-gen", 0, 2**24),
    ("bench", "--repetitions", 1, 10000), ("eval", "--batch-size", 1, 2**20),
    ("embed", "--batch", 1, 2**20), ("embed", "--max-tokens", 2, 2**20)]
FRACTIONS = ["--temp", "--top-p", "--min-p", "--repeat-penalty"]


@pytest.fixture
def files(tmp_path):
    """Arguments with the names of files in place of IDS and TEXT."""
    (tmp_path / "ids").write_text(" ".join(map(str, golden("smollm2").ids(0)[:12])))
    (tmp_path / "text").write_text("One, two, three,")
    row = "tensor<?x5xf32>"
    (tmp_path / "module.mlir").write_text("\n".join(
        f'tz.func @{name}(%x: {row} {{tz.dims = ["R", 5], tz.name = "x"}}) -> ({row} {{tz.name = "y"}}) {{ '
        f'%0 = tz.elementwise {function}(%x) : ({row}) -> {row} tz.return %0 : {row} }}'
        for name, function in (("once", "silu"), ("twice", "exp"))))
    names = {"IDS": tmp_path / "ids", "TEXT": tmp_path / "text", "MODULE": tmp_path / "module.mlir", "MODEL": MODELS["smollm2"],
             "ENCODER": ROOT / ".models" / "minilm", "WHISPER": ROOT / ".models" / "whisper", "SOUND": ROOT / ".models" / "speech" / "success.wav"}
    return lambda arguments: [names.get(a, a) if isinstance(a, str) else a for a in arguments]


def words(verb, model):
    if verb.endswith("-m"):  # another model
        return verb.split()
    return verb.split() + ([] if verb.split()[0] in ("call", "embed", "transcribe", "targets", "cache", "doctor", "check") else ["-m", model])


def outcome(result):
    """Without the times, which differ from run to run."""
    def timeless(line):
        try:
            data = json.loads(line)
        except ValueError:
            return re.sub(r"\d+\.\d+", "#", line)
        if isinstance(data, dict):
            # The rates of bench are times too.
            data = {k: v for k, v in data.items() if not k.endswith("_s") and k not in ("pp", "tg", "peak_rss_mb", "seconds")}
            data = {k: len(v) if k in ("pp_all", "tg_all") else v for k, v in data.items()}
        return json.dumps(data)
    return result.code, [timeless(line) for line in result.out.splitlines()], [timeless(x) for x in result.err.splitlines()]


STDIN = {"tokenize": '"Hello"\n', "detokenize": "1 2\n", "chat-template": '[{"role": "user", "content": "Hi"}]',
         "run": "One, two, three,\nGo on.\n"}


@pytest.mark.parametrize("verb,flag,base,given", EFFECTS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_flag_has_an_effect(terrazzo, smollm2, files, verb, flag, base, given):
    stdin = STDIN.get(verb.split()[0])
    changed = list(base)
    if given[0] in base:  # another value: a flag is given once
        at = base.index(given[0])
        del changed[at:at + 2]
    changed += given
    before, after = (outcome(terrazzo(*words(verb, smollm2), *files(a), stdin=stdin, code=None)) for a in (base, changed))
    assert before != after


@pytest.mark.parametrize("verb,arguments,flag", REFUSED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_flag_without_effect_is_refused(terrazzo, smollm2, files, verb, arguments, flag):
    result = terrazzo(*words(verb, smollm2), *files(arguments), code=2)
    assert result.out == "" and flag in result.err and result.err.count("error[") == 1


def test_numbers_are_in_their_range(terrazzo, smollm2):
    for verb, flag, low, high in WHOLE:
        for value in ("", "x", "1.5", "0x1", "1e1", "+1", " 1", "1 ", "01x", str(low - 1), str(high + 1), str(2**32 + 1),
                      str(2**64), "9" * 30):
            if low <= int(value if re.fullmatch(r"-?\d+", value) else low - 1) <= high:
                continue
            result = terrazzo(verb, "-m", smollm2, f"{flag}", value, code=2)
            assert flag in result.err and "TZ0001" in result.err, result


def test_fractions_are_finite(terrazzo, smollm2):
    for flag in FRACTIONS:
        for value in ("", "x", "nan", "inf", "-inf", "1e999", "0x1", "1,5", "1.5x"):
            result = terrazzo("run", "-m", smollm2, "-p", "x", flag, value, code=2)
            assert flag in result.err and "TZ0001" in result.err, result


def test_the_table_knows_every_flag(terrazzo):
    """A flag that is added needs a row: what can be seen of it, or where it is refused."""
    known = {(verb.split()[0] if verb == "run -i" else verb, flag) for verb, flag, *_ in EFFECTS} | set(ELSEWHERE)
    verbs = ["run", "bench", "eval", "call", "embed", "transcribe", "compile", "check", "explain", "targets", "cache list", "cache clear", "cache path",
             "doctor", "inspect", "tokenize", "detokenize", "chat-template"]
    missing = []
    for verb in verbs:
        listed = re.findall(r"^\s+(?:-\w,)?(--[a-z-]+)", terrazzo(*verb.split(), "--help").out, re.M)
        assert "--help" in listed
        missing += [(verb, flag) for flag in listed if flag != "--help" and (verb, flag) not in known]
        if verb in ("run", "bench", "eval"):
            alone = re.findall(r"^\s+(?:-\w,)?(--[a-z-]+)", terrazzo(verb, "--help", program="terrazzo-run").out, re.M)
            assert set(alone) == set(listed) - {"--reference"}
    assert not missing


def test_special_values_are_those_of_llama_cpp(terrazzo, smollm2):
    run = lambda *flags: terrazzo.json("run", "-m", smollm2, *flags)
    for endless in (-1, -2):
        assert run("-p", "Say hello.", "--temp", 0, "-n", endless)["stop"] == "eog"
        assert run("-p", "Say hello.", "--temp", 0, "-n", endless, "--ignore-eos", "-c", 48)["stop"] == "context"
    assert run(*TEXT[:-2], "-n", 0)["generated_tokens"] == 0
    every = run(*DRAWN, "--top-k", 0)["ids"]
    assert every == run(*DRAWN, "--top-k", -1)["ids"]
    random = {tuple(run("-p", "Tell me a story.", "--temp", 1.5, "-n", 16, "--seed", -1)["ids"]) for _ in range(3)}
    assert len(random) > 1
    drawn = terrazzo("run", "-m", smollm2, *TEXT, "--temp", 1.5, "--seed", -1)
    again = terrazzo("run", "-m", smollm2, *TEXT, "--temp", 1.5, "--seed", re.search(r"--seed (\d+)", drawn.err)[1])
    assert drawn.out == again.out
    own = terrazzo("bench", "-m", smollm2, "-p", 8193, "-n", 0, "-r", 1, "-c", 0, code=2)
    assert "8192" in own.err


def test_conversing(terrazzo, smollm2):
    flags = ["run", "-m", smollm2, "-n", 8, "--temp", 0]
    plain = terrazzo(*flags, "-p", "One, two,", "--no-chat").out
    assert terrazzo(*flags, "-i", "--no-chat", stdin="One, two,\n").out == plain
    # The second turn goes on behind the first answer.
    text = "One, two," + plain.removesuffix("\n") + "\nten,"
    assert terrazzo(*flags, "-i", "--no-chat", stdin="One, two,\nten,\n").out == plain + terrazzo(*flags, "-p", text,
                                                                                              "--no-chat").out
    answers = terrazzo(*flags, "-i", "--format", "json", stdin="Say hello.\nAgain!\n").lines()
    assert [set(a) for a in answers] == [set(terrazzo.json(*flags, "-p", "x"))] * 2
    texts = terrazzo(*flags, "-i", stdin="Say hello.\nAgain!\n").out
    assert texts == "".join(a["text"] + "\n" for a in answers)


def test_rates_are_of_what_was_timed(terrazzo, smollm2):
    one = terrazzo("run", "-m", smollm2, *TEXT[:-1], 1, "--temp", 0)
    assert "generation 1 token in" in one.err and "tok/s" not in one.err.split("generation")[1]
    line = terrazzo.json("run", "-m", smollm2, *TEXT[:-1], 1, "--temp", 0)
    assert (line["generated_tokens"], line["generate_steps"]) == (1, 0)
    line = terrazzo.json("run", "-m", smollm2, *GREEDY)
    assert (line["generated_tokens"], line["generate_steps"]) == (8, 7)
    line = terrazzo.json("run", "-m", smollm2, "-p", "Say hello.", "--temp", 0, "-n", 200)
    assert line["stop"] == "eog" and line["generate_steps"] == line["generated_tokens"]
    line = terrazzo.json("bench", "-m", smollm2, "-p", 8, "-n", 0, "-r", 1)
    assert line["pp"] > 0 and line["tg"] is None and line["tg_all"] == []


def test_a_context_beyond_the_trained_one_is_said(terrazzo, smollm2, tmp_path):
    (tmp_path / "ids").write_text("1 2 3 4")
    for arguments in (["run", *GREEDY], ["run", "-i"], ["bench", "-p", 8, "-n", 0, "-r", 1], ["eval", "--ids", tmp_path / "ids"]):
        call = [arguments[0], "-m", smollm2, *arguments[1:]]
        assert "trained for 8192 tokens" in terrazzo(*call, "-c", 8200).err
        assert "trained" not in terrazzo(*call, "-c", 4000).err
        assert terrazzo(*call, "-c", 8200, "--quiet").err == ""


def test_what_has_no_perplexity(terrazzo, smollm2, tmp_path):
    for text in ("", "x"):
        (tmp_path / "text").write_text(text)
        assert "TZ0032" in terrazzo("eval", "-m", smollm2, "-f", tmp_path / "text", code=2).err
    (tmp_path / "ids").write_text("97")
    for more in ([], ["--reference"]):
        assert "TZ0032" in terrazzo("eval", "-m", smollm2, "--ids", tmp_path / "ids", *more, code=2).err
    line = terrazzo.json("eval", "-m", smollm2, "--ids", tmp_path / "ids", "--logits", tmp_path / "out.npy")
    assert line["tokens"] == 1 and line["nll"] is None and line["perplexity"] is None


def test_terrazzo_run_has_no_interpreter(terrazzo, smollm2, tmp_path):
    terrazzo("compile", "-m", smollm2, "-o", tmp_path / "a.tzp")
    (tmp_path / "ids").write_text("1 2 3 4")
    call = ["eval", tmp_path / "a.tzp", "-m", smollm2, "--ids", tmp_path / "ids"]
    terrazzo(*call, program="terrazzo-run")
    assert "--reference" in terrazzo(*call, "--reference", program="terrazzo-run", code=2).err
