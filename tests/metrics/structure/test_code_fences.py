"""Code blocks: found as CommonMark does, and parsed."""

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.structure.fences import Fence, find_fences
from evalhub.model import ScoreState


@pytest.mark.parametrize(
    ("text", "fences"),
    [
        ("no code", []),
        ("```python\nx = 1\n```", [Fence("python", "x = 1\n", True)]),
        ("~~~ JSON title\n{}\n~~~~", [Fence("json", "{}\n", True)]),
        ("````\n```\n````", [Fence("", "```\n", True)]),
        ("```\ncut", [Fence("", "cut", False)]),
        ("```\ncut\n\n", [Fence("", "cut\n\n", False)]),
        ("```", [Fence("", "", False)]),
        ("```\n```", [Fence("", "", True)]),
        ("1. Run:\n\n   ```sh\n   ls\n   ```\n", [Fence("sh", "ls\n", True)]),
        ("> ```py\n> x\n> ```\n", [Fence("py", "x\n", True)]),
        ("inline ``` is none", []),
        ("```a\n1\n```\ntext\n```b\n2\n```", [Fence("a", "1\n", True), Fence("b", "2\n", True)]),
    ],
)
def test_fences_are_those_of_commonmark(text: str, fences: list[Fence]) -> None:
    """Backticks and tildes, longer closings, lists and quotes; a cut block is not closed."""
    assert find_fences(text) == fences


def _explained(output: str, **settings: object) -> tuple[float, str | None]:
    score = load("code_fences", **settings).score_batch([output])["code_fences"].score(0)
    assert score.value is not None
    return score.value, score.explanation


def test_code_has_to_parse() -> None:
    """Python and JSON are parsed; the explanation has the block and the line."""
    assert _explained("```python\nprint(1)\n```") == (1, None)
    value, told = _explained("```python\nx = 1\nprint(\n```")
    assert value == 0
    assert (told or "").startswith("code block 1 does not parse: '(' was never closed in line 2")
    value, told = _explained('```json\n{"a": 1}\n```\n```json\n{"a": }\n```')
    assert value == 0
    assert (told or "").startswith("code block 2 does not parse: no JSON")


@pytest.mark.parametrize("code", ["x = '\\d'", "def f():\n    return 1", "# nothing"])
def test_odd_code_that_python_takes_passes(code: str) -> None:
    """A warning of the parser (here, of an escape) is no error."""
    assert _explained(f"```python\n{code}\n```") == (1, None)


@pytest.mark.parametrize("code", ["(" * 5000, "-" * 200_000 + "1"])
def test_code_that_breaks_the_parser_fails(code: str) -> None:
    """Nesting that the parser gives up on is said, and does not end the run."""
    value, told = _explained(f"```python\n{code}\n```")
    assert value == 0
    assert "does not parse" in (told or "")


def test_other_languages_are_only_counted() -> None:
    """There is no parser for them here."""
    assert _explained("```rust\nfn main( {\n```", language="rust") == (1, None)


def test_language_and_number_are_as_asked_for() -> None:
    """Names of one language are one; missing, surplus and foreign blocks are told."""
    one, two = "```py\nx\n```\n", "```sh\nls\n```\n"
    assert _explained(one, language="python") == (1, None)
    assert _explained(two, language="python")[1] == "0 python code blocks; at least 1 are asked for"
    assert _explained(one + two, language="Python") == (1, None)
    assert _explained(one + two, language="python", only=True)[1] == "1 code blocks are not python"
    assert _explained(one + two, most=1)[1] == "2 code blocks; at most 1 are asked for"
    assert _explained("no code", least=0, most=0) == (1, None)
    assert _explained("```\nx")[1] == "code block 1 is not closed"


def test_missing_outputs_are_errored() -> None:
    """None has no code, and is no 0."""
    column = load("code_fences").score_batch([None])["code_fences"]
    assert column.states == (ScoreState.ERRORED,)


def test_impossible_numbers_are_refused() -> None:
    """The message has both."""
    with pytest.raises(MetricError, match="least is 2 and most 1"):
        load("code_fences", least=2, most=1)
