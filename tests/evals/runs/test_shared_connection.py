"""One connection, many threads."""

import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from evalhub.evals.runs.shared_connection import SharedConnection


@pytest.fixture
def shared(tmp_path: Path) -> SharedConnection:
    """Return a connection to a table of names and numbers."""
    connection = sqlite3.connect(
        tmp_path / "file", check_same_thread=False, timeout=10, isolation_level=None
    )
    connection.execute("create table number (name text primary key, value integer)")
    return SharedConnection(connection)


def rows_of(shared: SharedConnection) -> dict[str, int]:
    """Return what is in the table."""
    with shared.alone() as connection:
        return dict(connection.execute("select name, value from number"))


def test_what_was_written_is_there(shared: SharedConnection) -> None:
    """For each of 16 threads, as soon as it has written, and with the last value of a key."""

    def work(thread: int) -> None:
        for number in range(50):
            shared.write("number", (f"{thread}-{number % 10}", number))
            assert rows_of(shared)[f"{thread}-{number % 10}"] == number

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert len(rows_of(shared)) == 160
    assert set(rows_of(shared).values()) == set(range(40, 50))


def test_a_row_that_cannot_be_written_is_its_thread_s_alone(shared: SharedConnection) -> None:
    """Those that wait beside it are written all the same, and nobody waits for ever."""
    barrier = threading.Barrier(8)

    def write(thread: int) -> Exception | None:
        barrier.wait()
        try:
            shared.write("number", ("\ud83d" if thread == 3 else str(thread), thread))
        except Exception as error:  # noqa: BLE001  # it is looked at below
            return error
        return None

    for _ in range(20):
        # The connection is held until all rows wait, so that one thread writes them together.
        with ThreadPoolExecutor(8) as pool, shared.alone():
            written = [pool.submit(write, thread) for thread in range(8)]
            while len(shared._entries) < 8:
                pass
        errors = [future.result(30) for future in written]
        assert isinstance(errors[3], UnicodeEncodeError)
        assert [error for error in errors if error is not None] == [errors[3]]
    assert sorted(rows_of(shared)) == ["0", "1", "2", "4", "5", "6", "7"]


def test_who_comes_after_the_end_gets_an_error(shared: SharedConnection) -> None:
    """A call may come back when the file is closed; it neither crashes nor waits."""
    shared.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        shared.write("number", ("late", 1))


def submit_while_held(shared: SharedConnection, pool: ThreadPoolExecutor) -> "Future[None]":
    """Have another thread write while this one has the connection; return when it waits."""
    written = pool.submit(shared.write, "number", ("late", 1))
    while not shared._entries:
        pass
    return written


def test_a_failure_of_who_had_it_alone_leaves_nobody_waiting(shared: SharedConnection) -> None:
    """What came meanwhile is written all the same."""

    def fail(pool: ThreadPoolExecutor, waiting: "list[Future[None]]") -> None:
        with shared.alone():
            waiting.append(submit_while_held(shared, pool))
            raise ValueError("of this thread's own")

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="own"):
            fail(pool, waiting)
        waiting[0].result(30)
    assert rows_of(shared) == {"late": 1}


def test_an_interrupted_write_is_no_write(
    shared: SharedConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the thread that writes for all is an error for each of them."""

    def interrupted(self: SharedConnection, table: str, group: object) -> None:
        raise KeyboardInterrupt

    def write(pool: ThreadPoolExecutor, waiting: "list[Future[None]]") -> None:
        with shared.alone():
            waiting.append(submit_while_held(shared, pool))
            monkeypatch.setattr(SharedConnection, "_write_group", interrupted)

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            write(pool, waiting)
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            waiting[0].result(30)
