"""A command whose packages are missing names the extras that bring all it needs."""

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
    told = without(tmp_path, "openai", "xllamacpp", command=command)
    assert told == "error: xllamacpp is not installed; run: pip install 'evalhub[local]'\n"


@pytest.mark.parametrize(
    ("command", "names", "extras"),
    [
        ("check", "jmespath, sacrebleu and sklearn", "metrics,targets"),
        ("run", "jmespath, mlflow, sacrebleu and sklearn", "metrics,mlflow,targets"),
    ],
)
def test_all_that_a_suite_lacks_is_told_at_once(
    tmp_path: Path, evalhub_home: Path, command: str, names: str, extras: str
) -> None:
    """Of targets and metrics, and of the tracker where it is run; with one command."""
    (tmp_path / "questions.jsonl").write_text('{"question": "Why?", "answer": "So."}\n')
    suite = _SUITE.replace(
        'model: local, template: "{question}"', "url: 'http://[::1]:9', response: a"
    )
    (tmp_path / "suite.yaml").write_text(suite.replace("exact_match", "bleu, chrf, classification"))
    told = without(tmp_path, "jmespath", "mlflow", "sacrebleu", "sklearn", command=command)
    assert told == f"error: {names} are not installed; run: pip install 'evalhub[{extras}]'\n"


def test_a_metric_that_lacks_its_package_is_found_before_the_calls(
    tmp_path: Path, evalhub_home: Path
) -> None:
    """Though it needs that only once it scores; another part's mistake is told after it."""
    (tmp_path / "questions.jsonl").write_text('{"question": "Why?", "answer": "So."}\n')
    suite = _SUITE.replace('model: local, template: "{question}"', "function: 'os:getcwd'")
    (tmp_path / "suite.yaml").write_text(suite.replace("exact_match", "classification, rouge0"))
    told = without(tmp_path, "sklearn", command="check")
    assert told == "error: sklearn is not installed; run: pip install 'evalhub[metrics]'\n"


def without(folder: Path, *missing: str, command: str) -> str:
    """Return what ``evalhub eval`` says of the suite in *folder* where packages are *missing*."""
    code = _WITHOUT.format(missing=missing, arguments=["eval", command, "suite.yaml"])
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    return ended.stderr
