"""``evalhub judge calibrate`` and ``check``: figures, exit codes, and errors of one line."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import Result

from evalhub.cli.app import main
from evalhub.metrics.judge.calibration_file import load_calibration

Run = Callable[..., Result]


def test_verdicts_in_a_column_are_measured(folder: Path, run: Run) -> None:
    """The JSON has what the API finds: kappa as scikit-learn's, and the corrected rate."""
    labels = folder / "labels.jsonl"
    done = run("calibrate", "--labels", labels, "--unlabelled", folder / "new.jsonl", "--json")
    found = json.loads(done.stdout)["calibration"]
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    kappa = cohen_kappa_score([row["judge"] for row in rows], [row["human"] for row in rows])
    assert found["kappa"]["value"] == pytest.approx(kappa)
    assert found["verdicts"]["observed_rate"]["value"] == pytest.approx(1 / 3)
    corrected = found["verdicts"]["corrected_rate"]
    assert corrected["lower"] < corrected["value"] < corrected["upper"]
    assert found["n"] == 90


def test_report_fits_a_hundred_columns(folder: Path, run: Run) -> None:
    """People get the figures with intervals, the confusion matrix, and the warnings."""
    done = run(
        "calibrate", "--labels", folder / "labels.jsonl", "--human", "human", "--human", "anna",
        "--cluster", "talk", "--unlabelled", folder / "new.jsonl", "--held-out", "0.5",
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    for expected in (
        "kappa",
        "true fails it fails (TNR)",
        "bias-corrected pass rate",
        "alpha of 2 people",
        "people | judge",
        "held out",
        "clusters",
        "! ",
    ):
        assert any(expected in line for line in lines), expected


def test_grades_from_csv_take_a_chosen_threshold(folder: Path, run: Run) -> None:
    """Text cells are numbers, an empty one is no grade; the threshold is chosen and told."""
    plain = run("calibrate", "--labels", folder / "grades.csv", "--json")
    found = json.loads(plain.stdout)["calibration"]
    assert (found["kind"], found["n"], found["unjudged"]) == ("grade", 59, 1)
    done = run(
        "calibrate", "--labels", folder / "grades.csv", "--threshold", "auto",
        "--human-threshold", "4", "--held-out", "0.5", "--seed", "1",
    )  # fmt: skip
    assert "(chosen by the others)" in done.stdout
    assert "people pass grades from 4" in done.stdout


def test_output_without_a_cluster_is_its_own(folder: Path, run: Run) -> None:
    """Empty cells do not make one great cluster of all outputs that have none."""
    path = folder / "labels.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    changed = [{**row, "talk": row["talk"] if i < 40 else ""} for i, row in enumerate(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in changed))
    done = run("calibrate", "--labels", path, "--cluster", "talk", "--json")
    assert json.loads(done.stdout)["calibration"]["clusters"] == 20 + 50


def test_judge_is_asked_over_http(folder: Path, model: Any, run: Run) -> None:
    """A judge made by options grades the outputs; its signature goes with the calibration."""
    kept = folder / "calibration.json"
    done = run(
        "calibrate", "--labels", folder / "labels.jsonl", *model.options, "--threshold", "3",
        "--save", kept, "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["calibration"]["threshold"] == 3.0
    assert found["calibration"]["verdicts"]["judge_rate"]["value"] == pytest.approx(2 / 3)
    assert found["calibration"]["kappa"]["value"] > 0.7
    assert found["model"] == "fake"
    saved = load_calibration(kept)
    assert saved.signature == found["signature"]
    assert saved.signature is not None
    assert run("check", kept, "--signature", saved.signature).stdout == "the calibration holds\n"
    other = saved.signature.replace("judge:fake", "judge:other")
    late = run("check", kept, "--signature", other, "--json", code=1)
    assert "judge was fake and is other" in json.loads(late.stdout)["reasons"][0]


def test_a_key_goes_to_no_other_address(
    folder: Path, model: Any, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """What the environment has for OpenAI is not for whom --base-url names."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    asked = ["calibrate", "--labels", folder / "labels.jsonl", "--threshold", 3, *model.options]
    run(*asked)
    assert model.keys == {None}
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    run(*asked, "--set", "cache=false")
    assert model.keys == {None, "Bearer secret"}


def test_judging_is_paid_for_once(folder: Path, model: Any, run: Run) -> None:
    """A threshold that was forgotten is told after judging; the next run asks for no grade."""
    rule = model.answer
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return str(rule(prompt))

    model.answer = answer
    labels = ["calibrate", "--labels", folder / "labels.jsonl", *model.options]
    assert "of the kind grade, people's verdict" in str(run(*labels, code=1).exception)
    assert len(asked) == 90
    run(*labels, "--threshold", "3")
    assert len(asked) == 90
    run(*labels, "--threshold", "3", "--set", "cache=false")
    assert len(asked) == 180


def test_judge_that_is_down_has_no_figures(folder: Path, model: Any, run: Run) -> None:
    """The error says why; where only some outputs have no grade it is told beside the table."""
    rule = model.answer
    labels = ["calibrate", "--labels", folder / "labels.jsonl", *model.options, "--threshold", "3"]
    model.answer = lambda prompt: 404
    down = str(run(*labels, code=1).exception)
    assert "relevant graded none of 90 outputs; the first: model 'fake' at " in down
    model.answer = lambda prompt: "I refuse." if "poor answer 2\n" in prompt else rule(prompt)
    done = run(*labels)
    assert done.stderr == "1 of 90 outputs got no grade; the first: no grade in: I refuse.\n"


def test_interrupted_judging_ends_and_keeps_its_answers(folder: Path, model: Any, run: Run) -> None:
    """The first Ctrl-C says what it waits for, the second ends at once; answers are kept."""
    rule = model.answer
    hangs, goes_on, asked = threading.Event(), threading.Event(), []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) > 40:
            hangs.set()
            goes_on.wait(60)
        return str(rule(prompt))

    model.answer = answer
    labels = ["calibrate", "--labels", str(folder / "labels.jsonl"), "--threshold", "3"]
    command = [sys.executable, "-m", "evalhub", "judge", *labels, *model.options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert hangs.wait(60)
        process.send_signal(signal.SIGINT)
        assert "once more ends at once" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    goes_on.set()
    kept = len(asked)
    run(*labels, *model.options)
    assert len(asked) - kept <= 90 - 36  # four were under way when the fortieth was answered


def test_recorded_judge_needs_no_model(folder: Path, model: Any, run: Run) -> None:
    """What one run records another one replays, offline, to the same figures."""
    labels, kept = folder / "labels.jsonl", folder / "recording.jsonl"
    arguments = ["calibrate", "--labels", labels, "--threshold", "3", "--json"]
    asked = run(*arguments, *model.options, "--set", f"record={kept}")
    model.answer = lambda prompt: 500
    replayed = run(*arguments, "--judge", "rubric", "--criteria", "relevant", "--replay", kept)
    first, second = (json.loads(done.stdout) for done in (asked, replayed))
    assert first["calibration"] == second["calibration"]
    assert first["signature"] == second["signature"]


def test_metric_that_asks_no_model_is_measured_too(folder: Path, run: Run) -> None:
    """A regular expression in place of a judge needs no endpoint."""
    done = run(
        "calibrate", "--labels", folder / "labels.jsonl", "--judge", "regex",
        "--set", "pattern=^(good|fair)", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["calibration"]["kappa"]["value"] > 0.7
    assert found["signature"].startswith("regex|")


def test_kappa_that_is_not_surely_high_enough_fails(folder: Path, run: Run) -> None:
    """It is the lower end that must reach --min-kappa, not the value."""
    labels = folder / "labels.jsonl"
    arguments = ["calibrate", "--labels", labels, "--json"]
    kappa = json.loads(run(*arguments).stdout)["calibration"]["kappa"]
    between = (kappa["lower"] + kappa["value"]) / 2
    run(*arguments, "--min-kappa", between, code=1)
    run(*arguments, "--min-kappa", kappa["lower"] - 0.01)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["calibrate", "--labels", "none.jsonl"], "no data set none.jsonl"),
        (["calibrate", "--labels", "labels.jsonl", "--human", "bob"], "no column 'bob'"),
        (["calibrate", "--labels", "labels.jsonl", "--verdicts", "x"], "no column 'x'"),
        (["calibrate", "--labels", "labels.jsonl", "--model", "m"], "--model is for a judge"),
        (["calibrate", "--labels", "labels.jsonl", "--threshold", "high"], "--threshold is 'high'"),
        (
            ["calibrate", "--labels", "labels.jsonl", "--judge", "rubric", "--model", "m"],
            "the model 'm' needs an endpoint",
        ),
        (
            ["canary", "record", "labels.jsonl", "--out", "c", "--base-url", "http://x"],
            "name its model with --model",
        ),
        (["canary", "check", "none.jsonl"], "cannot read the canaries none.jsonl"),
        (
            ["canary", "record", "labels.jsonl", "--out", "c", "--set", "explain"],
            "'explain' is not KEY=VALUE",
        ),
        (["check", "none.json", "--signature", "s"], "cannot read the calibration none.json"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str],
    told: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, no traceback, and the message says what to give."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["evalhub", "judge", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert told in message
    assert len(message.splitlines()) == 1
