"""``evalhub eval run`` and ``plan`` where something goes wrong: one line, and an exit code."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mlflow import MlflowClient

from evalhub.cli.app import main
from evalhub.evals.runs.suite_run import ATTEMPT_TAG
from evalhub.experiments.mlflow import MlflowTracker

EVALHUB = str(Path(sys.executable).with_name("evalhub"))


class Done(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """Last line on standard error."""
        return self.err.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def new_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty MLflow once: its migrations take some seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowTracker(f"sqlite:///{path}").check()
    return path


@pytest.fixture
def command(
    new_mlflow: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Give what runs an ``evalhub`` command in this process, with an MLflow of its own."""
    copy = tmp_path / "mlflow.db"
    shutil.copy(new_mlflow, copy)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copy}")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["evalhub", *map(str, arguments)])
        try:
            main()
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        return Done(int(code), said.out, said.err)

    return run


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"refused with 401: .*check OPENAI_API_KEY"),
        (404, r"refused with 404: .*check OPENAI_BASE_URL"),
        (429, r"the first \d+ calls of 'plain' all failed, .* failed with 429"),
        (500, r"the first \d+ calls of 'plain' all failed, .* failed with 500"),
    ],
)
def test_an_endpoint_that_fails_always(
    command: Any, words_suite: Path, fake_model: Any, status: int, message: str
) -> None:
    """The run is given up at once or after some calls; nothing is kept as if it were whole."""
    fake_model.answers.status = status
    words_suite.write_text(words_suite.read_text() + "retries: 0\n")
    done = command("eval", "run", words_suite)
    assert done.code == 2
    assert done.last.startswith("error: ")
    assert re.search(message, done.last), done.last
    assert json.loads(command("eval", "list", "--json").out) == []


def test_an_endpoint_that_is_too_slow(command: Any, words_suite: Path, fake_model: Any) -> None:
    """Calls longer than the suite allows are given up, and so is the run."""
    fake_model.answers.delay_s = 0.5
    words_suite.write_text(words_suite.read_text() + "timeout_s: 0.05\nretries: 0\n")
    done = command("eval", "run", words_suite)
    assert done.code == 2
    assert "TimeoutError: no answer within 0.05 s" in done.last


@pytest.mark.parametrize("body", ["not json", "[]", '{"choices": []}'])
def test_an_answer_that_is_none(
    command: Any, words_suite: Path, fake_model: Any, body: str
) -> None:
    """Whatever a proxy answers in place of a completion ends in one line."""
    fake_model.answers.body = body
    done = command("eval", "run", words_suite)
    assert done.code == 2
    assert "calls of 'plain' all failed, the last with: ModelError: " in done.last


def test_an_endpoint_that_recovers(command: Any, words_suite: Path, fake_model: Any) -> None:
    """Failures that pass are tried again after what Retry-After says; all is scored."""
    fake_model.answers.status, fake_model.answers.failures = 429, 3
    fake_model.answers.headers = {"retry-after": "0.01"}
    done = command("eval", "run", words_suite, "--json")
    assert done.code == 0, done.err
    assert fake_model.answers.failures < 0
    assert set(fake_model.answers.asked.values()) == {1}


def test_a_target_that_never_answers_is_not_a_success(command: Any, tmp_path: Path) -> None:
    """Without a gate the exit code is 4, with a line that says why."""
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "n": 1}\n{"id": 2, "n": 2}\n')
    (tmp_path / "suite.yaml").write_text(
        "name: never\ndataset: {path: rows.jsonl, inputs: [n]}\n"
        "targets: {never: {function: 'operator:truediv'}}\n"
    )
    done = command("eval", "run", "suite.yaml")
    assert done.code == 4
    assert "incomplete: no call of 'never' got through; the first ended with TypeError" in done.err


def test_what_a_target_prints_does_not_get_into_the_report(command: Any, tmp_path: Path) -> None:
    """It goes to standard error, and ``--json`` gives JSON."""
    (tmp_path / "chatty_app.py").write_text("def answer(n):\n    print('noise')\n    return n\n")
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "n": "1"}\n')
    (tmp_path / "suite.yaml").write_text(
        "name: chatty\ndataset: {path: rows.jsonl, inputs: [n]}\n"
        "targets: {chatty: {function: 'chatty_app:answer'}}\n"
    )
    done = command("eval", "run", "suite.yaml", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["suite"] == "chatty"
    assert "noise" in done.err


def test_a_judge_that_is_down(command: Any, words_suite: Path, fake_model: Any) -> None:
    """Targets are kept with the scores that there are; the exit code is 4, and a line says why."""
    fake_model.answers.judge_status = 500
    done = command("eval", "run", words_suite)
    assert done.code == 4
    assert "incomplete: 'rubric' scored nothing of 'plain'" in done.err
    assert "failed with 500" in done.last
    assert len(json.loads(command("eval", "list", "--json").out)) == 2


def test_a_budget_that_is_spent(command: Any, words_suite: Path, fake_model: Any) -> None:
    """The exit code is 4, the line says how much is done, and the same command goes on."""
    text = words_suite.read_text()
    words_suite.write_text(text + "budget: {tokens: 600}\n")
    done = command("eval", "run", words_suite)
    assert done.code == 4
    assert done.last == (
        "incomplete: the budget of 600 tokens has no room for another call: 30 of 60 calls are "
        "done; the same command goes on from there"
    )
    assert fake_model.answers.tokens <= 600
    words_suite.write_text(text + "budget: {tokens: 600000}\n")
    done = command("eval", "run", words_suite)
    assert done.code == 0, done.err
    assert "going on: 30 of 60 calls are done (--fresh starts anew)" in done.err
    assert set(fake_model.answers.asked.values()) == {1}


def test_a_plan_before_and_after_a_run(command: Any, words_suite: Path, fake_model: Any) -> None:
    """Calls, tokens and differences are told; nothing is asked; a run makes it exact."""
    words_suite.write_text(
        words_suite.read_text() + "gates:\n"
        "  - {metric: exact_match, of: polite, not_worse_than: plain, margin: 0.1}\n"
    )
    before = command("eval", "plan", words_suite, "--json")
    assert before.code == 0, before.err
    plan = json.loads(before.out)
    assert [(line["name"], line["kind"], line["calls"]) for line in plan["lines"]] == [
        ("plain", "target", 30),
        ("polite", "target", 30),
        ("rubric", "judge", 60),
    ]
    assert plan["tokens"] > 30 * 20
    assert "prompts by length, answers by max_tokens" in plan["lines"][0]["origin"]
    assert plan["gates"][0]["units"] == 30
    assert plan["gates"][0]["smallest"] == pytest.approx(0.3 * 2.93 / 30**0.5, rel=0.03)
    assert "assumed" in plan["gates"][0]["origin"]
    assert fake_model.answers.calls == 0
    assert command("eval", "run", words_suite).code in {0, 3}
    asked = fake_model.answers.calls
    after = json.loads(command("eval", "plan", words_suite, "--json").out)
    assert fake_model.answers.calls == asked
    assert after["lines"][0]["tokens"] == 30 * (2 + 5)
    assert after["lines"][0]["seconds"] > 0
    assert after["gates"][0]["smallest"] == 0.0  # both are always right: any difference shows
    assert "last runs" in after["gates"][0]["origin"]
    shown = command("eval", "plan", words_suite)
    assert max(map(len, shown.out.splitlines())) <= 100
    assert "judge rubric" in shown.out


def started(suite: Path, fake_model: Any, new_mlflow: Path, calls: int) -> "subprocess.Popen[str]":
    """Start the command, and wait until so many calls were answered."""
    copy = suite.with_name("mlflow.db")
    if not copy.exists():
        shutil.copy(new_mlflow, copy)
    process = subprocess.Popen(
        [EVALHUB, "eval", "run", str(suite)],
        cwd=suite.parent,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{copy}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while fake_model.answers.calls < calls and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    return process


@pytest.mark.slow
def test_kills_of_the_command_leave_one_run_a_target(
    words_suite: Path, fake_model: Any, new_mlflow: Path
) -> None:
    """Killed while it calls, and thrice around its keeping in MLflow, it ends as if it were not."""
    fake_model.answers.delay_s = 0.02
    database = words_suite.with_name("mlflow.db")
    for calls, later_s in ((20, 0.0), (90, 0.05), (90, 0.3), (90, 0.6)):
        process = started(words_suite, fake_model, new_mlflow, calls)
        time.sleep(later_s)
        process.kill()
        process.communicate()
    process = started(words_suite, fake_model, new_mlflow, 0)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "exact_match" in output
    assert len(fake_model.answers.asked) == 90
    assert fake_model.answers.calls <= 90 + 4 * 4
    client = MlflowClient(f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("words")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    # A kill after the report ended the first attempt: the next command was a new one.
    attempts = {run.data.tags[ATTEMPT_TAG].partition("/")[0] for run in runs}
    assert len(runs) == 2 * len(attempts)
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_press_ends_in_good_order(
    words_suite: Path, fake_model: Any, new_mlflow: Path, number: signal.Signals
) -> None:
    """Calls under way are kept; it says how many are done and how to go on, which it then does."""
    fake_model.answers.delay_s = 0.3
    process = started(words_suite, fake_model, new_mlflow, 4)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    done = fake_model.answers.calls
    assert f"{done} of 60 calls are done; the same command goes on from there" in errors
    assert "Traceback" not in errors
    fake_model.answers.delay_s = 0.0
    process = started(words_suite, fake_model, new_mlflow, 0)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"going on: {done} of 60 calls are done" in errors
    assert set(fake_model.answers.asked.values()) == {1}


@pytest.mark.slow
def test_a_second_press_ends_at_once(words_suite: Path, fake_model: Any, new_mlflow: Path) -> None:
    """Calls that would take ten seconds more are left behind."""
    fake_model.answers.delay_s = 0.1
    process = started(words_suite, fake_model, new_mlflow, 1)
    fake_model.answers.delay_s = 60.0
    time.sleep(0.5)  # now all calls under way are slow ones
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    line = ""
    while "once more ends at once" not in line:
        line = process.stderr.readline()
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - begin < 9  # the first press alone would wait for ten


@pytest.mark.slow
def test_a_full_disk_is_one_line(tmp_path: Path, new_mlflow: Path) -> None:
    """The journal that cannot grow ends the run before a call is paid that would be lost."""
    (tmp_path / "app.py").write_text("def answer(n):\n    return 'x' * 20000\n")
    rows = "".join(json.dumps({"id": n, "n": n}) + "\n" for n in range(500))
    (tmp_path / "rows.jsonl").write_text(rows)
    (tmp_path / "suite.yaml").write_text(
        "name: full\ndataset: {path: rows.jsonl, inputs: [n]}\n"
        "targets: {long: {function: 'app:answer'}}\n"
    )
    most = new_mlflow.stat().st_size + 1_000_000
    done = subprocess.run(
        [EVALHUB, "eval", "run", "suite.yaml"],
        cwd=tmp_path,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": f"sqlite:///{new_mlflow}",
            "EVALHUB_TRACING": "false",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # No file may grow beyond this: what a full disk does, for this process only.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: the journal ")
    assert "cannot be written" in last
