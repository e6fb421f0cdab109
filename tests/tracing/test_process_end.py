"""Real processes that end in every way, and forks: what they recorded is in SQLite."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SETUP = """
import os, sys, threading
from evalhub.tracing import configure, flush, stats, traceable

@traceable
def work(n):
    return n
"""


def run(code: str, home: Path, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run *code* in a new interpreter that stores its spans in *home*."""
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", SETUP + code],
        env={**os.environ, "EVALHUB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def stored(home: Path) -> Counter[str]:
    """Return how many spans of each name are stored."""
    connection = sqlite3.connect(home / "evalhub.db")
    try:
        return Counter(name for (name,) in connection.execute("SELECT name FROM span"))
    finally:
        connection.close()


@pytest.mark.parametrize(
    "end", ["", "sys.exit(3)", "raise ValueError('boom')", "raise KeyboardInterrupt"]
)
def test_every_normal_end_stores_everything(evalhub_home: Path, end: str) -> None:
    """Without a flush, all spans are stored; exit code and messages are the program's own."""
    # The first flush loads the exporter: an import that runs while the interpreter
    # ends resets CPython's note that it was interrupted, and with it the exit code.
    calls = "work(0)\nflush(60)\nfor n in range(1499): work(n)"
    untraced = run(f"configure(enabled=False)\n{calls}\n{end}", evalhub_home)
    result = run(f"\n{calls}\n{end}", evalhub_home)
    assert (result.returncode, result.stderr) == (untraced.returncode, untraced.stderr)
    assert stored(evalhub_home) == {"work": 1500}


def test_exit_while_the_exporter_hangs(evalhub_home: Path) -> None:
    """The program ends after the deadline, whatever the exporter does, and says what is lost."""
    code = """
from evalhub.tracing import process
class Hanging:
    def export(self, spans): threading.Event().wait()
    def close(self): pass
process.EXIT_S = 0.2
configure(exporter=Hanging())
work(1)
print("end")
"""
    result = run(code, evalhub_home)
    assert (result.returncode, result.stdout) == (0, "end\n")
    assert result.stderr.startswith("1 spans were not stored when the program ended")


def test_threads_and_daemon_threads_at_exit(evalhub_home: Path) -> None:
    """Spans of threads that the interpreter waits for are stored."""
    code = """
import time
def late():
    time.sleep(0.3)
    work(1)
threading.Thread(target=late).start()
work(0)
"""
    assert run(code, evalhub_home).returncode == 0
    assert stored(evalhub_home) == {"work": 2}


def test_forked_child_has_its_own_queue_and_worker(evalhub_home: Path) -> None:
    """Parent and child each store their spans once; flush works in both; ids differ."""
    code = """
for n in range(300): work(n)
pid = os.fork()
if pid == 0:
    assert stats().waiting == 0
    for n in range(200): work(n)
    os._exit(0 if flush(30) else 1)
for n in range(100): work(n)
assert os.waitpid(pid, 0)[1] == 0
assert flush(30)
"""
    result = run(code, evalhub_home)
    assert result.returncode == 0, result.stderr
    assert stored(evalhub_home) == {"work": 600}


def test_fork_while_threads_record(evalhub_home: Path) -> None:
    """A lock held by another thread at the fork does not stop the child."""
    code = """
stop = threading.Event()
def busy():
    while not stop.wait(0.001): work(1)
threads = [threading.Thread(target=busy) for _ in range(3)]
for t in threads: t.start()
ok = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        work(2)
        os._exit(0 if flush(20) else 1)
    ok.append(os.waitpid(pid, 0)[1])
stop.set()
for t in threads: t.join()
configure(enabled=False)
assert ok == [0] * 4, ok
"""
    result = run(code, evalhub_home)
    assert result.returncode == 0, result.stderr


def test_multiprocessing_children_store_without_flush(evalhub_home: Path) -> None:
    """Pool workers end without atexit, and still store what they recorded."""
    code = """
import multiprocessing
context = multiprocessing.get_context("fork")
processes = [context.Process(target=work, args=(n,)) for n in range(3)]
for p in processes: p.start()
for p in processes: p.join()
assert [p.exitcode for p in processes] == [0, 0, 0]
"""
    result = run(code, evalhub_home)
    assert result.returncode == 0, result.stderr
    assert stored(evalhub_home) == {"work": 3}


def test_importing_loads_no_third_party_module(evalhub_home: Path) -> None:
    """Importing the SDK loads the standard library and ourselves, nothing else."""
    code = """
own = {"evalhub", "__main__"}
names = {name.partition(".")[0] for name in sys.modules if not name.startswith("__editable__")}
print(*(names - own - sys.stdlib_module_names))
"""
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    before = {name.partition(".")[0] for name in bare.stdout.split()}
    result = run(code, evalhub_home)
    assert set(result.stdout.split()) <= before, result.stderr
