"""Real processes that end in every way, and forks: what they recorded is in SQLite."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evalhub.tracing.segment import read_records
from evalhub.tracing.wire import decode_batch

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


HANGING = """
from evalhub.tracing import ending
class Hanging:
    def export(self, batch): threading.Event().wait()
    def close(self): pass
ending.STALL_S = 0.3
"""


def test_exit_while_the_exporter_hangs(evalhub_home: Path) -> None:
    """The program ends after the deadline, without a word; its spans wait on the disk."""
    result = run(HANGING + 'configure(exporter=Hanging())\nwork(1)\nprint("end")', evalhub_home)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")
    [segment] = (evalhub_home / "spool").glob("*/*.spool")
    [body] = read_records(segment)
    assert [span.name for span in decode_batch(body).spans] == ["work"]


def test_exit_while_exporter_and_disk_take_nothing(evalhub_home: Path) -> None:
    """The program ends after the deadline, and says how many spans are lost."""
    (evalhub_home / "spool").write_text("a file where the folder should be")
    result = run(HANGING + 'configure(exporter=Hanging())\nwork(1)\nprint("end")', evalhub_home)
    assert (result.returncode, result.stdout) == (0, "end\n")
    assert "1 spans were not stored when the program ended" in result.stderr


@pytest.mark.parametrize("code", ["work(1)", "configure(durable=True)\nwork(1)"])
def test_sigterm(evalhub_home: Path, code: str) -> None:
    """A program killed by SIGTERM dies of it, and its spans are stored."""
    result = run(f"{code}\nos.kill(os.getpid(), 15)\nprint('alive')", evalhub_home)
    assert (result.returncode, result.stdout, result.stderr) == (-15, "", "")
    assert stored(evalhub_home) == {"work": 1}


def test_a_program_that_handles_sigterm_keeps_its_handler(evalhub_home: Path) -> None:
    """Ours is installed only where there is none."""
    code = """
import signal
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
work(1)
os.kill(os.getpid(), signal.SIGTERM)
"""
    result = run(code, evalhub_home)
    assert result.returncode == 7, result.stderr
    assert stored(evalhub_home) == {"work": 1}


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_multiprocessing_children_of_every_method(
    evalhub_home: Path, tmp_path: Path, method: str
) -> None:
    """Children that import the program anew store what they recorded."""
    program = tmp_path / "program.py"
    program.write_text(
        SETUP
        + f"""
import multiprocessing
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    with context.Pool(2) as pool:
        assert pool.map(work, range(6)) == list(range(6))
        pool.close()
        pool.join()
"""
    )
    environment = {**os.environ, "EVALHUB_HOME": str(evalhub_home)}
    subprocess.run([sys.executable, str(program)], env=environment, check=True, timeout=120)
    assert stored(evalhub_home) == {"work": 6}


def test_cancelled_tasks(evalhub_home: Path) -> None:
    """A task that is cancelled, and one that outlives its loop, leave a span each."""
    code = """
import asyncio
@traceable
async def slow(): await asyncio.sleep(60)
async def main():
    task = asyncio.create_task(slow())
    await asyncio.sleep(0.01)
    task.cancel()
    asyncio.create_task(slow())
    await asyncio.sleep(0.01)
asyncio.run(main())
"""
    result = run(code, evalhub_home)
    assert result.returncode == 0, result.stderr
    assert stored(evalhub_home) == {"slow": 2}


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
