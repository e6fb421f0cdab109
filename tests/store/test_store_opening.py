"""Opening: what an SQLite store is set to, and the exporter that writes into it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from evalhub.model import Batch, Span
from evalhub.store import Store, open_store
from evalhub.store.exporter import SqlExporter
from evalhub.store.queries import list_traces
from evalhub.tracing.exporters.base import Exporter

MakeSpan = Callable[..., Span]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_default_is_a_file_in_the_home(evalhub_home: Path, store: Store) -> None:
    """Without a URL the store is the one that the settings name."""
    assert store.url.database == str(evalhub_home / "evalhub.db")
    assert (evalhub_home / "evalhub.db").exists()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_sqlite_is_set_up(store: Store) -> None:
    """Every connection waits for the lock, checks foreign keys and writes ahead."""
    wanted = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 10_000}
    with store.read() as connection:
        for name, value in wanted.items():
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_a_folder_with_signs_that_urls_know(tmp_path: Path) -> None:
    """Blanks, number and percent signs are part of the path, read-only as well."""
    folder = tmp_path / "a b#c 100%"
    url = f"sqlite:///{folder}/store.db"
    open_store(url).close()
    assert (folder / "store.db").exists()
    with open_store(url, read_only=True) as store, store.read() as connection:
        assert list_traces(connection) == []


def test_closing_leaves_one_file(tmp_path: Path, make_span: MakeSpan) -> None:
    """The write-ahead log is folded into the file, so that it can be copied."""
    exporter = SqlExporter(f"sqlite:///{tmp_path}/store.db")
    exporter.export(Batch([make_span()]))
    exporter.close()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["store.db"]


def test_a_read_sees_one_moment(store: Store, make_span: MakeSpan) -> None:
    """What is committed while a read is open shows in the next one."""
    exporter: Exporter = SqlExporter(store.url.render_as_string(hide_password=False))
    with store.read() as connection:
        assert list_traces(connection) == []
        exporter.export(Batch([make_span()]))
        assert list_traces(connection) == []
    with store.read() as connection:
        assert len(list_traces(connection)) == 1
    exporter.close()


def test_the_exporter_opens_nothing_before_its_first_batch(tmp_path: Path) -> None:
    """Making and closing one leaves no file behind."""
    SqlExporter(f"sqlite:///{tmp_path}/store.db").close()
    assert not (tmp_path / "store.db").exists()


def test_the_exporter_can_send_a_batch_again(tmp_path: Path, make_span: MakeSpan) -> None:
    """A batch whose answer was lost is stored once."""
    url = f"sqlite:///{tmp_path}/store.db"
    exporter = SqlExporter(url)
    for _ in range(2):
        exporter.export(Batch([make_span("a"), make_span("b", parent_id="a")]))
    exporter.close()
    with open_store(url) as store, store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM span")).scalar() == 2


def test_the_exporter_notices_that_its_file_is_gone(tmp_path: Path, make_span: MakeSpan) -> None:
    """After somebody deleted the file, spans go into a new one and not nowhere."""
    path = tmp_path / "store.db"
    exporter = SqlExporter(f"sqlite:///{path}")
    exporter.export(Batch([make_span(trace_id="lost")]))
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    exporter.export(Batch([make_span(trace_id="kept")]))
    exporter.close()
    with open_store(f"sqlite:///{path}") as store, store.read() as connection:
        assert [trace.trace_id for trace in list_traces(connection)] == ["kept"]
