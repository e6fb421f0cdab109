"""``Client``: what a program asks of LangSmith's client to record, recorded by this SDK."""

import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from evalhub.errors import ConfigError
from evalhub.tracing.context import records_here
from evalhub.tracing.langsmith.schemas import Feedback
from evalhub.tracing.parents import hex_id
from evalhub.tracing.process import ACTIVE, configure, flush
from evalhub.tracing.run_tree import RunTree
from evalhub.tracing.scoring import score as record_score

__all__ = ["Client", "needs_server"]

_MAX_OPEN_RUNS = 10_000
_METHODS = re.compile(
    r"(a?evaluate|(add|clone|convert|create|delete|diff|generate|get|has|like|list|multipart|poll"
    r"|pull|push|read|remove|request|run|share|unlike|unshare|update|upload|upsert)_\w+)"
)


def needs_server(name: str, instead: str) -> Callable[..., Any]:
    """Return a function that raises: *name* needs LangSmith's server, and what to do *instead*."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise ConfigError(f"{name} needs LangSmith's server, which evalhub is not; {instead}")

    refuse.__name__ = name
    return refuse


class Client:
    """A client-shaped object: it records, and whatever reads from a server says what to do.

    Its keys and addresses are ignored. ``hide_inputs``, ``hide_outputs``, ``hide_metadata``,
    ``anonymizer`` and ``tracing_sampling_rate`` hold for the whole process, beside what was last
    given to :func:`evalhub.tracing.configure`.
    """

    def __init__(
        self,
        api_url: str | None = None,
        *,
        api_key: str | None = None,
        hide_inputs: Any = None,
        hide_outputs: Any = None,
        hide_metadata: Any = None,
        anonymizer: Callable[[Any], Any] | None = None,
        tracing_sampling_rate: float | None = None,
        **ignored: Any,
    ) -> None:
        self.api_url = api_url
        self.api_key = api_key
        self._runs: OrderedDict[str, RunTree] = OrderedDict()
        settings = {
            "hide_inputs": hide_inputs,
            "hide_outputs": hide_outputs,
            "hide_metadata": hide_metadata,
            "mask": None if anonymizer is None else [anonymizer],
            "sample_rate": tracing_sampling_rate,
        }
        given: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
        if given:
            configure(**{**ACTIVE.given, **given})

    def create_run(self, name: str, inputs: Any, run_type: str = "chain", **fields: Any) -> None:
        """Open a run, or record one that has an ``end_time``; fields are those of a RunTree."""
        run = RunTree(name, run_type, inputs=inputs, **fields)
        if run.end_time is not None:
            run.patch()
            return
        self._runs[run.id.hex] = run
        while len(self._runs) > _MAX_OPEN_RUNS:
            self._runs.popitem(last=False)[1].patch()  # never updated: recorded as far as known

    def update_run(self, run_id: Any, **fields: Any) -> None:
        """Record the end of a run that ``create_run`` opened here."""
        run = self._runs.get(hex_id(run_id))
        if run is None:
            return
        for name in ("inputs", "tags"):
            if fields.get(name) is not None:
                setattr(run, name, fields[name])
        metadata = (fields.get("extra") or {}).get("metadata")
        run.add_metadata(metadata or {})
        if fields.get("events"):
            run.add_event(fields["events"])
        if all(fields.get(name) is None for name in ("end_time", "outputs", "error")):
            return
        run.end(
            outputs=fields.get("outputs"),
            error=fields.get("error"),
            end_time=fields.get("end_time"),
        )
        run.patch()
        del self._runs[hex_id(run_id)]

    def create_feedback(
        self,
        run_id: Any = None,
        key: str = "unnamed",
        *,
        score: float | None = None,
        value: Any = None,
        comment: str | None = None,
        trace_id: Any = None,
        feedback_id: Any = None,
        feedback_source_type: Any = "api",
        **ignored: Any,
    ) -> Feedback:
        """Record a score of a run; its name is *key* and its explanation *comment*.

        A run that is no root is found only with its *trace_id*, or inside its trace.
        """
        about: dict[str, Any] = {"span_id": run_id, "trace_id": trace_id}
        if trace_id is None and not records_here():
            about = {"trace_id": run_id}
        source = str(getattr(feedback_source_type, "value", feedback_source_type))
        number = score if score is not None or isinstance(value, str) else value
        recorded = record_score(
            key,
            number,
            label=value if isinstance(value, str) else None,
            explanation=comment,
            source="user" if source == "api" else source,
            score_id=feedback_id,
            **about,
        )
        now = datetime.now(UTC)
        return Feedback(
            id=UUID(recorded) if recorded else UUID(int=0),
            key=key,
            run_id=run_id,
            trace_id=trace_id,
            score=score,
            value=value,
            comment=comment,
            created_at=now,
            modified_at=now,
        )

    def flush(self, timeout: float | None = None) -> None:
        """Wait until what has ended is stored, at most *timeout* seconds (default 10)."""
        flush(10.0 if timeout is None else timeout)

    def cleanup(self, timeout: float | None = None) -> None:
        """Wait as :meth:`flush` does; nothing has to be freed."""
        self.flush(timeout)

    close = cleanup

    def __getattr__(self, name: str) -> Any:
        if not _METHODS.fullmatch(name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return needs_server(
            f"Client.{name}",
            "read traces with `evalhub traces` and scores with `evalhub scores`, "
            "or keep LangSmith's client for this call",
        )
