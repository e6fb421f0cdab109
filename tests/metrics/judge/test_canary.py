"""Canaries: a judge that stays, one that moved, and one that does not answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.errors import ConfigError, MetricInputError
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import Unscored, score_column
from evalhub.metrics.judge.canary import (
    CanaryLimits,
    CanarySet,
    check_canaries,
    record_canaries,
)
from evalhub.metrics.judge.canary_file import load_canaries, save_canaries
from evalhub.metrics.judge.rubric import RubricJudge
from evalhub.metrics.structure.contains import Contains
from evalhub.model import ScoreState

IDS = [f"c{number}" for number in range(40)]
OUTPUTS = [f"answer {number}" for number in range(40)]
Grade = Callable[[int], float | Unscored]
REFUSED = Unscored(ScoreState.UNPARSED, "the judge refused")
FAILED = Unscored(ScoreState.ERRORED, "timed out")


@dataclass(frozen=True)
class FakeJudge:
    """A fake metric: grades the n-th output by a function, to move as a test wants it to."""

    grade: Grade
    signature: str = "fake|judge:one|v:1"
    name: str = "fake"
    requires: tuple[str, ...] = ("outputs", "inputs")
    bounds: tuple[float, float] = (1.0, 5.0)

    def score_batch(self, **columns: Sequence[Any]) -> ScoreTable:
        """Grade each output by its place."""
        grades = [self.grade(place) for place in range(len(columns["outputs"]))]
        return {self.name: score_column(self.name, self.signature, grades, bounds=self.bounds)}


def _steady(place: int) -> float:
    return float(place % 5 + 1)


def _record(grade: Grade = _steady, **settings: Any) -> CanarySet:
    columns: Mapping[str, Sequence[Any]] = {
        "outputs": OUTPUTS,
        "inputs": [{"question": "?"}] * 40,
        "references": ["not asked for"] * 40,
    }
    return record_canaries(FakeJudge(grade, **settings), columns, IDS)


def test_canaries_hold_what_the_judge_saw_and_said() -> None:
    """Each item has its grade, and the columns that the judge needs and no other."""
    canaries = _record()
    assert [item.grade for item in canaries.items] == [_steady(i) for i in range(40)]
    assert canaries.items[0].columns == {"outputs": "answer 0", "inputs": {"question": "?"}}
    assert canaries.signature == "fake|judge:one|v:1"


def test_same_judge_has_not_moved() -> None:
    """Equal grades are no change, no shift and no reason."""
    found = check_canaries(FakeJudge(_steady), _record())
    assert (found.moved, found.complete, found.n) == (False, True, 40)
    assert found.changes == ()
    assert found.reasons == ()
    assert found.shift.value == 0.0
    assert found.changed_share == 0.0


def test_a_few_grades_that_flicker_are_no_move() -> None:
    """Three of 40 up or down are within the tenth that may change."""
    flickering = {3: 1.0, 20: -1.0 + 2, 33: -1.0}
    found = check_canaries(
        FakeJudge(lambda place: _steady(place) + flickering.get(place, 0.0)), _record()
    )
    assert not found.moved
    assert [change.id for change in found.changes] == ["c3", "c20", "c33"]
    assert found.changes[0].before == 4.0
    assert found.changes[0].now == 5.0


def test_many_changed_grades_are_a_move() -> None:
    """Eight of 40, half of them up and half down: the mean stays, the judge did not."""
    found = check_canaries(
        FakeJudge(lambda place: _steady(place) + (place < 8) * (-1.0) ** place), _record()
    )
    assert found.moved
    assert found.shift.value == pytest.approx(0.0)
    assert found.reasons == ("8 of 40 grades changed; 10% may",)


def test_small_shift_of_all_grades_is_a_move() -> None:
    """Each grade .2 higher is within the tolerance, and no accident."""
    limits = CanaryLimits(tolerance=0.25)
    found = check_canaries(FakeJudge(lambda place: _steady(place) + 0.2), _record(), limits)
    assert found.changes == ()
    assert found.moved
    assert found.shift.value == pytest.approx(0.2)
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert "the mean grade shifted by +0.2" in found.reasons[0]


def test_verdicts_are_compared_by_mcnemar() -> None:
    """Passes that became fails are a shift of the pass rate; seven one way are p = 1/64."""
    passes = _record(lambda place: 1.0, bounds=(0.0, 1.0))
    judge = FakeJudge(lambda place: float(place >= 7), bounds=(0.0, 1.0))
    found = check_canaries(judge, passes, CanaryLimits(changed_share=0.5))
    assert found.p_value == pytest.approx(2 / 2**7)
    assert not found.moved
    assert check_canaries(judge, passes, CanaryLimits(changed_share=0.5, p_value=0.05)).moved


def test_judge_of_another_signature_has_moved() -> None:
    """Another model behind the same grades is another judge, and the part is named."""
    found = check_canaries(FakeJudge(_steady, signature="fake|judge:two|v:1"), _record())
    assert found.moved
    assert found.reasons == ("the judge is another one: judge was one and is two",)


def test_refusals_are_changes_and_failures_are_not() -> None:
    """A judge that now refuses moved; one that did not answer said nothing."""
    refusing = FakeJudge(lambda place: REFUSED if place < 6 else _steady(place))
    moved = check_canaries(refusing, _record())
    assert moved.moved
    assert moved.changes[0].now is None
    assert moved.changes[0].reason == "the judge refused"
    failing = FakeJudge(lambda place: FAILED if place < 6 else _steady(place))
    found = check_canaries(failing, _record())
    assert (found.moved, found.complete, found.n, found.errored) == (False, True, 34, 6)


def test_judge_that_hardly_answers_leaves_it_open() -> None:
    """With every request failed nothing is known: neither moved nor complete."""
    found = check_canaries(FakeJudge(lambda place: FAILED), _record())
    assert (found.moved, found.complete, found.n) == (False, False, 0)
    assert found.changed_share is None
    assert found.shift.value is None
    assert found.shift.reason


def test_grade_where_there_was_none_is_a_change() -> None:
    """An item that the judge could not grade is kept, and a grade for it now is told."""
    canaries = _record(lambda place: REFUSED if place == 0 else _steady(place))
    assert canaries.items[0].grade is None
    assert check_canaries(FakeJudge(_steady), canaries).changes[0].before is None


def test_false_alarms_are_rare() -> None:
    """A judge that flickers in 4% of its grades moves in under 3% of 300 nights."""
    rng = np.random.default_rng(8)
    canaries = _record(lambda place: 3.0)
    nights = []
    for _ in range(300):
        steps = rng.choice([-1.0, 0.0, 1.0], 40, p=[0.02, 0.96, 0.02])
        grades = (3.0 + steps).tolist()
        nights.append(check_canaries(FakeJudge(grades.__getitem__), canaries).moved)
    assert np.mean(nights) < 0.03


def test_canaries_come_back_from_the_file(tmp_path: Path) -> None:
    """Texts with any character, and missing grades, survive the file."""
    judge = FakeJudge(lambda place: REFUSED if place else 4.0, requires=("outputs",))
    outputs = ["line\u2028separator \x85 今天", 'a "quote"\n\n']
    canaries = record_canaries(judge, {"outputs": outputs}, ["a", "b"])
    path = tmp_path / "canaries.jsonl"
    save_canaries(path, canaries)
    assert load_canaries(path) == canaries
    assert json.loads(path.read_text(encoding="utf-8").split("\n")[0])["canaries"] == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read the canaries"),
        ("", "is empty"),
        ('{"canaries": 1, "signature": "s"}\n', "has no canary"),
        ('{"canaries": 1, "signature": "s"}\n{"id": "a"}\n', ":2: grade: Field required"),
        ('{"canaries": 2, "signature": "s"}\n', ":1: canaries: Input should be 1"),
        ("{\n", ":1: not JSON"),
    ],
)
def test_file_that_is_wrong_is_refused(content: str | None, told: str, tmp_path: Path) -> None:
    """The message has file, line and what is wrong."""
    path = tmp_path / "canaries.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_canaries(path)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: record_canaries(FakeJudge(_steady), {"outputs": ["a"]}, ["1"]), "'inputs'"),
        (lambda: record_canaries(Contains(), {"outputs": [], "references": []}, []), "no output"),
        (lambda: _record(lambda place: FAILED if place == 1 else 1.0), "1 of 40 requests failed"),
        (
            lambda: record_canaries(
                FakeJudge(_steady, requires=("outputs",)), {"outputs": ["a", "b"]}, ["1", "1"]
            ),
            "'1' is there twice",
        ),
        (
            lambda: check_canaries(FakeJudge(_steady, requires=("outputs", "contexts")), _record()),
            "'contexts', which canary 'c0' lacks",
        ),
        (lambda: CanaryLimits(tolerance=-1), "tolerance is -1"),
        (lambda: CanaryLimits(changed_share=2), "changed_share is 2"),
    ],
)
def test_canaries_that_cannot_be_judged_are_refused(call: Callable[[], Any], told: str) -> None:
    """The message names the column, the id or the setting."""
    with pytest.raises(MetricInputError) as caught:
        call()
    assert told in str(caught.value)


@pytest.mark.model
def test_real_judge_stays_and_moves(local_llm: str) -> None:
    """The embedded model grades alike twice; asked for something else it is another judge."""
    columns: Mapping[str, Any] = {
        "outputs": ["It is Paris."],
        "inputs": [{"question": "France's capital?"}],
    }
    with OpenAIChat(Endpoint(local_llm, "local")) as client:
        judge = RubricJudge(client, "relevant", explain=False, max_tokens=20)
        canaries = record_canaries(judge, columns, ["a"])
        again = check_canaries(judge, canaries)
        other = RubricJudge(client, "concise", label="relevant", explain=False, max_tokens=20)
        moved = check_canaries(other, canaries)
    assert all(item.grade is not None for item in canaries.items)
    assert (again.moved, again.changes, again.complete) == (False, (), True)
    assert moved.moved
    assert "criteria was relevant and is concise" in moved.reasons[0]
