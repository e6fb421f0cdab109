"""The page on judges: its examples run, and print what it says that they print."""

import json
import math
import re
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalhub.llm.openai import OpenAIChat

Serve = Callable[..., OpenAIChat]

PAGE = Path(__file__).parents[3] / "docs" / "metrics-judges.md"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PRINTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)


def _reply(body: Mapping[str, Any]) -> Any:
    """Answer as the page says that the model does."""
    prompt = body["messages"][0]["content"]
    if "logprobs" in body:
        top = {"4": math.log(0.6), "5": math.log(0.4)}
        return {"content": '{"score":4}', "logprobs": [('{"score":', {}), ("4", top), ("}", {})]}
    if "<answer_b>" in prompt:
        is_swapped = "<answer_b>\nParis.\n" in prompt
        return json.dumps({"winner": "B" if is_swapped and "Lyon" in prompt else "A"})
    return json.dumps({"explanation": "names the city", "score": 4})


def test_examples_of_the_page_run_and_print_what_it_says(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All in one go, as a reader would try them, against a fake of the endpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", serve(_reply).base_url)
    monkeypatch.setenv("EVALHUB_MODEL", "fake")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    source = "\n".join(_EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))
    script = tmp_path / "page.py"
    script.write_text(source, encoding="utf-8")
    names = runpy.run_path(str(script))
    names["client"].close()
    names["claude"].close()
    said = _PRINTED.findall(source)
    assert len(said) > 10
    assert capsys.readouterr().out.splitlines() == said
