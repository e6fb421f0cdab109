"""``evalhub judge`` as a user types it: labels in files, a judge over HTTP, exit codes.

The model is a fake: a server on this machine that speaks OpenAI's protocol and grades by a
rule, because a real one does not move when a test wants it to. Client and wire are real.
"""

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner, Result

from evalhub.cli.app import main
from evalhub.cli.judge import app
from evalhub.metrics.judge.calibration_file import load_calibration

QUESTION = "What is the capital of France?"
RULE = {"good": 5, "fair": 3, "poor": 1}
"""The grade that the fake gives an output by its first word."""


@dataclass
class FakeModel:
    """A fake model behind OpenAI's protocol: answers each prompt with a grade, or a status."""

    url: str
    answer: Callable[[str], int | str]
    keys: set[str | None] = field(default_factory=set)
    """What was sent as authorization."""

    @property
    def options(self) -> list[str]:
        """What makes a judge of it on the command line."""
        return ["--judge", "rubric", "--criteria", "relevant", *self.where]

    @property
    def where(self) -> list[str]:
        """The model and its address."""
        return ["--model", "fake", "--base-url", self.url]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    """Serve the fake model."""
    fake = FakeModel("", _by_rule)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


def _by_rule(prompt: str) -> str:
    output = prompt.split("<answer>\n")[1].split("\n</answer>", maxsplit=1)[0]
    return json.dumps({"explanation": f"it is {output}", "score": RULE[output.split()[0]]})


def _handler(fake: FakeModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            fake.keys.add(self.headers["authorization"])
            said = fake.answer(body["messages"][-1]["content"])
            failed = isinstance(said, int)
            data = json.dumps({"error": {"message": "down"}} if failed else _completion(said))
            self.send_response(said if isinstance(said, int) else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data.encode())))
            self.end_headers()
            self.wfile.write(data.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
            """Stay silent."""

    return Handler


def _completion(text: str | int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with labelled outputs, outputs without labels, and graded ones."""
    folder = tmp_path / "work"
    folder.mkdir()
    words = ["good", "fair", "poor"]
    rows = [
        {
            "id": f"e{i}",
            "input": QUESTION,
            "output": f"{words[i % 3]} answer {i}",
            "human": "pass" if (i % 3 != 2) != (i % 11 == 0) else "fail",
            "anna": "pass" if (i % 3 != 2) != (i % 7 == 0) else "fail",
            "judge": "pass" if i % 3 == 0 else "fail",
            "talk": f"t{i // 2}",
        }
        for i in range(90)
    ]
    _write_lines(folder / "labels.jsonl", rows)
    new = [{**row, "id": f"n{row['id']}"} for row in rows for _ in (0,)]
    _write_lines(folder / "new.jsonl", new)
    with (folder / "grades.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "human", "judge"])
        writer.writerows(
            [i, i % 5 + 1, "" if i == 0 else min(5, i % 5 + 1 + i % 2)] for i in range(60)
        )
    return folder


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(*arguments: object, code: int = 0) -> Result:
    """Run ``evalhub judge`` in this process."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_verdicts_in_a_column_are_measured(folder: Path) -> None:
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


def test_report_fits_a_hundred_columns(folder: Path) -> None:
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


def test_grades_from_csv_take_a_chosen_threshold(folder: Path) -> None:
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


def test_output_without_a_cluster_is_its_own(folder: Path) -> None:
    """Empty cells do not make one great cluster of all outputs that have none."""
    path = folder / "labels.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    _write_lines(
        path, [{**row, "talk": row["talk"] if i < 40 else ""} for i, row in enumerate(rows)]
    )
    done = run("calibrate", "--labels", path, "--cluster", "talk", "--json")
    assert json.loads(done.stdout)["calibration"]["clusters"] == 20 + 50


def test_judge_is_asked_over_http(folder: Path, model: FakeModel) -> None:
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
    folder: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment has for OpenAI is not for whom --base-url names."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    asked = ["calibrate", "--labels", folder / "labels.jsonl", "--threshold", 3, *model.options]
    run(*asked)
    assert model.keys == {"Bearer none"}
    monkeypatch.setenv("OPENAI_BASE_URL", model.url)
    run(*asked, "--set", "cache=false")
    assert model.keys == {"Bearer none", "Bearer secret"}


def test_judging_is_paid_for_once(folder: Path, model: FakeModel) -> None:
    """A threshold that was forgotten is told after judging; the next run asks for no grade."""
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return _by_rule(prompt)

    model.answer = answer
    labels = ["calibrate", "--labels", folder / "labels.jsonl", *model.options]
    assert "of the kind grade, people's verdict" in str(run(*labels, code=1).exception)
    assert len(asked) == 90
    run(*labels, "--threshold", "3")
    assert len(asked) == 90
    run(*labels, "--threshold", "3", "--set", "cache=false")
    assert len(asked) == 180


def test_judge_that_is_down_has_no_figures(folder: Path, model: FakeModel) -> None:
    """The error says why; where only some outputs have no grade it is told beside the table."""
    labels = ["calibrate", "--labels", folder / "labels.jsonl", *model.options, "--threshold", "3"]
    model.answer = lambda prompt: 404
    down = str(run(*labels, code=1).exception)
    assert "relevant graded none of 90 outputs; the first: model 'fake' at " in down
    model.answer = lambda prompt: "I refuse." if "poor answer 2\n" in prompt else _by_rule(prompt)
    done = run(*labels)
    assert done.stderr == "1 of 90 outputs got no grade; the first: no grade in: I refuse.\n"


def test_interrupted_judging_ends_and_keeps_its_answers(folder: Path, model: FakeModel) -> None:
    """The first Ctrl-C says what it waits for, the second ends at once; answers are kept."""
    hangs, goes_on, asked = threading.Event(), threading.Event(), []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) > 40:
            hangs.set()
            goes_on.wait(60)
        return _by_rule(prompt)

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


def test_recorded_judge_needs_no_model(folder: Path, model: FakeModel) -> None:
    """What one run records another one replays, offline, to the same figures."""
    labels, kept = folder / "labels.jsonl", folder / "recording.jsonl"
    arguments = ["calibrate", "--labels", labels, "--threshold", "3", "--json"]
    asked = run(*arguments, *model.options, "--set", f"record={kept}")
    model.answer = lambda prompt: 500
    replayed = run(*arguments, "--judge", "rubric", "--criteria", "relevant", "--replay", kept)
    first, second = (json.loads(done.stdout) for done in (asked, replayed))
    assert first["calibration"] == second["calibration"]
    assert first["signature"] == second["signature"]


def test_metric_that_asks_no_model_is_measured_too(folder: Path) -> None:
    """A regular expression in place of a judge needs no endpoint."""
    done = run(
        "calibrate", "--labels", folder / "labels.jsonl", "--judge", "regex",
        "--set", "pattern=^(good|fair)", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["calibration"]["kappa"]["value"] > 0.7
    assert found["signature"].startswith("regex|")


def test_kappa_that_is_not_surely_high_enough_fails(folder: Path) -> None:
    """It is the lower end that must reach --min-kappa, not the value."""
    labels = folder / "labels.jsonl"
    arguments = ["calibrate", "--labels", labels, "--json"]
    kappa = json.loads(run(*arguments).stdout)["calibration"]["kappa"]
    between = (kappa["lower"] + kappa["value"]) / 2
    run(*arguments, "--min-kappa", between, code=1)
    run(*arguments, "--min-kappa", kappa["lower"] - 0.01)


def test_canaries_tell_that_a_judge_moved(folder: Path, model: FakeModel) -> None:
    """Recorded, checked: 0 while the grades stay, 5 once they do not, 4 when it is down."""
    kept = folder / "canaries.jsonl"
    judge = ["--criteria", "relevant", *model.where]
    told = run("canary", "record", folder / "labels.jsonl", "--out", kept, *judge).stdout
    assert "90 canaries, 90 with a grade" in told
    assert "has not moved: 0 of 90" in run("canary", "check", kept, *judge).stdout
    model.answer = lambda prompt: _by_rule(prompt).replace('"score": 3', '"score": 4')
    moved = run("canary", "check", kept, *judge, "--json", code=5)
    found = json.loads(moved.stdout)
    assert found["moved"] is True
    assert found["changed_share"] == pytest.approx(1 / 3)
    assert found["changes"][0] == {
        "id": "e1", "before": 3.0, "now": 4.0, "reason": "it is fair answer 1",
    }  # fmt: skip
    shown = run("canary", "check", kept, *judge, code=5).stdout
    assert "the judge moved: 30 of 90 grades changed" in shown
    assert "and 20 more" in shown
    assert max(map(len, shown.splitlines())) <= 100
    run("canary", "check", kept, *judge, "--tolerance", "1", "--p-value", "0")
    model.answer = lambda prompt: 400
    assert "cannot tell" in run("canary", "check", kept, *judge, code=4).stdout


def test_canaries_of_another_judge_moved(folder: Path, model: FakeModel) -> None:
    """The same grades from another prompt are another judge's."""
    kept = folder / "canaries.jsonl"
    run("canary", "record", folder / "labels.jsonl", "--out", kept, *model.options)
    other = ["--judge", "rubric", "--criteria", "concise", *model.where]
    done = run("canary", "check", kept, *other, "--set", "label=relevant", code=5)
    assert "criteria was relevant and is concise" in done.stdout


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
