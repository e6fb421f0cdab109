"""Migrations and models say the same, both ways, and stand alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

from evalhub.migrations import runner
from evalhub.store.engine import open_engine, parse_url
from evalhub.store.schema import REVISIONS, VERSION_TABLE

VERSIONS = Path(runner.__file__).parent / "versions"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Connect to an empty SQLite file."""
    engine = open_engine(parse_url(f"sqlite:///{tmp_path}/store.db"), read_only=False)
    with engine.connect() as connection, connection.begin():
        yield connection
    engine.dispose()


def tables(connection: Connection) -> set[str]:
    """Return the names of all tables."""
    return set(inspect(connection).get_table_names())


def shape(connection: Connection) -> dict[str, list[str]]:
    """Return the columns, indexes and unique keys of every table, by name."""
    inspector = inspect(connection)
    return {
        table: sorted(
            [f"column {column['name']}" for column in inspector.get_columns(table)]
            + [f"index {index['name']}" for index in inspector.get_indexes(table)]
            + [f"unique {key['name']}" for key in inspector.get_unique_constraints(table)]
        )
        for table in inspector.get_table_names()
    }


def test_models_and_migrations_do_not_drift(connection: Connection) -> None:
    """The migrated tables are those of store/tables.py."""
    runner.upgrade(connection)
    assert runner.drift(connection) == []


def test_drift_is_seen(connection: Connection) -> None:
    """The comparison finds a column that is missing from the models."""
    runner.upgrade(connection)
    connection.exec_driver_sql("ALTER TABLE trace ADD COLUMN surprise TEXT")
    assert len(runner.drift(connection)) == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_step_goes_up_down_and_up(connection: Connection, revision: str) -> None:
    """A migration can be taken back and applied again, twice, and leaves the same tables."""
    before = REVISIONS.index(revision) - 1
    if before >= 0:
        runner.upgrade(connection, REVISIONS[before])
    below = shape(connection)
    runner.upgrade(connection, revision)
    there = shape(connection)
    assert there != below
    for _ in range(2):
        runner.downgrade(connection, "-1")
        assert shape(connection) == below or before < 0  # the version's own table stays
        runner.upgrade(connection, revision)
        assert shape(connection) == there


def test_the_second_step_keeps_spans_and_prices(connection: Connection) -> None:
    """What an older evalhub stored is read by this one, and back."""
    runner.upgrade(connection, "0001")
    connection.exec_driver_sql(
        "INSERT INTO span (trace_id, span_id, project, name, kind, status, start_ns, end_ns) "
        "VALUES ('t', 'a', 'p', 'n', 'llm', 'ok', 1, 2)"
    )
    connection.exec_driver_sql(
        "INSERT INTO price (provider, model, valid_from_ns, input_usd, source) "
        "VALUES ('openai', 'gpt-4o', 0, 2.5, 'bundled')"
    )
    wanted = "SELECT model, input_usd FROM price", "SELECT span_id, end_ns FROM span"
    for step in (runner.upgrade, lambda c: runner.downgrade(c, "-1"), runner.upgrade):
        step(connection)
        found = [connection.exec_driver_sql(query).all() for query in wanted]
        assert found == [[("gpt-4o", 2.5)], [("a", 2)]]


def test_down_to_nothing(connection: Connection) -> None:
    """Without migrations only the version table is left."""
    runner.upgrade(connection)
    runner.downgrade(connection, "base")
    assert tables(connection) == {VERSION_TABLE}


def test_the_list_of_revisions_is_true() -> None:
    """The store, which does not import Alembic to look, knows every migration."""
    assert runner.revisions() == REVISIONS


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("0*.py")), ids=lambda path: path.stem)
def test_a_migration_imports_nothing_of_ours(path: Path) -> None:
    """A migration stays what it was when the models move on."""
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"alembic", "sqlalchemy"}
