"""Calibrations on disk: what is kept, and when it no longer holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.metrics.judge.calibration import calibrate
from evalhub.metrics.judge.calibration_file import (
    SavedCalibration,
    check_calibration,
    load_calibration,
    save_calibration,
)

SIGNATURE = "rubric|criteria:relevant|prompt:rubric_v1:0011aabb|judge:gpt-5.4|parser:2|v:1"
MADE = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def saved() -> SavedCalibration:
    """Return a calibration with every part that there can be."""
    judge, human = [5, 4, 2, 1] * 20, [5, 5, 1, 1] * 20
    found = calibrate(
        judge,
        human,
        further_raters=[human],
        threshold="auto",
        human_threshold=4,
        held_out=0.5,
        clusters=[i // 2 for i in range(80)],
        unlabelled=[5, 1, 4],
    )
    return SavedCalibration(found, SIGNATURE, MADE)


def test_calibration_comes_back_as_it_was(saved: SavedCalibration, tmp_path: Path) -> None:
    """Writing and reading loses nothing, grades and categories included."""
    variants = [
        saved,
        replace(saved, calibration=calibrate([1, 2, 3], [1, 2, 2])),
        replace(saved, calibration=calibrate(["a", "b"], ["b", "b"]), signature=None),
    ]
    for number, variant in enumerate(variants):
        path = tmp_path / f"{number}.json"
        save_calibration(path, variant)
        assert load_calibration(path) == variant


def test_file_names_the_judge(saved: SavedCalibration, tmp_path: Path) -> None:
    """The file can be read by eye: signature, model, prompt with its hash, date."""
    path = tmp_path / "calibration.json"
    save_calibration(path, saved)
    kept = json.loads(path.read_text())
    assert kept["signature"] == SIGNATURE
    assert kept["model"] == "gpt-5.4"
    assert kept["prompt"] == "rubric_v1:0011aabb"
    assert kept["made_at"] == "2026-05-04T12:00:00Z"


def test_calibration_holds_for_its_judge_until_its_day(saved: SavedCalibration) -> None:
    """The same signature within the days is valid; one day too late is not."""
    assert check_calibration(saved, SIGNATURE, now=MADE + timedelta(days=90)).valid
    late = check_calibration(saved, SIGNATURE, now=MADE + timedelta(days=91))
    assert not late.valid
    assert late.reasons == ("it is 91 days old, and was to hold for 90",)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("judge:gpt-5.4", "judge:gpt-5.5", "judge was gpt-5.4 and is gpt-5.5"),
        ("0011aabb", "ccdd2233", "prompt was rubric_v1:0011aabb and is rubric_v1:ccdd2233"),
        ("parser:2|", "", "parser was 2 and is None"),
        ("rubric|", "geval|", "metric was rubric and is geval"),
    ],
)
def test_another_judge_has_no_calibration(
    before: str, now: str, told: str, saved: SavedCalibration
) -> None:
    """A changed model, prompt, parser or metric is named."""
    found = check_calibration(saved, SIGNATURE.replace(before, now, 1), now=MADE)
    assert not found.valid
    assert told in found.reasons[0]


def test_calibration_of_an_unknown_judge_never_holds(saved: SavedCalibration) -> None:
    """Verdicts that nobody signed speak for no judge."""
    found = check_calibration(replace(saved, signature=None), SIGNATURE, now=MADE)
    assert not found.valid
    assert "does not say which judge" in found.reasons[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no calibration"),
        ('{"format": 1}', "calibration: Field required"),
        (None, "cannot read the calibration"),
    ],
)
def test_file_that_is_none_is_refused(content: str | None, told: str, tmp_path: Path) -> None:
    """The message has the path and what is missing."""
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_calibration(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_folder_that_is_not_there_is_told(saved: SavedCalibration, tmp_path: Path) -> None:
    """A calibration that cannot be written is an error, not a silence."""
    with pytest.raises(ConfigError, match="cannot write the calibration"):
        save_calibration(tmp_path / "none" / "calibration.json", saved)
