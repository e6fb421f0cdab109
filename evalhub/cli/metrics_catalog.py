"""Print what metrics there are, and what one of them is."""

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evalhub.errors import ConfigError, EvalhubError
from evalhub.metrics.base import COLUMNS
from evalhub.metrics.registry import MetricInfo, available, load

__all__ = ["info_as_json", "listed", "print_info", "print_list"]

_OTHERS = "plugin"
"""Room of the metrics that other packages offer."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a metric with all settings at their defaults says of itself."""

    requires: tuple[str, ...]
    signature: str | None
    reason: str | None
    """Why there is no signature: a setting, a package or a model is missing."""

    @classmethod
    def of(cls, info: MetricInfo) -> Self:
        """Load the metric that *info* is of."""
        try:
            metric = load(info.name)
            return cls(metric.requires, metric.signature, None)
        except EvalhubError as error:
            return cls(info.requires, None, str(error))


def listed(room: str | None) -> list[MetricInfo]:
    """Return the metrics of *room*, or all.

    Raises:
        ConfigError: no metric is in such a room.
    """
    infos = available()
    rooms = list(dict.fromkeys(map(_room, infos)))
    if room is not None and room not in rooms:
        raise ConfigError(f"--room is {room!r}; there are {', '.join(rooms)}")
    return [info for info in infos if room in {None, _room(info)}]


def print_list(infos: Sequence[MetricInfo], console: Console) -> None:
    """Print a line a metric, then how to get the packages that some lack."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("metric", no_wrap=True)
    table.add_column("room", no_wrap=True)
    table.add_column("needs", overflow="fold")
    table.add_column("what it says", overflow="fold")
    table.add_column("", no_wrap=True)
    for info in infos:
        needs = escape(", ".join(info.requires))
        told = f"[red]{escape(info.error)}[/red]" if info.error else escape(info.summary)
        table.add_row(escape(info.name), _room(info), needs, told, _state(info))
    console.print(table)
    for extra in sorted({info.extra for info in infos if _missing(info)}):
        console.print(f"[{extra}]: pip install 'evalhub[{extra}]'", markup=False)


def print_info(info: MetricInfo, console: Console) -> None:
    """Print everything that is known of one metric."""
    console.print(f"[bold]{escape(info.name)}[/bold]  {escape(info.summary)}")
    if info.paper:
        console.print(escape(info.paper), style="dim")
    missing = _missing(info)
    if missing:
        told = f"not installed: {', '.join(missing)}; pip install 'evalhub[{info.extra}]'"
        console.print(told, style="red", markup=False)
    loaded = _Loaded.of(info)
    console.print(_columns_table(loaded.requires))
    if info.settings:
        console.print(_settings_table(info))
    told = loaded.signature or f"no signature without settings: {loaded.reason}"
    console.print(told, style="dim", markup=False, soft_wrap=True)


def info_as_json(info: MetricInfo, *, with_signature: bool = False) -> dict[str, Any]:
    """Return *info* as plain data; its signature needs the metric to be loaded."""
    missing = _missing(info)
    data = {**asdict(info), "room": _room(info), "installed": not missing, "missing": missing}
    if with_signature:
        data |= asdict(_Loaded.of(info))
    return data


def _columns_table(requires: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("column", no_wrap=True)
    table.add_column("what it holds")
    for column in requires:
        table.add_row(column, COLUMNS.get(column, ""))
    return table


def _settings_table(info: MetricInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting", no_wrap=True)
    table.add_column("default", overflow="fold")
    for setting, default in info.settings.items():
        table.add_row(setting, escape(default))
    return table


def _missing(info: MetricInfo) -> list[str]:
    """Return what the metric imports and is not installed."""
    return [module for module in info.modules if importlib.util.find_spec(module) is None]


def _state(info: MetricInfo) -> str:
    if info.error:
        return "[red]broken[/red]"
    return escape(f"[{info.extra}]") if _missing(info) else ""


def _room(info: MetricInfo) -> str:
    return info.room or _OTHERS
