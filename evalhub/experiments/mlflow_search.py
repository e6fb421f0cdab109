"""Searching MLflow's runs: its filter language, and its pages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.experiments.base import RunFilter
from evalhub.experiments.keys import cut_value
from evalhub.experiments.tags import BRANCH_TAG, FORMAT, FORMAT_TAG, PREFIX, VERDICT_TAG

__all__ = ["Wanted", "experiment_name", "filter_of", "matching", "search"]

_PAGE = 1_000
_NAME_LENGTH = 250


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a search is for."""

    text: str
    """In MLflow's language."""
    tags: Mapping[str, str]
    """Exact values, for what the language cannot say."""


def experiment_name(suite: str) -> str:
    """Return what MLflow calls *suite*: the same, unless it is very long."""
    return cut_value(suite, _NAME_LENGTH)


def matching(tags: Mapping[str, str], *, status: str | None = None) -> Wanted:
    """Return the search for runs with all of these *tags*: whole ones of ours, or of *status*."""
    if status is None:
        tags = {FORMAT_TAG: FORMAT, **tags}
    terms = [_term(name, value) for name, value in tags.items()]
    return Wanted(" and ".join([*terms, f"attributes.status = '{status or 'FINISHED'}'"]), tags)


def filter_of(where: RunFilter) -> Wanted:
    """Return the search for the whole runs of ours that *where* describes."""
    named = {
        f"{PREFIX}target": where.target,
        BRANCH_TAG: where.branch,
        VERDICT_TAG: where.verdict,
    }
    wanted = matching({name: value for name, value in named.items() if value is not None})
    if where.since_ns is None:
        return wanted
    since = f"attributes.start_time >= {where.since_ns // 1_000_000}"
    return Wanted(f"{wanted.text} and {since}", wanted.tags)


def search(
    client: Any, experiment_ids: Sequence[str], wanted: Wanted, *, limit: int
) -> Iterator[Any]:
    """Give at most *limit* runs that are *wanted*, newest first, a page at a time."""
    token, left = None, limit
    while experiment_ids and left > 0:
        page = client.search_runs(
            list(experiment_ids),
            wanted.text,
            max_results=min(left, _PAGE),
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        for run in filter(_exactly(wanted.tags), page):
            yield run
            left -= 1
        token = page.token
        if not token:
            return


_LEFT_OPEN = str.maketrans("'\\", "__")


def _term(name: str, value: str) -> str:
    """Return the condition that a tag has this value; the language knows no escapes.

    What it cannot say of a value is left open, and what is found is looked at again.
    """
    if "\\" in value or ("'" in value and '"' in value):
        return f"tags.`{name}` LIKE '{value.translate(_LEFT_OPEN)}'"
    quote = '"' if "'" in value else "'"
    return f"tags.`{name}` = {quote}{value}{quote}"


def _exactly(tags: Mapping[str, str]) -> Callable[[Any], bool]:
    return lambda run: all(run.data.tags.get(name) == value for name, value in tags.items())
