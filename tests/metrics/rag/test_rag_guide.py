"""The examples of docs/metrics-rag.md are true."""

import doctest
import re
from collections.abc import Callable
from pathlib import Path

from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.rag.catalog import CATALOG

GUIDE = Path(__file__).parents[3] / "docs" / "metrics-rag.md"


def test_examples_of_the_guide_give_what_it_says(say: Callable[..., OpenAIChat]) -> None:
    """They are run in order; what the model says in the first is scripted."""
    claims = ["Einstein was born in Ulm.", "He was born in 1879.", "Einstein liked tea."]
    verdicts = [
        {"number": 1, "reason": "stated", "verdict": "yes"},
        {"number": 2, "reason": "stated", "verdict": "yes"},
        {"number": 3, "reason": "not mentioned", "verdict": "no"},
    ]
    client = say({"claims": claims}, {"verdicts": verdicts})
    blocks = re.findall(r"```pycon\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    source = "\n".join(blocks)
    test = doctest.DocTestParser().get_doctest(source, {"client": client}, "guide", str(GUIDE), 0)
    assert len(test.examples) == 12
    told: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)


def test_every_metric_of_the_room_is_in_the_guide() -> None:
    """By its name in the catalogue."""
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in CATALOG if f"`{name}`" not in text] == []
