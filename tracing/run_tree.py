"""``RunTree``: an open span under LangSmith's names.

It is a view: what is set on it is recorded on the span behind it, and goes the span's
way. A run is delivered once, by ``patch()`` (or a ``post()`` after ``end()``), or
by the traced call or block that owns it.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import get_current_span
from evalhub.tracing.propagation import dotted_order, from_headers, to_headers
from evalhub.tracing.run_fields import RunFields, attach
from evalhub.tracing.run_open import open_run

__all__ = ["RunTree", "attach", "get_current_run_tree"]


class RunTree(RunFields):
    """A run as LangSmith's programs know it; its fields are in :class:`RunFields`.

    Made by a program, it is a root or the child of what it names, whatever is open
    around it, and it is not current.
    """

    def __init__(
        self,
        name: str | None = None,
        run_type: str = "chain",
        *,
        parent_run: Any = None,
        **fields: Any,
    ) -> None:
        """Open a run.

        Args:
            name: Its name.
            run_type: Its kind.
            parent_run: The RunTree it is below (or ``dotted_order`` or ``trace_id`` and
                ``parent_run_id`` among the *fields*).
            fields: ``inputs``, ``outputs``, ``error``, ``id``, ``start_time``, ``end_time``,
                ``extra``, ``metadata``, ``tags``, ``events``, ``project_name`` (or
                ``session_name``), ``reference_example_id``, ``attachments``; others are ignored.
        """
        super().__init__(open_run(name, run_type, parent_run, fields))
        self._take(fields)

    @classmethod
    def of(cls, span: ActiveSpan) -> "RunTree":
        """Return the RunTree of *span*, the same one while the span is open."""
        details = span._details
        if details is not None and details.face is not None:
            return details.face  # type: ignore[no-any-return]  # Details knows no RunTree
        run = cls.__new__(cls)
        RunFields.__init__(run, span)
        if span.recording and not span._end_ns:
            span._more().face = run
        return run

    @classmethod
    def from_headers(cls, headers: Mapping[Any, Any], **fields: Any) -> "RunTree | None":
        """Return the run that *headers* name, open elsewhere; None when they name none."""
        span = from_headers(headers)
        if span is None:
            return None
        run = cls.of(span)
        run._take(fields)
        return run

    @classmethod
    def from_dotted_order(cls, dotted_order: str, **fields: Any) -> "RunTree | None":
        """Return the run that ends *dotted_order*, open elsewhere."""
        return cls.from_headers({"langsmith-trace": dotted_order}, **fields)

    @classmethod
    def from_runnable_config(cls, config: Any, **fields: Any) -> "RunTree | None":
        """Return the run that is open where a LangChain runnable is called.

        It is the current one: our callback handler makes a runnable's run current.
        """
        run = get_current_run_tree()
        if run is not None:
            run._take(fields)
        return run

    @property
    def dotted_order(self) -> str:
        """Time and id of the root and of this run, as LangSmith orders runs."""
        return dotted_order(self.span)

    def create_child(
        self,
        name: str,
        run_type: str = "chain",
        *,
        run_id: Any = None,
        start_time: datetime | None = None,
        tags: Sequence[str] | None = None,
        **fields: Any,
    ) -> "RunTree":
        """Open a run below this one; it has its own tags, and this one's metadata beside its own.

        Args:
            name: Its name.
            run_type: Its kind.
            run_id: Its id, a UUID.
            start_time: When it began; not before this run.
            tags: Its tags.
            fields: As for :class:`RunTree`.
        """
        if start_time is not None:
            start_time = max(start_time, self.start_time)
        if run_id is not None:
            fields["id"] = run_id
        child = RunTree(
            name, run_type, parent_run=self, start_time=start_time, tags=tags or [], **fields
        )
        self.child_runs.append(child)
        return child

    def post(self, exclude_child_runs: bool = True) -> None:
        """Deliver a run that has ended; one that is open is delivered by :meth:`patch`."""
        if self.end_time is not None:
            self.patch()
        if not exclude_child_runs:
            for child in self.child_runs:
                child.post(exclude_child_runs=False)

    def patch(self, *, exclude_inputs: bool | None = None) -> None:
        """Deliver the run, ended now if it has not been; a second call does nothing."""
        span = self.span
        if span._end_ns or not span._start_ns:
            return  # delivered, or open in another process
        if self.end_time is None:
            self.end()
        span._settle()
        details = span._more()
        span._tracer.end(span, details.end_ns or span._tracer.clock())
        details.face = None

    def wait(self) -> None:
        """Do nothing: LangSmith's SDK has it, and so do its users."""

    def to_headers(self) -> dict[str, str]:
        """Return the request headers that make this run the parent elsewhere."""
        return to_headers(self.span)

    def get_url(self) -> str:
        """Return where the run is found: ``evalhub://<trace id>/<run id>``."""
        return f"evalhub://{self.span.trace_id}/{self.span.span_id}"

    def __deepcopy__(self, memo: dict[int, Any]) -> "RunTree":
        # As for a copy: both show one span, which holds locks. A state that holds a run is copied.
        return copy(self)

    def __repr__(self) -> str:
        return (
            f"RunTree(id={self.id}, name={self.name!r}, run_type={self.run_type!r}, "
            f"dotted_order={self.dotted_order!r})"
        )


def get_current_run_tree() -> RunTree | None:
    """Return the innermost run open here, or None when nothing is being traced."""
    span = get_current_span()
    return None if span is None else RunTree.of(span)
