"""A command whose package is missing names the one extra that brings all it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT = """
import sys
for name in {missing!r}:
    sys.modules[name] = None  # as Python itself marks a module that cannot be had
sys.argv = ["evalhub", *{arguments!r}]
from evalhub.cli import main
main()
"""
_SUITE = """
name: bot
dataset: {path: questions.jsonl, inputs: [question], reference: answer}
targets:
  bot: {model: local, template: "{question}"}
metrics: [exact_match]
"""


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_the_embedded_model_names_its_own_extra(
    tmp_path: Path, evalhub_home: Path, command: str
) -> None:
    """`model: local` without openai and xllamacpp asks for [local], in every command alike."""
    (tmp_path / "questions.jsonl").write_text('{"question": "Why?", "answer": "So."}\n')
    (tmp_path / "suite.yaml").write_text(_SUITE)
    code = _WITHOUT.format(
        missing=["openai", "xllamacpp"], arguments=["eval", command, "suite.yaml"]
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr == "error: xllamacpp is not installed; run: pip install 'evalhub[local]'\n"
