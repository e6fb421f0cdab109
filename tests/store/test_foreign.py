"""Rows of a query, from any database, which is left as it was."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from evalhub.errors import DatasetError
from evalhub.store.foreign import stream_rows


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database with a table of three questions."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'app.db'}"
    else:
        address = f"{request.getfixturevalue('postgresql')}/postgres"
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS question"))
        connection.execute(text("CREATE TABLE question (id INTEGER PRIMARY KEY, body TEXT)"))
        insert = text("INSERT INTO question VALUES (1, 'a%b'), (2, :second), (3, NULL)")
        connection.execute(insert, {"second": ":c"})
    engine.dispose()
    return address


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the values of all rows of *query*."""
    return [values for _, values in stream_rows(url, query)]


def test_rows_come_with_their_columns(url: str) -> None:
    """Signs that are a parameter's mark elsewhere are plain text in a query."""
    query = "SELECT id, body FROM question WHERE body LIKE '%b' OR body = ':c' ORDER BY id"
    assert list(stream_rows(url, query)) == [
        (["id", "body"], (1, "a%b")),
        (["id", "body"], (2, ":c")),
    ]


@pytest.mark.parametrize(
    "query",
    ["-- why\n/* and */ SELECT 1", "values (1)", "WITH one AS (SELECT 1) SELECT * FROM one"],
)
def test_a_query_may_begin_in_many_ways(url: str, query: str) -> None:
    """Comments and common table expressions are let through."""
    assert rows(url, query) == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM question",
        "INSERT INTO question VALUES (4, 'd') RETURNING id",
        "WITH gone AS (DELETE FROM question RETURNING id) SELECT * FROM gone",
        "SELECT 1; DELETE FROM question",
        "SELECT 1; COMMIT; DELETE FROM question",
        "WITH x AS (SELECT 1) DELETE FROM question",
        "DROP TABLE question",
        "selection",
    ],
)
def test_a_query_that_writes_is_refused(url: str, query: str) -> None:
    """The error is one line, and the table is as it was."""
    with pytest.raises(DatasetError, match="the query") as caught:
        rows(url, query)
    assert "\n" not in str(caught.value)
    assert rows(url, "SELECT count(*) FROM question") == [(3,)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT nothing FROM question", "nothing"),
        ("SELECT id, body AS id FROM question", "two columns 'id'; rename one with AS"),
        ("SELECT FROM WHERE", "syntax error"),
    ],
)
def test_a_query_that_fails_is_one_line(url: str, query: str, message: str) -> None:
    """It says which query, and what the database says."""
    with pytest.raises(DatasetError) as caught:
        rows(url, query)
    assert str(caught.value).startswith(f"the query {query!r}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_database_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """Absent, no database, an unknown one, one that does not answer."""
    junk = tmp_path / "junk.db"
    junk.write_text("no database at all, " * 100)
    for address, message in (
        (f"sqlite:///{tmp_path}/none.db", "there is no database .*none.db"),
        (f"sqlite:///{junk}", "junk.db cannot be read: file is not a database"),
        ("sqlite://", ":memory: is no file"),
        ("notes.txt", "'notes.txt' is no address of a database"),
        ("oraculum://host/x", "SQLAlchemy knows no database 'oraculum'"),
        ("postgresql://nobody:secret@127.0.0.1:1/x", r"nobody:\*\*\*@.* does not answer"),
    ):
        with pytest.raises(DatasetError, match=message) as caught:
            rows(address, "SELECT * FROM question")
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)
    assert not (tmp_path / "none.db").exists()


def test_a_driver_that_is_absent_is_named() -> None:
    """MySQL's default driver is nothing that evalhub brings."""
    with pytest.raises(ImportError, match="mysql needs it; run: pip install mysqlclient"):
        rows("mysql://127.0.0.1/x", "SELECT 1")


def test_rows_stream_from_sqlite(tmp_path: Path) -> None:
    """The first row is there long before the last one is made, and the file can be let go."""
    path = tmp_path / "many.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE n (x INTEGER)")
    connection.close()
    query = (
        "WITH RECURSIVE up(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM up WHERE x < 10000000000) "
        "SELECT x FROM up"
    )
    found = stream_rows(f"sqlite:///{path}", query)
    assert [next(found)[1] for _ in range(3)] == [(1,), (2,), (3,)]
    found.close()
