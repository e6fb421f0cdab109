"""A traced program whose PostgreSQL server goes away and comes back."""

from typing import Any

from sqlalchemy import text

from evalhub.store import open_store
from evalhub.tracing import configure, flush, stats, traceable


@traceable
def work(n: int) -> int:
    """Be traced."""
    return n


def test_spans_wait_while_the_server_is_away(cluster: Any, postgresql: str) -> None:
    """What was recorded while it was down is on disk, and is stored once when it answers."""
    url = f"{postgresql}/template1"
    configure(url=url)
    work(0)
    assert flush(30)
    cluster.stop()
    for n in range(5):
        work(n)
    assert not flush(1)
    assert (stats().spooled, stats().dropped) == (5, 0)
    cluster.start()
    assert flush(30)
    configure(enabled=False)
    with open_store(url) as store, store.begin() as connection:
        counted = "SELECT count(*), count(DISTINCT span_id) FROM span WHERE name = 'work'"
        assert tuple(connection.execute(text(counted)).one()) == (6, 6)
        # The other tests copy this database, and expect it empty.
        for table in ("span", "span_payload", "trace", "producer"):
            connection.execute(text(f"DELETE FROM {table}"))
