"""When a run is given up because no call gets through, and when it is not."""

from collections.abc import Mapping
from typing import Any

import pytest

from evalhub.errors import ModelBusyError, ModelError, ModelUnavailableError
from evalhub.evals.runs.calling import call_all
from evalhub.evals.runs.hope import Hope
from evalhub.evals.runs.pace import Limits
from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Example


class StatusError(Exception):
    """What a client raises for a status."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


def refusal(status: int) -> ModelError:
    """Return an error of ours with *status* behind it."""
    error = ModelError(f"refused with {status}")
    error.__cause__ = StatusError(status)
    return error


def failing(error: ModelError, cause: Exception) -> ModelError:
    """Return *error*, raised from *cause*."""
    error.__cause__ = cause
    return error


GONE = failing(ModelUnavailableError("gone"), ConnectionRefusedError("refused"))
LATE = failing(ModelUnavailableError("late"), TimeoutError())
BROKEN = failing(ModelUnavailableError("answered 500"), StatusError(500))


def count_until_given_up(hope: Hope, error: BaseException, most: int = 100) -> int | None:
    """Return how many calls fail with *error* before the run ends; None where it goes on."""
    for number in range(1, most + 1):
        try:
            hope.failed(error)
        except ModelError:
            return number
    return None


def hope_for(planned: int = 1000, *, has_answers: bool = False) -> Hope:
    """Return the hope of a run with four calls at a time."""
    return Hope("t", planned=planned, concurrency=4, has_answers=has_answers)


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (refusal(401), 3),
        (refusal(403), 3),
        (refusal(404), 3),
        (refusal(400), 14),
        (ModelBusyError("429"), 14),
        (BROKEN, 14),
        (ValueError("no"), 14),
    ],
)
def test_a_target_from_which_nothing_comes_is_given_up(error: BaseException, calls: int) -> None:
    """At the start a refused key is believed soon; any failure after some calls."""
    assert count_until_given_up(hope_for(), error) == calls


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (refusal(401), 14),
        (refusal(403), 14),
        (ModelBusyError("429"), 14),
        (GONE, 14),
        (refusal(400), None),
        (BROKEN, None),
        (LATE, None),
        (ValueError("no"), None),
        (StatusError(401), None),
    ],
)
def test_later_only_the_endpoint_ends_a_run(error: BaseException, calls: int | None) -> None:
    """A key that is revoked, a quota used up, a server gone; errors of examples are a result."""
    hope = hope_for()
    hope.went_well()
    assert count_until_given_up(hope, error) == calls
    assert count_until_given_up(hope_for(has_answers=True), error) == calls


def test_one_answer_brings_hope_back() -> None:
    """Failures count in a row only."""
    hope = hope_for()
    for _ in range(5):
        assert count_until_given_up(hope, GONE, 13) is None
        hope.went_well()


def test_a_small_run_does_not_wait_for_a_third_refusal() -> None:
    """Two calls that are refused are all there are."""
    assert count_until_given_up(hope_for(2), refusal(401)) == 2


def test_a_filter_s_word_on_one_example_is_that_example_s_error() -> None:
    """A 403 in the middle neither ends the run nor keeps it from ever ending."""

    class Filtered:
        name = "filtered"

        def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
            if inputs["n"] % 7 == 0:
                raise refusal(403)
            return TargetOutput("fine")

    planned = [(Example(str(n), {"n": n}), 0) for n in range(30)]
    calls = call_all(Filtered(), planned, limits=Limits(concurrency=2), on_call=lambda done: None)
    failed = [number for number, call in enumerate(calls) if not call.is_done]
    assert failed == [0, 7, 14, 21, 28]
    assert calls[7].error == "ModelError: refused with 403"


def test_a_server_that_goes_away_ends_the_run_with_its_reason() -> None:
    """The rest is not tried in vain."""
    asked: list[int] = []

    class Gone:
        name = "gone"

        def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
            asked.append(inputs["n"])
            if inputs["n"] > 20:
                raise GONE
            return TargetOutput("fine")

    planned = [(Example(str(n), {"n": n}), 0) for n in range(1000)]
    with pytest.raises(ModelError, match=r"the last 14 calls of 'gone' all failed, .*gone"):
        call_all(
            Gone(),
            planned,
            limits=Limits(concurrency=4, retries=0),
            on_call=lambda done: None,
        )
    assert len(asked) < 60
