# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the guides show is what is there: snippets `from=FILE` are parts of that file, `sh run` blocks run, and what a
`text says` block lists is printed by the commands before it. Files of `file=NAME` lie where the commands run."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

GUIDES = ["add-an-operation.md", "add-a-fusion.md", "add-a-block-format.md", "encoders.md", "functions.md", "hugging-face.md", "onnx.md",
          "python.md", "speech.md", "torch.md"]
PATH = re.compile(r"`((?:backends/|bench/|dev-support/|include/|lib/(?!terrazzo)|runtime/|test/|tools/)[\w./-]*\w)`")
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize("guide", GUIDES)
def test_guide(guide, tmp_path, terrazzo):
    blocks = BLOCK.findall((ROOT / "docs" / guide).read_text())
    assert len(blocks) >= 3
    printed = ""
    path = f"{BUILD / 'bin'}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = dict(terrazzo.environment, PATH=path, MODELS=str(ROOT / ".models"), PYTHONPATH=str(ROOT / "python"),
                       TERRAZZO_RUNTIME=str(BUILD / "lib/libTerrazzoRuntime.so"))
    for language, what, body in blocks:
        if what.startswith("from="):
            source = (ROOT / what.removeprefix("from=")).read_text()
            assert squeezed(body) in squeezed(source), f"{guide}: {what} has changed:\n{body}"
        elif what.startswith("file="):
            (tmp_path / what.removeprefix("file=")).write_text(body)
        elif (language, what) == ("sh", "run"):
            run = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
            printed = run.stdout + run.stderr
            assert run.returncode == 0, f"{guide}:\n{body}\n{printed}"
        else:
            assert (language, what) == ("text", "says"), f"{guide}: nobody checks '{language} {what}'"
            for line in body.splitlines():
                assert line in printed, f"{guide}: '{line}' is not printed:\n{printed}"


def test_every_marked_block_is_in_a_listed_guide():
    marked = {path.name for path in (ROOT / "docs").glob("*.md") if BLOCK.search(path.read_text())}
    assert marked == set(GUIDES)


def test_paths_that_the_documents_name_are_there():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for path in PATH.findall(page.read_text()):
            assert list(ROOT.glob(path + "*")), f"{page.name}: {path}"
