"""Canaries are put to a judge that does not answer from what it kept."""

from typing import Any

from evalhub.evals.gates.uncached import uncached
from evalhub.evals.suites.labelled import Labelled
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load


def judge(**settings: Any) -> Any:
    """Return a judge whose model is never asked here."""
    endpoint = Endpoint(base_url="http://127.0.0.1:9/v1", model="m", api_key="k")
    return load("rubric", criteria="right", client=OpenAIChat(endpoint), **settings)


def test_a_judge_keeps_nothing_and_is_the_same_otherwise() -> None:
    """Its signature stays, which the canaries are held against."""
    kept = judge(cache=True)
    asked: Any = uncached(kept)
    assert (kept.cache, asked.cache) == (True, False)
    assert asked.signature == kept.signature
    plain = judge()
    assert uncached(plain) is plain


def test_so_does_one_under_another_name_and_one_in_a_panel() -> None:
    """Wherever the judge that keeps answers is hidden."""
    named: Any = uncached(Labelled(judge(cache=True), "tone"))
    assert (named.name, named.metric.cache) == ("tone", False)
    panel = load("panel", judges=[judge(cache=True), judge(cache=True, label="second")])
    asked: Any = uncached(panel)
    assert [member.cache for member in asked.judges] == [False, False]
