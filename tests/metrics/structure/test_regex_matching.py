"""Patterns that run away, and all others beside them."""

import re
import sys
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import MetricError
from evalhub.metrics.columns import Unscored
from evalhub.metrics.structure import regex, regex_matching
from evalhub.metrics.structure.regex import Regex
from evalhub.metrics.structure.regex_matching import match_texts

RUNAWAY = "(a+)+$"
FATAL = "a" * 60 + "b"
LIMIT_S = 0.05


def _told(found: list[float | Unscored]) -> list[float | str]:
    return [item.reason if isinstance(item, Unscored) else item for item in found]


def test_a_runaway_pattern_is_an_error_of_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs before and after it have their scores, and the run goes on."""
    monkeypatch.setattr(regex, "match_texts", partial(match_texts, limit_s=LIMIT_S))
    column = Regex(RUNAWAY).score_batch(["aa", FATAL, None, "b", FATAL])["regex"]
    scores = [column.score(index) for index in range(5)]
    assert [score.value for score in scores] == [1.0, None, None, 0.0, None]
    assert scores[1].state == "errored"
    assert scores[1].explanation == (
        "the pattern '(a+)+$' takes more than 0.05 s on this output; "
        "let no repeat hold another one, as a+ for (a+)+"
    )


def test_after_three_runaways_no_more_time_is_given() -> None:
    """A thousand such outputs do not take a thousand limits."""
    fatal = [f"{FATAL}{index}" for index in range(1000)]
    told = _told(match_texts(RUNAWAY, ["a", *fatal], limit_s=LIMIT_S))
    assert told[0] == 1.0
    assert [str(item).partition(";")[0].partition("$' ")[2] for item in told[3:5]] == [
        "takes more than 0.05 s on this output",
        "took more than 0.05 s on 3 outputs before this one",
    ]
    assert len(told) == 1001
    assert told[4] == told[1000]


def test_what_lets_no_signal_through_is_ended_too() -> None:
    """The engine looks for a letter in loops that no signal's handler gets into."""
    (found,) = match_texts("a+b", ["a" * 300_000], limit_s=LIMIT_S)
    assert isinstance(found, Unscored)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(st.characters()), max_size=5), st.booleans())
def test_matches_are_those_of_this_process(texts: list[str], full: bool) -> None:
    """Texts arrive as they are: empty, of several lines, with halves of characters."""
    pattern = r"(?s)\w.*|\ud800|"
    match = re.fullmatch if full else re.search
    expected = [float(match(pattern, text) is not None) for text in texts]
    assert match_texts(pattern, texts, full=full) == expected


def test_the_working_folder_and_environment_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of the user's that is called as one of Python's is not taken for it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "re.py").write_text("raise RuntimeError('not this one')", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    assert match_texts("a", ["a", "b"]) == [1.0, 0.0]


def test_without_a_limit_texts_are_matched_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, whose processes have no such limit; here it is only left out."""
    monkeypatch.setattr(regex_matching, "_CAN_LIMIT", False)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert match_texts("a", ["a", "b"], full=True) == [1.0, 0.0]


def test_a_process_that_cannot_be_started_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the program and the pattern."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MetricError, match=r"cannot start /nowhere/python to match 'a\+'"):
        match_texts("a+", ["a"])


def test_a_process_that_fails_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said last is told."""
    broken = tmp_path_factory.mktemp("broken") / "process.py"
    broken.write_text("raise MemoryError('no room')", encoding="utf-8")
    monkeypatch.setattr(regex_matching, "_PROGRAM", broken)
    with pytest.raises(MetricError, match=r"matching 'a' failed \(1\): MemoryError: no room"):
        match_texts("a", ["a"])
