"""Options that say which traces are meant, shared by the commands that take several."""

import re
import time
from dataclasses import replace
from typing import Annotated, Any, get_args

import typer

from evalhub.errors import ConfigError
from evalhub.evals.suites.explain import nearest
from evalhub.store import TraceFilter
from evalhub.store.moments import parse_since
from evalhub.store.queries import Comparison, ScoreCondition

__all__ = [
    "FilterOption",
    "NameOption",
    "ProjectOption",
    "SinceOption",
    "StatusOption",
    "UntilOption",
    "trace_filter",
]

ProjectOption = Annotated[str | None, typer.Option(help="Only this project.")]
StatusOption = Annotated[str | None, typer.Option(help="Only ok, or only error.")]
NameOption = Annotated[str | None, typer.Option(help="Only names that contain this.")]
SinceOption = Annotated[
    str | None,
    typer.Option(help="Only those started since: 30m, 24h, 7d, or a date like 2026-11-22."),
]
UntilOption = Annotated[str | None, typer.Option(help="Only those started before; like --since.")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        help="project=, status=, name=, since=, until=, session=, user=, model=, search=, "
        "duration_ms>= or score.NAME with < <= = >= >, such as score.helpful<0.5; may be repeated.",
        metavar="CONDITION",
    ),
]

_CONDITION = re.compile(r"\s*([a-z_]+|score\.[^<>=]+?)\s*(<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)
_FIELDS = {
    "project": "project",
    "status": "status",
    "name": "name",
    "search": "search",
    "session": "session_id",
    "user": "user_id",
    "model": "model",
}
_KNOWN = [*_FIELDS, "since", "until", "duration_ms", "score.NAME"]


def trace_filter(
    conditions: list[str] | None = None,
    *,
    project: str | None = None,
    status: str | None = None,
    name: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> TraceFilter:
    """Return the filter that the options ask for; *conditions* are those of ``--filter``.

    Raises:
        ConfigError: a value cannot be used, or something is asked for twice.
    """
    now_ns = time.time_ns()
    found: dict[str, Any] = {"project": project, "status": status, "name": name}
    for key, text in (("since", since), ("until", until)):
        if text is not None:
            found[f"{key}_ns"] = parse_since(text, now_ns=now_ns, setting=f"--{key}")
    scores: list[ScoreCondition] = []
    for text in conditions or ():
        key, comparison, value = _parsed(text)
        if key.startswith("score."):
            scores.append(_score(text, key.removeprefix("score."), comparison, value))
            continue
        field, wanted = _field(text, key, comparison, value, now_ns=now_ns)
        if found.get(field) is not None:
            raise ConfigError(f"{key} is asked for twice; leave out --filter {text!r}")
        found[field] = wanted
    _check_status(found["status"])
    return replace(TraceFilter(**found), scores=tuple(scores) or None)


def _parsed(text: str) -> tuple[str, str, str]:
    match = _CONDITION.fullmatch(text)
    if match is None or not match[3]:
        raise ConfigError(f"--filter is {text!r}; use KEY=VALUE or score.NAME<0.5")
    return match[1], match[2], match[3]


def _score(text: str, name: str, comparison: str, value: str) -> ScoreCondition:
    kinds: tuple[Comparison, ...] = get_args(Comparison)
    kind = next(one for one in kinds if one == comparison)
    return ScoreCondition(name, kind, _number(text, value))


def _field(
    text: str, key: str, comparison: str, value: str, *, now_ns: int
) -> tuple[str, str | int | float]:
    if key not in (*_FIELDS, "since", "until", "duration_ms"):
        raise ConfigError(
            f"--filter {text!r} has no key {key!r} to ask for; {nearest(key, _KNOWN)}"
        )
    if key == "duration_ms":
        if comparison != ">=":
            raise ConfigError(f"--filter is {text!r}; duration_ms goes with >=")
        return "min_duration_ms", _number(text, value)
    if comparison != "=":
        raise ConfigError(f"--filter is {text!r}; {key} goes with =")
    if key in ("since", "until"):
        return f"{key}_ns", parse_since(value, now_ns=now_ns, setting=f"--filter {key}")
    return _FIELDS[key], value


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigError(f"--filter is {text!r}, and {value!r} is no number") from None


def _check_status(status: str | None) -> None:
    if status not in (None, "ok", "error"):
        raise ConfigError(f"--status is {status!r}; use ok or error")
