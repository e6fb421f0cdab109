"""Several judges vote (Verga et al., 2024, "Replacing Judges with Juries")."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError, MetricInputError
from evalhub.llm.client import ChatClient
from evalhub.metrics.base import Metric, ScoreColumn, ScoreTable, signature
from evalhub.metrics.columns import check_lengths
from evalhub.metrics.judge.judgement import Judgement, columns_of, judge_column, shorten
from evalhub.metrics.judge.prompt import fingerprint
from evalhub.metrics.judge.spending import JudgeColumn, Spent
from evalhub.metrics.registry import load
from evalhub.metrics.stats.agreement import krippendorff_alpha
from evalhub.model import ScoreState

__all__ = ["Panel", "PanelColumn"]

Combine = Literal["mean", "median", "majority"]


@dataclass(frozen=True, slots=True, eq=False)
class PanelColumn(JudgeColumn):
    """What the panel says, and how far its members agree.

    ``voters`` is the number of members whose score counts, per example. ``agreement`` is the
    share of pairs of votes on one example that are alike, ``alpha`` Krippendorff's alpha (of
    votes as names with ``majority``, else as measurements); NaN where they are undefined.
    """

    voters: NDArray[np.int64] = field(kw_only=True)
    agreement: float = field(kw_only=True)
    alpha: float = field(kw_only=True)


@dataclass(frozen=True)
class Panel:
    """Puts each output before several judges, and combines their scores.

    A member that has no score for an example is left out there; below *quorum* the example
    has none either. The table holds the panel's column first, then each member's as
    ``LABEL/NAME``.

    Args:
        client: The model that members given by name ask, unless they have one of their own.
        judges: Metrics of the same bounds, or mappings with the name under ``judge`` or
            ``metric`` and settings, as in suite files.
        combine: ``mean``, ``median``, or ``majority``: the commonest score, and where
            several are, their mean.
        quorum: Least number of members with a score; more than half when None.
        label: The column's name.

    Raises:
        MetricError: there are fewer than two judges, or a setting cannot be used.
    """

    version: ClassVar[int] = 1

    client: ChatClient | None = None
    judges: Sequence[Metric | Mapping[str, Any]] = ()
    combine: Combine = "mean"
    quorum: int | None = None
    label: str = "panel"
    _members: tuple[Metric, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        members = tuple(_member(judge, self.client) for judge in self.judges)
        object.__setattr__(self, "_members", members)
        if len(members) < 2:
            raise MetricError(f"a panel has {len(members)} judges; give 'judges', two or more")
        if self.combine not in get_args(Combine):
            known = ", ".join(get_args(Combine))
            raise MetricError(f"combine is {self.combine!r}; use one of: {known}")
        if not 1 <= self._quorum <= len(members):
            raise MetricError(f"quorum is {self.quorum}; it must lie within 1 and {len(members)}")

    @property
    def name(self) -> str:
        """The column's name."""
        return self.label

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the columns it gives."""
        return (self.label, *_labels(self.label, self._members))

    @property
    def requires(self) -> tuple[str, ...]:
        """Every column that a member requires."""
        names = (name for member in self._members for name in member.requires)
        return tuple(dict.fromkeys(names))

    @property
    def signature(self) -> str:
        """How votes are combined, the quorum, and a hash over the members' signatures."""
        signatures = [member.signature for member in self._members]
        return signature(
            "panel",
            combine=self.combine,
            quorum=self._quorum,
            judges=f"{len(signatures)}:{fingerprint(*signatures)}",
            version=self.version,
        )

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Let every member score every output; takes the columns of :attr:`requires`.

        Raises:
            MetricInputError: a column is missing, unknown or of another length, or
                members' scores have unlike bounds.
        """
        columns = columns_of(self.name, self.requires, positional, named)
        votes = [
            _first(member, member.score_batch(**{name: columns[name] for name in member.requires}))
            for member in self._members
        ]
        bounds = _shared_bounds(votes)
        n = check_lengths(**columns)
        values = np.array([vote.values for vote in votes]).reshape(len(votes), n)
        panel = judge_column(
            PanelColumn,
            self.name,
            self.signature,
            [self._judge(votes, index) for index in range(n)],
            bounds=bounds,
            spent=Spent.sum([vote.spent for vote in votes if isinstance(vote, JudgeColumn)]),
            voters=np.count_nonzero(~np.isnan(values), axis=0),
            agreement=_agreement(values),
            alpha=_alpha(values, self.combine),
        )
        labels = _labels(self.label, self._members)
        members = {
            label: replace(vote, name=label) for label, vote in zip(labels, votes, strict=True)
        }
        return {self.name: panel, **members}

    @property
    def _quorum(self) -> int:
        return len(self._members) // 2 + 1 if self.quorum is None else self.quorum

    def _judge(self, votes: Sequence[ScoreColumn], index: int) -> Judgement:
        scores = [vote.score(index) for vote in votes]
        values = [score.value for score in scores if score.value is not None]
        if len(values) >= self._quorum:
            told = f"{len(values)} of {len(votes)} judges: {', '.join(f'{v:g}' for v in values)}"
            return Judgement(ScoreState.SCORED, told, _combined(values, self.combine))
        absent = [score for score in scores if score.value is None]
        states = {score.state for score in absent}
        state = states.pop() if len(states) == 1 and not values else ScoreState.ERRORED
        why = "; ".join(f"{score.name}: {score.explanation or score.state}" for score in absent)
        return Judgement(state, shorten(f"{len(values)} of {len(votes)} judges: {why}"))


def _member(judge: Metric | Mapping[str, Any], client: ChatClient | None) -> Metric:
    if not isinstance(judge, Mapping):
        return judge
    settings = dict(judge)
    is_judge = "judge" in settings
    name = settings.pop("judge", None) or settings.pop("metric", None)
    if not isinstance(name, str):
        raise MetricError(f"a panel's judge is {judge!r}; name it under 'judge'")
    if is_judge and client is not None and "replay" not in settings:
        settings.setdefault("client", client)
    return load(name, **settings)


def _labels(label: str, members: Sequence[Metric]) -> list[str]:
    """Return each member's name behind the panel's, with a number where names are alike."""
    names = [member.name for member in members]
    labels = [
        f"{name}-{number}" if names.count(name) > 1 else name
        for number, name in enumerate(names, start=1)
    ]
    return [f"{label}/{name}" for name in labels]


def _first(member: Metric, table: ScoreTable) -> ScoreColumn:
    """Return the column that is *member*'s vote: that of its name, else its first."""
    return table[member.name] if member.name in table else next(iter(table.values()))


def _shared_bounds(votes: Sequence[ScoreColumn]) -> tuple[float, float] | None:
    bounds = {vote.bounds for vote in votes}
    if len(bounds) > 1:
        told = ", ".join(f"{vote.name} {vote.bounds}" for vote in votes)
        raise MetricInputError(f"the judges' scales differ: {told}; give them one scale")
    return bounds.pop()


def _combined(values: Sequence[float], combine: Combine) -> float:
    if combine == "mean":
        return float(np.mean(values))
    if combine == "median":
        return float(np.median(values))
    counts = Counter(values)
    most = max(counts.values())
    return float(np.mean([value for value, count in counts.items() if count == most]))


def _agreement(values: NDArray[np.float64]) -> float:
    """Return the share of pairs of votes that are alike; *values* has shape (judges, n)."""
    pairs = list(combinations(values, 2))
    both = sum(int(np.count_nonzero(~np.isnan(one) & ~np.isnan(two))) for one, two in pairs)
    alike = sum(int(np.count_nonzero(one == two)) for one, two in pairs)
    return alike / both if both else float("nan")


def _alpha(values: NDArray[np.float64], combine: Combine) -> float:
    ratings = [[None if np.isnan(value) else float(value) for value in row] for row in values]
    return krippendorff_alpha(ratings, "nominal" if combine == "majority" else "interval")
