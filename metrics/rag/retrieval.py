"""Measures of a ranking against the ids that should be found, by trec_eval.

The numbers come from pytrec_eval-terrier, which wraps NIST's trec_eval and is kept by
the Terrier team. It imports in 15 ms beside numpy; ranx compiles for 3 s, and
scikit-learn knows neither MRR nor recall at k.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Literal, get_args

from evalhub._optional import require
from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Unscored, column_lists, score_column
from evalhub.model import ScoreState

__all__ = ["Measure", "Retrieval"]

Measure = Literal["recall", "precision", "hit", "ndcg", "map", "mrr", "set_recall", "set_precision"]

_AT_K = {
    "recall": "recall",
    "precision": "P",
    "hit": "success",
    "ndcg": "ndcg_cut",
    "map": "map_cut",
}
_WHOLE = {
    "ndcg": "ndcg",
    "map": "map",
    "mrr": "recip_rank",
    "set_recall": "set_recall",
    "set_precision": "set_P",
}
_MOST_GAIN = 10_000
"""trec_eval takes time by the square of the highest gain, and overflows in the end."""
_SETS = frozenset({"set_recall", "set_precision"})
"""Measures that know no order."""

_Relevant = Iterable[str] | Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One measure of the ranking ``retrieved_ids``, best first.

    ``relevant_ids`` are the ids that should be found, or a mapping of each to its gain: a
    whole number, 0 or less for an id that is not relevant. ``set_recall`` and
    ``set_precision`` are context recall and precision by id, whatever the order.

    Nothing retrieved scores 0; an example without relevant ids is skipped. An id that is
    retrieved twice counts at its first place, and what follows moves up.

    Raises:
        MetricError: the measure is unknown, or *k* does not fit it.
        MissingExtraError: pytrec_eval-terrier is not installed.
    """

    measure: Measure
    k: int | None = None
    """How many of the first ids count; None for all, which ``recall``, ``precision`` and
    ``hit`` do not allow."""

    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("retrieved_ids", "relevant_ids")

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise MetricError(f"measure is {self.measure!r}; use {', '.join(get_args(Measure))}")
        if self.k is None and self.measure not in _WHOLE:
            raise MetricError(f"{self.measure} needs k, the number of ids that count")
        if self.k is not None and self.measure in _SETS:
            raise MetricError(f"{self.measure} counts all ids; leave out k, which is {self.k!r}")
        if self.k is not None and (type(self.k) is not int or self.k < 1):
            raise MetricError(f"k is {self.k!r}; give a whole number from 1")
        require("pytrec_eval", extra="retrieval")  # now, and not after the target's calls

    @property
    def name(self) -> str:
        """The measure, with its depth, as in ``recall_at_5``."""
        return self.measure if self.k is None else f"{self.measure}_at_{self.k}"

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, impl="trec_eval")

    def score_batch(
        self,
        retrieved_ids: Sequence[Sequence[str] | None],
        relevant_ids: Sequence[_Relevant],
    ) -> dict[str, ScoreColumn]:
        """Score each ranking; None as a ranking is an error of that example."""
        retrieved_ids, relevant_ids = column_lists(
            retrieved_ids=retrieved_ids, relevant_ids=relevant_ids
        )
        n = len(retrieved_ids)
        gains = [_gains(item) for item in relevant_ids]
        rankings = [None if item is None else _ranking(item, self._depth) for item in retrieved_ids]
        measured = self._measure(rankings, gains)
        results: list[float | Unscored] = []
        for i in range(n):
            if rankings[i] is None:
                results.append(Unscored(ScoreState.ERRORED, "the target gave no ranking"))
            elif not any(gain > 0 for gain in gains[i].values()):
                results.append(Unscored(ScoreState.SKIPPED, "no id is marked as relevant"))
            else:
                results.append(measured.get(str(i), 0.0))
        return {self.name: score_column(self.name, self.signature, results)}

    @property
    def _depth(self) -> int | None:
        # trec_eval has no reciprocal rank with a depth, so the ranking is cut for it.
        return self.k if self.measure == "mrr" else None

    def _measure(
        self, rankings: Sequence[list[str] | None], gains: Sequence[dict[str, int]]
    ) -> dict[str, float]:
        """Return the value of each example that trec_eval answers for, by its index."""
        trec: Any = require("pytrec_eval", extra="retrieval")
        known = [
            _numbered(item, ranking or []) for item, ranking in zip(gains, rankings, strict=True)
        ]
        # trec_eval orders by score and breaks ties by id, so scores are made of ranks.
        run = {
            str(i): {known[i][item]: float(-rank) for rank, item in enumerate(ranking)}
            for i, ranking in enumerate(rankings)
            if ranking
        }
        if not run:
            return {}
        wanted, key = self._trec_names()
        right = {
            str(i): {known[i][name]: gain for name, gain in item.items()}
            for i, item in enumerate(gains)
            if item
        }
        found = trec.RelevanceEvaluator(right, {wanted}).evaluate(run)
        return {query: float(values[key]) for query, values in found.items()}

    def _trec_names(self) -> tuple[str, str]:
        """Return trec_eval's name of the measure, as asked for and as answered."""
        if self.k is None or self.measure == "mrr":
            name = _WHOLE[self.measure]
            return name, name
        name = _AT_K[self.measure]
        return f"{name}.{self.k}", f"{name}_{self.k}"


def _numbered(*ids: Iterable[str]) -> dict[str, str]:
    """Return a number for each id: trec_eval ends one at a zero byte, and crashes at others."""
    return {item: str(number) for number, item in enumerate(dict.fromkeys(chain(*ids)))}


def _ranking(ids: Sequence[str], depth: int | None) -> list[str]:
    _check_ids("retrieved", ids)
    return list(dict.fromkeys(map(str, ids)))[:depth]


def _gains(relevant: _Relevant) -> dict[str, int]:
    if relevant is None:
        return {}
    _check_ids("relevant", relevant)
    if isinstance(relevant, Mapping):
        return {str(item): _gain(item, gain) for item, gain in relevant.items()}
    return dict.fromkeys(map(str, relevant), 1)


def _check_ids(which: str, ids: Any) -> None:
    if isinstance(ids, str):
        raise MetricInputError(f"{which} ids are one string, {ids!r}; give a list of ids")
    if not isinstance(ids, Iterable):
        raise MetricInputError(f"{which} ids are {ids!r}; give a list of ids")


def _gain(item: str, gain: object) -> int:
    # trec_eval knows whole gains only; a gain of 0.5 would count as not relevant.
    if isinstance(gain, int | float) and abs(gain) <= _MOST_GAIN and float(gain).is_integer():
        return int(gain)
    told = f"the gain of {item!r} is {gain!r}; give a whole number of at most {_MOST_GAIN}"
    raise MetricInputError(told)
