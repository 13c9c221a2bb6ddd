# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chat templates, rendered by Terrazzo and by jinja2 as transformers sets it up: the same text, or both refuse, or
Terrazzo refuses a construct by name. TERRAZZO_JINJA_SEED and TERRAZZO_JINJA_COUNT make other and longer runs."""

import collections
import datetime
import json
import os
import random
import re
import subprocess
import warnings

import jinja2
import jinja2.ext
from conftest import BUILD
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja_generator import Generator
from jinja_templates import CONVERSATIONS, TEMPLATES

SEED = int(os.environ.get("TERRAZZO_JINJA_SEED", "1"))
COUNT = int(os.environ.get("TERRAZZO_JINJA_COUNT", "5000"))
NOW = datetime.datetime(2024, 7, 4, 15, 7, 9)  # as in RenderTemplates.cpp
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


class Generation(jinja2.ext.Extension):
    """The tag that marks what a model wrote."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller):
        return caller()


def environment():
    def to_json(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols],
                                         cache_size=0)
    made.filters["tojson"] = to_json
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


def expected(env, case, compiled):
    """The text, or the exception. Reading a template costs jinja2 far more than rendering it."""
    template, messages, generation = case
    try:
        if compiled.get("source") != template:
            compiled.update(source=template, template=None)
            compiled["template"] = env.from_string(template)
        if compiled["template"] is None:
            return SyntaxError("refused before")
        return compiled["template"].render(messages=json.loads(messages), tools=None, documents=None,
                                                add_generation_prompt=generation, **TOKENS)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return error


def answers(cases):
    lines = [json.dumps({"template": t, "messages": m, "generation": g, "tokens": TOKENS}) for t, m, g in cases]
    run = subprocess.run([BUILD / "bin/render-templates"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=3000,
                         encoding="utf-8")
    found = [json.loads(line) for line in run.stdout.split("\n") if line]
    assert run.returncode == 0 and len(found) == len(cases), f"died of {cases[len(found)]!r}: {run.stderr[-500:]}"
    return found


def compare(cases):
    """Counts by outcome, refusals by construct, and what differs."""
    env, compiled = environment(), {}
    counts, refused, wrong = collections.Counter(), collections.Counter(), []
    warnings.simplefilter("ignore", SyntaxWarning)
    for case, got in zip(cases, answers(cases)):
        want = expected(env, case, compiled)
        failed = isinstance(want, BaseException)
        if failed and "code" in got:
            counts["both failed"] += 1
        elif not failed and got.get("text") == want:
            counts["equal"] += 1
        elif not failed and got.get("code") == "TZ0211":
            counts["refused"] += 1
            refused[re.sub(r" more than \d+ levels", "", got["why"])] += 1
        else:
            counts["different"] += 1
            wrong.append((case, f"{type(want).__name__}: {want}" if failed else want, got))
    return counts, refused, wrong


def report(title, counts, refused):
    print(f"\n{title}: {sum(counts.values())} renderings, " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    for why, n in refused.most_common():
        print(f"  {n:6} refused: {why}")


def assert_same(wrong):
    shown = "\n".join(f"{case!r}\n  jinja2:   {want!r}\n  terrazzo: {got!r}" for case, want, got in sorted(wrong, key=lambda w: len(w[0][0]))[:8])
    assert not wrong, f"{len(wrong)} differ\n{shown}"


def test_templates_in_use():
    cases = [(template, json.dumps(messages), generation) for template in TEMPLATES.values() for messages in CONVERSATIONS
             for generation in (True, False)]
    counts, refused, wrong = compare(cases)
    report(f"{len(TEMPLATES)} templates in use", counts, refused)
    assert_same(wrong)
    assert not refused
    assert counts["equal"] > len(cases) / 2


def test_random_templates():
    generator = Generator(random.Random(SEED))
    cases = []
    while len(cases) < COUNT:
        template = generator.template()
        for _ in range(8):
            cases.append((template, json.dumps(generator.conversation(), ensure_ascii=False), generator.chance(0.5)))
    counts, refused, wrong = compare(cases)
    report(f"random templates, seed {SEED}", counts, refused)
    assert_same(wrong)
    assert counts["equal"] > COUNT / 5
    assert counts["refused"] < COUNT / 10
