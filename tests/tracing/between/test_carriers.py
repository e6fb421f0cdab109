"""Real processes, started in each way, record below the span that gave them the work."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.tracing import trace
from evalhub.tracing.carriers import carry
from evalhub.tracing.context import CURRENT
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.testing import Recorder

PROGRAM = """
import multiprocessing, sys
from evalhub.tracing import trace
from evalhub.tracing.carriers import ContextProcessPoolExecutor, carry
from work_done_elsewhere import double

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ContextProcessPoolExecutor(2, mp_context=context) as pool:
        with trace("first"):
            assert [future.result() for future in [pool.submit(double, 1)]] == [2]
        with trace("second"):
            assert list(pool.map(double, [2, 3, 4], chunksize=2)) == [4, 6, 8]
        assert pool.submit(double, 5).result() == 10
    with context.Pool(1) as pool, trace("fourth"):  # leaving the pool kills its workers
        assert pool.map(carry(double), [7]) == [14]
    with trace("third"):
        process = context.Process(target=carry(double), args=(6,))
    process.start()
    process.join()
    assert process.exitcode == 0
"""


def run(how: str, home: Path) -> None:
    """Run the program with processes started by the method *how*, storing spans in *home*."""
    script = home / "program.py"
    script.write_text(PROGRAM)
    result = subprocess.run(
        [sys.executable, str(script), how],
        env={
            **os.environ,
            "EVALHUB_HOME": str(home),
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
            ),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_pools_and_processes_keep_the_parent(evalhub_home: Path, how: str) -> None:
    """Each task is stored below the span open at its submit, or as a root when none was."""
    run(how, evalhub_home)
    connection = sqlite3.connect(evalhub_home / "evalhub.db")
    rows = connection.execute(
        "SELECT child.name, parent.name FROM span AS child"
        " LEFT JOIN span AS parent ON parent.span_id = child.parent_id"
        " AND parent.trace_id = child.trace_id WHERE child.name LIKE 'double %'"
    ).fetchall()
    connection.close()
    parents = {name.removeprefix("double "): parent for name, parent in rows}
    assert parents == {
        "1": "first",
        "2": "second",
        "3": "second",
        "4": "second",
        "5": None,
        "6": "third",
        "7": "fourth",
    }


def test_a_carried_function_leaves_the_context_as_it_was(recorder: Recorder) -> None:
    """The caller's span is current again after the call, also when it failed."""
    with trace("sender"):
        work = carry(int)
    assert (work.__name__, work.__doc__) == (int.__name__, int.__doc__)
    with trace("caller") as caller:
        assert work("7") == 7
        with pytest.raises(ValueError, match="invalid literal"):
            work("seven")
        assert CURRENT.get() is caller


def test_muted_stays_muted(recorder: Recorder) -> None:
    """Work handed over where recording is muted is not recorded there either."""
    token = CURRENT.set(tracer_in_force().muted)
    work = carry(lambda: trace("inside").__enter__().recording)
    CURRENT.reset(token)
    assert work() is False
    assert recorder.spans == []
