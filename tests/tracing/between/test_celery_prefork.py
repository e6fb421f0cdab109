"""A real Celery worker whose tasks run in forked children, started and stopped as in production."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

SENDER = """
import tasks_of_a_worker
from evalhub.tracing import trace
with trace("sender"):
    results = [tasks_of_a_worker.task.delay(number) for number in range(5)]
assert [result.get(timeout=60) for result in results] == [0, 2, 4, 6, 8]
"""


@pytest.mark.slow
def test_children_of_a_worker_deliver(evalhub_home: Path, tmp_path: Path) -> None:
    """What forked children recorded is stored when the worker is told to stop."""
    folder = str(Path(__file__).parent)
    environment = {
        **os.environ,
        "BROKER_FOLDER": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]),
        "C_FORCE_ROOT": "1",
    }
    options = ["-P", "prefork", "-c", "2", "-l", "ERROR", "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks_of_a_worker", "worker", *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        subprocess.run([sys.executable, "-c", SENDER], env=environment, timeout=120, check=True)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, complaints = worker.communicate(timeout=60)
    assert "Traceback" not in complaints
    connection = sqlite3.connect(evalhub_home / "evalhub.db")
    rows = connection.execute(
        "SELECT parent.name, child.name, count(*) FROM span AS child JOIN span AS parent"
        " ON parent.span_id = child.parent_id AND parent.trace_id = child.trace_id"
        " GROUP BY 1, 2"
    ).fetchall()
    connection.close()
    assert sorted(rows) == [("double", "inside", 5), ("sender", "double", 5)]
