"""What a metric is: columns in, a value or a state per example out, and a signature.

A score without its settings cannot be compared with another. So each column of
scores carries a signature, as sacreBLEU does (Post, 2018): name, settings and
version, joined by ``|``; columns with unlike signatures are never compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evalhub.model import Direction, Score, ScoreState

__all__ = ["COLUMNS", "Metric", "ScoreColumn", "ScoreTable", "signature"]

COLUMNS: Mapping[str, str] = {
    "outputs": "text of each output (str; None where the target failed)",
    "baseline_outputs": "text of another system's output, per output (None where it failed)",
    "references": "one reference text or a list of them, per output",
    "inputs": "what the target was given (mapping), per output",
    "contexts": "texts of the retrieved chunks, best first, per output",
    "retrieved_ids": "ids of the retrieved chunks, best first, per output",
    "relevant_ids": "ids of the chunks that should be found, per output",
    "tool_calls": "tools that the target called, in order, per output: mappings with name and "
    "arguments, or names",
    "expected_tool_calls": "tools that should be called, in order, per output, in the same form",
    "metadata": "the example's other columns (mapping), per output",
    "ids": "the example's id, per output",
    "latency_ms": "milliseconds that the target took, per output (None where unknown)",
    "input_tokens": "tokens that the target read, per output (None where unknown)",
    "output_tokens": "tokens that the target wrote, per output (None where unknown)",
    "cost_usd": "dollars that the target cost, per output (None where unknown)",
}
"""Columns that a metric may ask for in ``requires``, and what they hold."""


def signature(name: str, *, version: int, **settings: object) -> str:
    """Return ``name|setting:value|...|v:version``, settings in the given order."""
    parts = [f"{key}:{value}" for key, value in settings.items()]
    return "|".join([name, *parts, f"v:{version}"])


@dataclass(frozen=True, slots=True, eq=False)
class ScoreColumn:
    """One named score for every example.

    ``values`` has shape (n,), float64, and is NaN exactly where the state is not
    ``scored``. ``states``, ``labels`` and ``explanations`` have one item an example; None
    stands for "all scored", "no labels" and "no explanations".

    ``bounds`` are the least and the greatest value that there can be, whatever the outputs;
    an end may be infinite, and None says that nothing is known. Scores of 0 and 1 are a
    pass rate only where the bounds are 0 and 1: on a scale of 1 to 5 a 1 is no pass.

    ``better`` is what the metric says of it, and what a suite or its gates say where the metric
    does not; a run puts it there.
    """

    name: str
    values: NDArray[np.float64]
    signature: str
    states: Sequence[ScoreState] | None = None
    labels: Sequence[str | None] | None = None
    explanations: Sequence[str | None] | None = None
    bounds: tuple[float, float] | None = (0.0, 1.0)
    better: Direction = Direction.HIGHER

    def __len__(self) -> int:
        return len(self.values)

    def score(self, index: int) -> Score:
        """Return example *index*'s score as a record."""
        state = ScoreState.SCORED if self.states is None else self.states[index]
        return Score(
            name=self.name,
            value=float(self.values[index]) if state is ScoreState.SCORED else None,
            signature=self.signature,
            state=state,
            label=None if self.labels is None else self.labels[index],
            explanation=None if self.explanations is None else self.explanations[index],
        )


ScoreTable = Mapping[str, ScoreColumn]
"""Columns by name; a metric such as ROUGE gives several."""


class Metric(Protocol):
    """Scores outputs.

    ``score_batch`` takes the columns named in ``requires``, by keyword (and in that
    order by position), all of one length, and returns one column or several.
    It raises :class:`~evalhub.errors.MetricInputError` when the columns do not fit;
    what fails for one example only is that example's state.

    Where less is better, or neither, it says so in an attribute ``better``: see
    :func:`~evalhub.metrics.direction.direction_said`.
    """

    @property
    def name(self) -> str:
        """Short name, as in suite files."""

    @property
    def requires(self) -> tuple[str, ...]:
        """Names out of :data:`COLUMNS`."""

    @property
    def signature(self) -> str:
        """Name, settings and version; see :func:`signature`."""

    @property
    def score_batch(self) -> Callable[..., ScoreTable]:
        """Score every example; one item of each column is one example."""
