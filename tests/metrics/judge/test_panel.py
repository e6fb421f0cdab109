"""Panels: how votes are combined, what a failed member does, and how far they agree."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.panel import Panel, PanelColumn
from evalhub.metrics.judge.rubric import RubricJudge
from evalhub.model import ScoreState

Serve = Callable[..., OpenAIChat]
Votes = Mapping[str, list[Any]]

NAMES = ("fluent", "coherent", "concise")
MARKS = {"fluent": "spelled", "coherent": "reads as one text", "concise": "as few words"}


def _client(serve: Serve, votes: Votes) -> OpenAIChat:
    """Serve a model that gives each rubric's vote on example 0, 1 and so on."""

    def reply(body: Mapping[str, Any]) -> Any:
        prompt = body["messages"][0]["content"]
        name = next(name for name in votes if MARKS[name] in prompt)
        index = int(prompt.rpartition("example ")[2][0])
        vote = votes[name][index]
        return vote if isinstance(vote, int) and vote > 99 else f"Score: {vote}"

    return serve(reply)


def _panel(serve: Serve, votes: Votes, **settings: Any) -> Panel:
    client = _client(serve, votes)
    members = [RubricJudge(client, name, columns=()) for name in votes]
    return Panel(judges=members, **settings)


def _column(serve: Serve, votes: Votes, **settings: Any) -> PanelColumn:
    n = len(next(iter(votes.values())))
    outputs = [f"example {index}" for index in range(n)]
    column = _panel(serve, votes, **settings).score_batch(outputs)["panel"]
    assert isinstance(column, PanelColumn)
    return column


VOTES: Votes = {"fluent": [5, 1, 2], "coherent": [5, 2, 2], "concise": [2, 4, 5]}


@pytest.mark.parametrize(
    ("combine", "values"),
    [("mean", [4, 7 / 3, 3]), ("median", [5, 2, 2]), ("majority", [5, 7 / 3, 2])],
)
def test_votes_are_combined(serve: Serve, combine: str, values: list[float]) -> None:
    """Mean, median, or the commonest; where all differ, the mean of the commonest."""
    column = _column(serve, VOTES, combine=combine)
    np.testing.assert_allclose(column.values, values)
    assert column.bounds == (1.0, 5.0)
    assert column.voters.tolist() == [3, 3, 3]
    assert column.score(0).explanation == "3 of 3 judges: 5, 5, 2"


def test_each_member_has_its_column(serve: Serve) -> None:
    """Under the panel's name, with its own explanations; the panel's comes first."""
    panel = _panel(serve, VOTES)
    table = panel.score_batch(["example 0", "example 1", "example 2"])
    assert tuple(table) == panel.variants == ("panel", *(f"panel/{name}" for name in NAMES))
    np.testing.assert_array_equal(table["panel/concise"].values, [2, 4, 5])
    assert table["panel/concise"].name == "panel/concise"


def test_failed_member_is_left_out_and_counted(serve: Serve) -> None:
    """Two of three are a quorum, one is not; the reason of the failure is told."""
    votes: Votes = {"fluent": [5, 5], "coherent": [3, "none"], "concise": [503, 503]}
    column = _column(serve, votes)
    np.testing.assert_allclose(column.values, [4, np.nan])
    assert column.voters.tolist() == [2, 1]
    assert column.states == [ScoreState.SCORED, ScoreState.ERRORED]
    assert str(column.score(1).explanation).startswith("1 of 3 judges: coherent: no grade in")
    assert (column.spent.calls, column.spent.failed) == (4, 2)


@pytest.mark.parametrize(("quorum", "value"), [(1, 5), (3, None)])
def test_quorum_is_a_setting(serve: Serve, quorum: int, value: float | None) -> None:
    """One vote may be enough, or all may be needed."""
    votes = {"fluent": [5], "coherent": [5 if quorum == 3 else 503], "concise": [503]}
    assert _column(serve, votes, quorum=quorum).score(0).value == value


def test_what_no_member_could_score_keeps_its_state(serve: Serve) -> None:
    """An empty output is skipped and not an error, as with each of the members."""
    column = _panel(serve, VOTES).score_batch([" "])["panel"]
    assert column.states == [ScoreState.SKIPPED]


def test_agreement_is_reported(serve: Serve) -> None:
    """Pairs alike: 2 of 6; alpha by hand from the coincidences of two examples."""
    votes = {"fluent": [5, 1], "coherent": [5, 1], "concise": [1, 5]}
    column = _column(serve, votes, combine="majority")
    assert column.agreement == pytest.approx(1 / 3)
    # Of 30 ordered pairs of the six votes 12 are alike; within examples 4 of 12 are.
    assert column.alpha == pytest.approx(1 - (8 / 12) / (18 / 30))


def test_members_may_be_given_by_name(serve: Serve) -> None:
    """As suite files do: each is made with the panel's client; names alike are numbered."""
    judges = [
        {"judge": "rubric", "criteria": "fluent", "columns": []},
        {"judge": "rubric", "criteria": "fluent", "columns": [], "explain": False},
    ]
    panel = load("panel", client=_client(serve, {"fluent": [4]}), judges=judges, label="jury")
    table = panel.score_batch(["example 0"])
    assert list(table) == ["jury", "jury/fluent-1", "jury/fluent-2"]
    assert table["jury"].score(0).value == 4


def test_any_metric_can_be_a_member(serve: Serve) -> None:
    """Not only judges vote; the panel requires what its members do, each column once."""
    panel = Panel(judges=[{"metric": "exact_match"}, {"metric": "token_f1"}])
    assert panel.requires == ("outputs", "references")
    table = panel.score_batch(["a b"], ["a b"])
    assert table["panel"].score(0).value == 1


def test_unlike_scales_are_refused(serve: Serve) -> None:
    """A 3 of 5 and a 3 of 10 have no mean."""
    client = serve("Score: 3")
    judges = [RubricJudge(client, "one", scale=scale, columns=()) for scale in ((1, 5), (1, 9))]
    with pytest.raises(MetricInputError, match="scales differ"):
        Panel(judges=judges).score_batch(["x"])


def test_signature_changes_with_what_matters(serve: Serve) -> None:
    """Members, how they are combined and the quorum."""
    two = {name: VOTES[name] for name in NAMES[:2]}
    panels = [
        _panel(serve, VOTES),
        _panel(serve, two),
        _panel(serve, VOTES, combine="median"),
        _panel(serve, VOTES, quorum=3),
    ]
    assert len({panel.signature for panel in panels}) == 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"judges": []}, "a panel has 0 judges"),
        ({"combine": "max"}, "combine is 'max'"),
        ({"quorum": 3}, "quorum is 3"),
        ({"judges": [{"criteria": "x"}, {}]}, "name it under 'judge'"),
    ],
)
def test_unusable_setting_is_refused(settings: dict[str, Any], said: str) -> None:
    """A panel that cannot vote is refused before anything is asked."""
    two = [{"metric": "exact_match"}, {"metric": "token_f1"}]
    with pytest.raises(MetricError, match=said):
        load("panel", **{"judges": two, **settings})


def test_empty_batch_gives_empty_columns(serve: Serve) -> None:
    """Nothing to judge is no error, and no agreement."""
    column = _panel(serve, VOTES).score_batch([])["panel"]
    assert isinstance(column, PanelColumn)
    assert len(column) == 0
    assert np.isnan(column.agreement)
    assert np.isnan(column.alpha)
