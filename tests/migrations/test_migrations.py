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
    """A migration can be taken back and applied again."""
    runner.upgrade(connection, revision)
    there = tables(connection)
    runner.downgrade(connection, "-1")
    assert tables(connection) < there
    runner.upgrade(connection, revision)
    assert tables(connection) == there


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
