"""The file that says which traces are scored, by what, and when somebody is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from evalhub.errors import ConfigError
from evalhub.evals.suites.includes import read_document
from evalhub.evals.suites.spec import Spec, Text
from evalhub.evals.suites.spec_metrics import MetricSpec
from evalhub.evals.suites.validate import validated
from evalhub.evals.suites.yaml_lines import LinedYaml
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.store import TraceFilter
from evalhub.store.moments import parse_since

__all__ = ["AlertSpec", "BandSpec", "OnlineConfig", "OnlineSpec", "load_online"]


def _seconds(text: str) -> str:
    if duration_ns(text) <= 0:
        raise ValueError("it must be above 0; use 30s, 15m, 24h or 7d")
    return text


def duration_ns(text: str) -> int:
    """Return the nanoseconds of a duration such as ``15m``.

    Raises:
        ValueError: it is none.
    """
    try:
        # From the year 0001 a date would be before it: only durations are.
        return -parse_since(text, now_ns=0) if text[-1:].isalpha() else 0
    except ConfigError:
        raise ValueError("it is no duration; use 30s, 15m, 24h or 7d") from None


Duration = Annotated[Text, AfterValidator(_seconds)]
"""``30s``, ``15m``, ``24h`` or ``7d``."""


class ChosenTraces(Spec):
    """Which traces are scored."""

    project: Text | None = None
    name: Text | None = None
    """Part of the trace's name."""
    model: Text | None = None
    """Some span of it called this model."""


class OutputPaths(Spec):
    """Where a root span's outputs hold what metrics are given: JMESPath expressions."""

    output: Text | None = None
    """The text; when left out, the outputs are a text or have `text`, `output` or `answer`."""
    contexts: Text | None = None
    retrieved_ids: Text | None = None
    tool_calls: Text | None = None


class BandSpec(Spec):
    """Where the mean of a metric has to stay."""

    metric: Text
    """Name of a metric, or `error_rate`: the share of traces whose root span failed."""
    at_least: float | None = None
    at_most: float | None = None
    window: Duration = "24h"
    """Over which traces the mean is taken: those of a part of time of this length, in UTC."""
    min_n: Annotated[int, Field(ge=2)] = 30
    """Scores below which nothing is said."""

    @model_validator(mode="after")
    def _has_one_limit(self) -> "BandSpec":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"the band of {self.metric!r} needs one of at_least and at_most")
        return self

    @property
    def demand(self) -> str:
        """The band in words."""
        side = (
            f"at least {self.at_least:g}" if self.at_most is None else f"at most {self.at_most:g}"
        )
        return f"{self.metric} {side} over {self.window}"

    @property
    def window_ns(self) -> int:
        """Length of the window in nanoseconds."""
        return duration_ns(self.window)


class AlertSpec(Spec):
    """Whom to tell that a mean left its band."""

    webhook: Text
    """Address that takes a POST of JSON."""
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0)] = 10.0

    @model_validator(mode="after")
    def _is_http(self) -> "AlertSpec":
        parts = urlsplit(self.webhook)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("the webhook must begin with http:// or https:// and name a host")
        return self


class OnlineSpec(Spec):
    """A whole file."""

    name: Text
    """What scores and alerts are kept under; one process at a time works on a name."""
    traces: ChosenTraces = ChosenTraces()
    sample: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the traces that are scored; which, depends on their ids alone."""
    metrics: Annotated[list[MetricSpec], Field(min_length=1)]
    columns: OutputPaths = OutputPaths()
    every: Duration = "60s"
    """From the end of one round to the start of the next."""
    settle: Duration = "30s"
    """How long a trace must have been silent before it is scored."""
    give_up: Duration = "1h"
    """How long after its last span came a trace that is not whole is waited for."""
    since: Duration = "1h"
    """How far the very first round looks back."""
    batch: Annotated[int, Field(ge=1, le=500)] = 20
    """Traces that are scored and stored at once."""
    bands: list[BandSpec] = Field(default_factory=list)
    alert: AlertSpec | None = None

    @model_validator(mode="after")
    def _waits_until_settled(self) -> "OnlineSpec":
        if duration_ns(self.settle) >= duration_ns(self.give_up):
            raise ValueError(
                f"settle is {self.settle} and give_up {self.give_up}, so every trace would be "
                "given up before it may be scored; give_up must be longer"
            )
        return self

    @property
    def filter(self) -> TraceFilter:
        """Which traces are scored, at any time."""
        return TraceFilter(**self.traces.model_dump())

    @property
    def paths(self) -> AnswerPaths:
        """Where outputs hold what metrics are given.

        Raises:
            ConfigError: an expression is not JMESPath.
        """
        given: Mapping[str, str | None] = self.columns.model_dump()
        return AnswerPaths(
            given["output"], given["contexts"], given["retrieved_ids"], given["tool_calls"]
        )


@dataclass(frozen=True, slots=True)
class OnlineConfig:
    """A file that was read and found right."""

    path: Path
    spec: OnlineSpec
    document: LinedYaml

    @property
    def folder(self) -> Path:
        """What the paths in the file start from."""
        return self.path.parent


def load_online(path: str | Path) -> OnlineConfig:
    """Read the file at *path*; it may include others and name variables, as suites do.

    Raises:
        SuiteError: it cannot be read, a key is unknown or a value wrong; names file, line
            and column.
    """
    document = read_document(Path(path))
    return OnlineConfig(Path(path), validated(document, OnlineSpec), document)
