"""Each way a database can refuse is one clear error; every one is really caused."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from evalhub.errors import (
    ConfigError,
    EvalhubError,
    SchemaError,
    StoreCorruptError,
    StoreUnavailableError,
)
from evalhub.model import Span
from evalhub.store import Store, open_store
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]


def url_of(path: Path, query: str = "") -> str:
    """Return the URL of an SQLite file."""
    return f"sqlite:///{path}{query}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store with tables and nothing in them."""
    file = tmp_path / "store.db"
    open_store(url_of(file)).close()
    return file


def write(store: Store, *spans: Span) -> int:
    """Store *spans* in one transaction."""
    with store.begin() as connection:
        return add_spans(connection, spans)


def assert_one_line(error: EvalhubError, *parts: str) -> None:
    """Assert that the message is one line and holds *parts*."""
    message = str(error)
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "url", ["store.db", "http://127.0.0.1:8000", "mysql://host/name", "", "sqlite"]
)
def test_a_url_that_names_no_store(url: str) -> None:
    """The error repeats the URL and shows the right form."""
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert_one_line(caught.value, repr(url), "sqlite:///")


def test_a_password_is_not_repeated() -> None:
    """An error does not print the password of the URL."""
    with pytest.raises(ConfigError) as caught:
        open_store("mysql://me:secret@host/name")
    assert "secret" not in str(caught.value)


def test_a_newer_database(path: Path) -> None:
    """Tables of a later version are not touched."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE evalhub_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(SchemaError) as caught:
        open_store(url_of(path))
    assert_one_line(caught.value, "9999", "upgrade evalhub")


def test_older_tables_without_leave_to_upgrade(tmp_path: Path) -> None:
    """Where the store does not upgrade by itself, the error names the command."""
    with pytest.raises(SchemaError) as caught:
        open_store(url_of(tmp_path / "new.db"), upgrade=False)
    assert_one_line(caught.value, "evalhub db upgrade")


def test_another_programs_database(tmp_path: Path) -> None:
    """No tables are added to a file that somebody else uses."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE experiments (id INTEGER)")
    connection.close()
    with pytest.raises(SchemaError) as caught:
        open_store(url_of(path))
    assert_one_line(caught.value, "experiments", "another program")


def test_locked(path: Path, make_span: MakeSpan) -> None:
    """A writer that waits longer than the busy timeout says who is in the way."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with open_store(url_of(path, "?timeout=0.05")) as store:
        with pytest.raises(StoreUnavailableError) as caught:
            write(store, make_span())
        assert_one_line(caught.value, str(path), "locked")
        holder.execute("COMMIT")
        assert write(store, make_span()) == 1
    holder.close()


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    """A write transaction that is open does not lock readers out."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with open_store(url_of(path, "?timeout=0.05")) as store, store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM span")).scalar() == 0
    holder.close()


def test_a_read_only_store_refuses_to_write(path: Path, make_span: MakeSpan) -> None:
    """Opened read-only, the file cannot be changed."""
    with open_store(url_of(path), read_only=True) as store:
        with pytest.raises(StoreUnavailableError) as caught:
            write(store, make_span())
        assert_one_line(caught.value, str(path), "read-only")


def test_read_only_needs_a_file(tmp_path: Path) -> None:
    """Looking at a store does not make one."""
    path = tmp_path / "none.db"
    with pytest.raises(StoreUnavailableError) as caught:
        open_store(url_of(path), read_only=True)
    assert_one_line(caught.value, str(path), "does not exist")
    assert not path.exists()


@pytest.fixture
def unwritable(path: Path) -> Iterator[Path]:
    """Return a store whose file this user, even root, cannot change."""
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("chattr +i needs root and a file system that knows it")
    yield path
    subprocess.run(["chattr", "-i", path], check=True)


def test_a_file_without_write_permission(unwritable: Path, make_span: MakeSpan) -> None:
    """The error names the file and asks for write access."""

    def open_and_write() -> None:
        with open_store(url_of(unwritable)) as store:
            write(store, make_span())

    with pytest.raises(StoreUnavailableError) as caught:
        open_and_write()
    assert_one_line(caught.value, str(unwritable), "read-only", "write access")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be is named in the error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError) as caught:
        open_store(url_of(tmp_path / "file" / "below" / "store.db"))
    assert_one_line(caught.value, str(tmp_path / "file" / "below"), "EVALHUB_HOME")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    """A folder is not opened as a database."""
    with pytest.raises(StoreUnavailableError) as caught:
        open_store(url_of(tmp_path))
    assert_one_line(caught.value, str(tmp_path), "cannot be opened")


def test_not_a_database(tmp_path: Path) -> None:
    """A file of something else is refused and left as it was."""
    path = tmp_path / "notes.txt"
    content = b"shopping: eggs, flour, milk\n" * 100
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError) as caught:
        open_store(url_of(path))
    assert_one_line(caught.value, str(path), "not an SQLite database")
    assert path.read_bytes() == content


def test_a_damaged_file(path: Path, make_span: MakeSpan) -> None:
    """Garbage in the middle of the file is reported as damage, with a way out."""
    with open_store(url_of(path)) as store:
        write(store, *(make_span(f"{i}", inputs=b"x" * 1000) for i in range(200)))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 2 * 4096))

    def read_all() -> None:
        with open_store(url_of(path)) as store, store.read() as connection:
            connection.execute(text("SELECT * FROM span ORDER BY name")).all()

    with pytest.raises(StoreCorruptError) as caught:
        read_all()
    assert_one_line(caught.value, str(path), "damaged")


def test_a_full_database_keeps_what_it_had(path: Path, make_span: MakeSpan) -> None:
    """SQLite's own limit of pages is a full disk to it: nothing of the batch is kept."""
    with open_store(url_of(path)) as store:
        write(store, make_span("first"))
        with store.read() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 60")
        with pytest.raises(StoreUnavailableError) as caught:
            write(store, *(make_span(f"{i}", inputs=os.urandom(4000)) for i in range(200)))
        assert_one_line(caught.value, str(path), "full")
        with store.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM span")).scalar() == 1


FILL = """
import resource, signal, sys
from evalhub.errors import StoreUnavailableError
from evalhub.model import Span
from evalhub.store import open_store
from evalhub.store.spans import add_spans

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
stored = 0
try:
    for number in range(100):
        batch = [Span("t", f"{number} {i}", None, "p", "n", "chain", "ok", 0, 1,
                      error="long " * 9999) for i in range(5)]
        with store.begin() as connection:
            new = add_spans(connection, batch)
        stored += new
except StoreUnavailableError as error:
    print(stored, error)
"""


def test_a_disk_that_fills_up_loses_no_committed_span(path: Path) -> None:
    """When the system refuses to let the file grow, what was committed is still there."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", FILL, url_of(path)], capture_output=True, text=True, check=True
    )
    stored, _, message = done.stdout.strip().partition(" ")
    assert str(path) in message
    assert "disk" in message
    with open_store(url_of(path)) as store, store.read() as connection:
        found = connection.execute(text("SELECT count(*) FROM span")).scalar()
    assert found == int(stored) > 0


def test_a_timeout_that_is_no_number(path: Path) -> None:
    """The error repeats it and says what it should be."""
    with pytest.raises(ConfigError) as caught:
        open_store(url_of(path, "?timeout=soon"))
    assert_one_line(caught.value, "timeout=soon", "a number of seconds")
