"""A command as a target: real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.targets import command
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.command import CommandError, CommandTarget
from evalhub.model import Usage

PYTHON = sys.executable


def script(folder: Path, text: str) -> str:
    """Write a Python program and return its path."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def is_running(pid: int) -> bool:
    """Return whether the process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_arguments_and_standard_input_hold_the_inputs(tmp_path: Path) -> None:
    """Arguments are templates, and the inputs are JSON on the standard input."""
    path = script(
        tmp_path,
        "import json, sys; inputs = json.load(sys.stdin)\n"
        "print(sys.argv[1:], inputs['q'], inputs['ids'])",
    )
    target = CommandTarget("t", [PYTHON, path, "{q}", "--k={k}", "{{x}}"])
    assert target.placeholders == {"q", "k"}
    output = target({"q": "a b; $HOME é", "k": 3, "ids": [1]})
    assert output == TargetOutput("['a b; $HOME é', '--k=3', '{x}'] a b; $HOME é [1]")


def test_only_the_last_line_break_is_cut() -> None:
    """Blank lines and spaces are part of the output."""
    target = CommandTarget("t", ["printf", r"  a\n\n"])
    assert target({}).text == "  a\n"


def test_json_output_holds_more_than_text(tmp_path: Path) -> None:
    """Contexts, ids, tool calls, tokens, cost and time are read."""
    answer = (
        '{"text": "t", "contexts": ["c"], "retrieved_ids": [1], "tool_calls": ["f"], '
        '"usage": {"input_tokens": 5}, "cost_usd": 0.5, "latency_ms": 2}'
    )
    target = CommandTarget(
        "t", ["echo", answer.replace("{", "{{").replace("}", "}}")], output="json"
    )
    assert target({}) == TargetOutput(
        "t",
        contexts=("c",),
        retrieved_ids=("1",),
        tool_calls=({"name": "f"},),
        usage=Usage(5),
        cost_usd=0.5,
        latency_ms=2.0,
    )


@pytest.mark.parametrize("printed", ["no json", '{"score": 1}', "[1]", ""])
def test_json_output_that_is_none_is_an_error(printed: str) -> None:
    """What it printed is quoted."""
    target = CommandTarget("t", ["printf", "%s", "{text}"], output="json")
    with pytest.raises(CommandError, match="it printed"):
        target({"text": printed})


def test_a_shell_quotes_the_inputs() -> None:
    """A question cannot run a command of its own."""
    target = CommandTarget("t", "printf %s {q} | tr a-z A-Z", shell=True)
    assert target({"q": "x; echo pwned $(id) 'é'"}).text == "X; ECHO PWNED $(ID) 'é'"


def test_a_failure_holds_the_last_line_of_what_it_said(tmp_path: Path) -> None:
    """The code and the last line on standard error; what was printed is no output."""
    path = script(tmp_path, "print('half an answer'); raise ValueError('no é')")
    with pytest.raises(CommandError) as caught:
        CommandTarget("t", [PYTHON, path])({})
    assert str(caught.value) == "the command ended with code 1: ValueError: no é"
    with pytest.raises(CommandError, match="ended with code 3: it said nothing"):
        CommandTarget("t", ["sh", "-c", "exit 3"])({})
    with pytest.raises(CommandError, match="was killed by SIGTERM"):
        CommandTarget("t", ["sh", "-c", "kill $$"])({})


def test_a_timeout_kills_all_that_was_started(tmp_path: Path) -> None:
    """Children of the command, too, even where the command itself has ended."""
    path = script(
        tmp_path,
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))",
    )
    target = CommandTarget("t", [PYTHON, path], timeout_s=2.0)
    with pytest.raises(TimeoutError, match="the command took longer than 2 s"):
        target({})
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(pid)


def test_nothing_is_left_behind_when_the_program_ends(tmp_path: Path) -> None:
    """A call that was given up, as after Ctrl-C, does not go on alone."""
    path = script(
        tmp_path,
        "import pathlib, threading, time\n"
        "from evalhub.evals.targets.command import CommandTarget\n"
        f"pid = pathlib.Path({str(tmp_path / 'pid')!r})\n"
        "target = CommandTarget('t', ['sh', '-c', f'echo $$ > {pid}.new; mv {pid}.new {pid}; "
        "sleep 60'])\n"
        "threading.Thread(target=target, args=({},), daemon=True).start()\n"
        "while not pid.exists(): time.sleep(0.01)\n",
    )
    subprocess.run([PYTHON, path], check=True, timeout=60)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_much_input_that_nobody_reads_does_no_harm() -> None:
    """A command that ignores its standard input ends as it pleases."""
    assert CommandTarget("t", ["echo", "ok"])({"text": "x" * 1_000_000}).text == "ok"


def test_the_environment_is_an_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of this process do not reach the command, unless they are named."""
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    monkeypatch.setenv("WANTED", "yes")
    names = set(CommandTarget("t", ["env"], env=["WANTED"])({}).text.split("\n"))
    given = {line.partition("=")[0] for line in names}
    assert "WANTED=yes" in names
    assert "PATH" in given
    assert "SECRET_KEY" not in given


def test_it_runs_in_its_folder(tmp_path: Path) -> None:
    """Relative paths in the command start there."""
    assert CommandTarget("t", ["pwd"], cwd=tmp_path)({}).text == os.path.realpath(tmp_path)


def test_many_threads_may_call_it() -> None:
    """Each call has a process of its own, and its own answer."""
    target = CommandTarget("t", ["cat"])
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda n: target({"n": n}).text, range(40)))
    assert texts == [f'{{"n":{n}}}' for n in range(40)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CommandTarget("t", "echo {q}"), "or shell: true"),
        (lambda: CommandTarget("t", ["echo"], shell=True), "must be one text"),
        (lambda: CommandTarget("t", ["echo", "{a.b}"]), "not the name of an input"),
        (
            lambda: CommandTarget("t", ["echo"], env=["NO_SUCH_ONE"]),
            "NO_SUCH_ONE, which is not set",
        ),
        (lambda: CommandTarget("t", ["no-such-program"])({}), "No such file .*: no-such-program"),
        (
            lambda: CommandTarget("t", ["echo"], cwd=Path("/no/such"))({}),
            "No such file .*: /no/such",
        ),
        (lambda: CommandTarget("t", ["/"])({}), "Permission denied: /"),
        (lambda: CommandTarget("t", ["echo", "{q}"])({"x": 1}), "needs 'q'"),
    ],
)
def test_what_cannot_start_is_one_line(make: Callable[[], object], message: str) -> None:
    """The program, the folder or the variable is named."""
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_command_that_prints_without_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up long before its time is over, and memory is not filled."""
    monkeypatch.setattr(command, "_LARGEST", 1 << 20)
    for line in (["yes"], ["sh", "-c", "yes >&2"]):
        with pytest.raises(CommandError, match="printed more than 1 MB"):
            CommandTarget("t", line, timeout_s=60)({})


def test_a_long_input_reaches_a_command_that_takes_its_time() -> None:
    """What does not fit into the pipe at once is sent while it is waited for."""
    target = CommandTarget("t", ["sh", "-c", "sleep 0.6; wc -c"])
    assert int(target({"text": "x" * 1_000_000}).text) > 1_000_000
