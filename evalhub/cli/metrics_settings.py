"""Make the metrics that a command line names, with their settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from evalhub.cli.yaml_values import assigned_value
from evalhub.errors import ConfigError
from evalhub.llm.endpoint import open_endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics.base import Metric
from evalhub.metrics.registry import describe, load

__all__ = ["open_metrics"]


@contextmanager
def open_metrics(names: Sequence[str], assignments: Sequence[str]) -> Iterator[list[Metric]]:
    """Give the metrics called *names* with the settings ``METRIC.KEY=VALUE``.

    A value is read as in a suite file. ``KEY=VALUE`` is for the one metric, where there is one. A
    judge without a recording to ``replay`` asks the endpoint that the environment names, or else
    the embedded model, which runs while the block lasts.

    Raises:
        ConfigError: an assignment is malformed or names no metric, or a value is no YAML.
        MetricError: no metric has such a name or setting.
        ModelError: a judge needs the embedded model, and it was not pulled.
    """
    settings: dict[str, dict[str, Any]] = {name: {} for name in names}
    for text in assignments:
        name, key, value = _parse(text, names)
        settings[name][key] = value
    with ExitStack() as stack:
        client: dict[str, OpenAIChat] = {}
        if any(_asks_a_model(name, given) for name, given in settings.items()):
            client = {"client": OpenAIChat(stack.enter_context(open_endpoint()))}
        yield [
            load(name, **given, **(client if _asks_a_model(name, given) else {}))
            for name, given in settings.items()
        ]


def _parse(text: str, names: Sequence[str]) -> tuple[str, str, Any]:
    left, equals, _ = text.partition("=")
    name, dot, key = left.rpartition(".")
    if not equals or not key:
        raise ConfigError(
            f"--set {text!r} is not METRIC.KEY=VALUE; write it as rouge1.stemmer=false"
        )
    if not dot and len(set(names)) == 1:
        name = names[0]
    if name not in names:
        told = ", ".join(names)
        raise ConfigError(f"--set {text!r} is for {name!r}, and --metric names {told}")
    return name, key, assigned_value(text)


def _asks_a_model(name: str, given: Mapping[str, Any]) -> bool:
    return "client" in describe(name).settings and not given.get("replay")
