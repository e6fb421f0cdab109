"""Signals that end a run, in a process of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import sys, threading, time
from evalhub.evals.runs.interrupt import ending_in_order
from evalhub.evals.targets.command import CommandTarget

def rest(seconds):
    # In short steps: a signal that comes just before a sleep is heard after it.
    for _ in range(int(seconds * 10)):
        time.sleep(0.1)

target = CommandTarget("t", "echo $$ > {file}; sleep 60", shell=True)
with ending_in_order():
    try:
        threading.Thread(target=target, args=({"file": sys.argv[1]},), daemon=True).start()
        rest(60)
    except KeyboardInterrupt:
        print("in order", flush=True)
        rest(float(sys.argv[2]))
"""


def wait_for(path: Path) -> int:
    """Return the number in the file at *path* once it is there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.01)
    pytest.fail("the command did not start")


def is_alive(group: int) -> bool:
    """Return whether a process of the *group* runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(group: int) -> bool:
    """Return whether the *group* ends within some seconds."""
    end = time.monotonic() + 10
    while is_alive(group) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(group)


@pytest.mark.parametrize(
    ("number", "presses"),
    [(signal.SIGHUP, 1), (signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGHUP, 2)],
)
def test_a_signal_leaves_no_command_behind(
    tmp_path: Path, number: signal.Signals, presses: int
) -> None:
    """Once in good order, twice at once: what the run had started has ended in both cases."""
    file = tmp_path / "group"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(file), "60" if presses == 2 else "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    group = wait_for(file)
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stdout.readline() == "in order\n"
    if presses == 2:
        process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert "once more ends at once" in errors
    assert process.returncode == (130 if presses == 2 else 0)
    assert wait_for_end(group)


def test_nohup_is_kept(tmp_path: Path) -> None:
    """A run that was started without SIGHUP does not end with its terminal."""
    file = tmp_path / "group"
    process = subprocess.Popen(
        ["nohup", sys.executable, "-c", PROGRAM, str(file), "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    group = wait_for(file)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert wait_for_end(group)


def test_a_closed_standard_error_does_not_hide_the_interrupt(tmp_path: Path) -> None:
    """Nobody can be told, and the run still ends in good order."""
    file = tmp_path / "group"
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" "$@" 2>&-', sys.executable, "-c", PROGRAM, str(file), "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    group = wait_for(file)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert (output, process.returncode) == ("in order\n", 0)
    assert wait_for_end(group)


HANGING = """
import sys, threading, time
from evalhub.evals.runs import interrupt
from evalhub.evals.targets.command import CommandTarget
from evalhub.http import Retries
from evalhub.errors import ModelBusyError

interrupt._LONGEST_S = 1.0

def rest(seconds):
    for _ in range(int(seconds * 10)):
        time.sleep(0.1)

def busy():
    raise ModelBusyError("busy")

def wait():
    try:
        Retries(8).run(busy)
    except ModelBusyError:
        print("gave up", flush=True)

target = CommandTarget("t", "echo $$ > {file}; sleep 60", shell=True)
with interrupt.ending_in_order():
    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        threading.Thread(target=target, args=({"file": sys.argv[1]},), daemon=True).start()
        rest(60)
    except KeyboardInterrupt:
        waiting.join()
        rest(60)
"""


def interrupt(program: str, file: Path) -> tuple[int, str, str]:
    """Press Ctrl-C in *program* once its command runs; return its exit code and what it said.

    No process of the command is left.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    group = wait_for(file)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert wait_for_end(group)
    return process.returncode, output, errors


def test_an_end_in_order_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    """Nobody waits for a busy endpoint any more, and what never answers is left behind."""
    code, output, errors = interrupt(HANGING, tmp_path / "group")
    assert (code, output) == (130, "gave up\n")
    assert "calls that did not end are left behind" in errors


def test_who_ends_in_time_is_not_ended_later(tmp_path: Path) -> None:
    """What follows the block may take as long as it likes."""
    program = HANGING.rpartition("        rest(60)")[0]
    code, output, _ = interrupt(f"{program}\nrest(2)\nprint('through')", tmp_path / "group")
    assert (code, output) == (0, "gave up\nthrough\n")
