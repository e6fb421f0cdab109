"""Score a model that answers with one of several classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import (
    References,
    Result,
    Scored,
    Unscored,
    column_lists,
    reference_lists,
    score_column,
    unscored_rows,
)
from evalhub.metrics.corpus import CorpusScore, percentiles
from evalhub.metrics.stats.bootstrap import resampled_sums
from evalhub.metrics.stats.sample import Clusters, check_draws, number_clusters
from evalhub.metrics.structure.class_names import class_key, named_classes
from evalhub.metrics.structure.confusion import ClassificationSummary, measure, report
from evalhub.model import ScoreState

__all__ = ["ClassificationReport", "LabelColumn"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumn(ScoreColumn):
    """Whether each class is right; ``labels`` holds the predicted classes.

    ``expected`` holds the true ones and ``classes`` what classes there are.
    """

    expected: Sequence[str | None] = field(kw_only=True)
    classes: tuple[str, ...] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """1 where the output is the reference's class, else 0; the label is the class.

    The mean is the accuracy. :meth:`report` gives precision, recall, F1 per class and the
    confusion matrix, :meth:`corpus` the averages with intervals. Classes are compared without
    case, white space, and the quotes and stops around them; signs count (``-1``, ``C++``). An
    output that is no class is ``unparsed``, and counts in none of the numbers; an example
    without exactly one class as its reference is ``errored``.

    Args:
        labels: The classes; those of the references when empty.
        find: Take the one class that is somewhere in the output, as a whole word; an output
            that names two is ``unparsed``.

    Raises:
        MetricError: two labels are the same, or one is empty.
    """

    labels: tuple[str, ...] = ()
    find: bool = False

    version: ClassVar[int] = 2
    name: ClassVar[str] = "classification"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise MetricError(f"labels is {self.labels!r}; give a list of classes")
        for label in self.labels:
            if not isinstance(label, str):  # YAML takes a bare yes or no for true or false
                raise MetricError(f"the label {label!r} is no text; put it in quotes")
        normal = [class_key(label) for label in self.labels]
        if "" in normal:
            raise MetricError(
                f"{self.labels[normal.index('')]!r} is no label; it is punctuation only"
            )
        twice = next((label for label in normal if normal.count(label) > 1), None)
        if twice is not None:
            raise MetricError(
                f"the label {twice!r} is there twice; case and what is put around it do not count"
            )

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        labels = "+".join(map(class_key, self.labels)) or "references"
        return signature(self.name, version=self.version, labels=labels, find=self.find)

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, LabelColumn]:
        """Score each of *outputs* against the class that is its reference."""
        outputs, references = column_lists(outputs=outputs, references=references)
        rows = reference_lists(references)
        unscored = unscored_rows(outputs, rows)
        classes = self._classes(rows)
        expected = [_true_class(row, classes) for row in rows]
        results: list[Result] = [
            unscored[i] if i in unscored else self._score(output or "", expected[i], classes)
            for i, output in enumerate(outputs)
        ]
        column = score_column(self.name, self.signature, results)
        labels = LabelColumn(
            name=self.name,
            values=column.values,
            signature=column.signature,
            states=column.states,
            labels=column.labels,
            explanations=column.explanations,
            expected=[item if isinstance(item, str) else None for item in expected],
            classes=tuple(classes.values()),
        )
        return {self.name: labels}

    def report(self, table: Mapping[str, LabelColumn]) -> ClassificationSummary:
        """Return the classification report of *table*.

        Raises:
            MissingExtraError: the ``metrics`` extra is not installed.
        """
        column = table[self.name]
        pairs = _pairs(column)
        return report(
            [true for _, true, _ in pairs], [found for _, _, found in pairs], column.classes
        )

    def corpus(
        self,
        table: Mapping[str, LabelColumn],
        *,
        bootstrap: int = 1000,
        seed: int = 0,
        clusters: Clusters = None,
    ) -> dict[str, CorpusScore]:
        """Return accuracy, macro and weighted F1, MCC and each class's F1 with its interval.

        F1 of a class is called ``f1[LABEL]``. Interval ends are percentiles over *bootstrap*
        draws of the examples, or of whole *clusters*; 0 asks for none. A draw in which a number is
        not defined (no example of the class came up) is left out of that number's interval.

        Raises:
            MetricInputError: *bootstrap* is 1, or there is not one cluster per example.
            MissingExtraError: the ``metrics`` extra is not installed.
        """
        column, summary = table[self.name], self.report(table)
        drawn = _resample(column, bootstrap, seed, clusters) if bootstrap else None
        ends = {} if drawn is None else _ends(measure(drawn), summary.labels)
        scores = {}
        for name, value in _values(summary).items():
            lower, upper = ends.get(name, (None, None)) if value is not None else (None, None)
            scores[name] = CorpusScore(
                name=name,
                value=value,
                lower=lower,
                upper=upper,
                n=summary.n,
                signature=column.signature,
                seed=None if lower is None else seed,
            )
        return scores

    def _classes(self, rows: Sequence[Sequence[str]]) -> dict[str, str]:
        """Return the classes by their normal form; those of references are sorted."""
        if self.labels:
            return {class_key(label): label for label in self.labels}
        found = sorted({class_key(text) for row in rows if len(row) == 1 for text in row} - {""})
        return {label: label for label in found}

    def _score(
        self, output: str, expected: "str | Unscored", classes: Mapping[str, str]
    ) -> Scored | Unscored:
        if isinstance(expected, Unscored):
            return expected
        found = self._read(output, classes)
        if isinstance(found, Unscored):
            return found
        return Scored(float(found == expected), label=found)

    def _read(self, output: str, classes: Mapping[str, str]) -> "str | Unscored":
        text = class_key(output)
        if text in classes:
            return classes[text]
        named = named_classes(output, classes) if self.find else []
        if len(named) == 1:
            return classes[named[0]]
        told = f"the output names {len(named)} classes" if self.find else "the output is no class"
        return Unscored(ScoreState.UNPARSED, f"{told}: {_shorten(output)!r}")


def _true_class(row: Sequence[str], classes: Mapping[str, str]) -> "str | Unscored":
    if len(row) != 1:
        told = f"there are {len(row)} references; an example is of one class"
        return Unscored(ScoreState.ERRORED, told)
    found = classes.get(class_key(row[0]))
    if found is None:
        return Unscored(ScoreState.ERRORED, f"the reference {row[0]!r} is not among the labels")
    return found


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _pairs(column: LabelColumn) -> list[tuple[int, str, str]]:
    """Return index, true and predicted class of each example that is scored."""
    found = column.labels or [None] * len(column)
    return [
        (index, true, label)
        for index, (true, label) in enumerate(zip(column.expected, found, strict=True))
        if true is not None and label is not None
    ]


def _values(summary: ClassificationSummary) -> dict[str, float | None]:
    averages = {
        "accuracy": summary.accuracy,
        "macro_f1": summary.macro.f1,
        "weighted_f1": summary.weighted.f1,
        "mcc": summary.mcc,
    }
    return averages | {f"f1[{label}]": item.f1 for label, item in summary.classes.items()}


def _resample(
    column: LabelColumn, bootstrap: int, seed: int, clusters: Clusters
) -> NDArray[np.float64] | None:
    """Return confusion matrices of resampled examples, None where one unit allows none."""
    check_draws("bootstrap", bootstrap)
    pairs, size = _pairs(column), len(column.classes)
    place = {label: index for index, label in enumerate(column.classes)}
    cells = np.array([place[true] * size + place[found] for _, true, found in pairs], dtype=np.intp)
    kept = np.zeros(len(column), dtype=np.bool_)
    kept[[index for index, _, _ in pairs]] = True
    groups = number_clusters(clusters, kept)
    units = len(set(groups.tolist()))
    if units < 2:
        return None
    if clusters is None:
        # Drawing examples with replacement is drawing the counts of the cells.
        share = np.bincount(cells, minlength=size * size) / cells.size
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(cells.size, share, bootstrap).astype(np.float64)
    else:
        sums = np.zeros((units, size * size))
        np.add.at(sums, (groups, cells), 1)
        drawn = resampled_sums(sums, resamples=bootstrap, seed=seed)
    return drawn.reshape(bootstrap, size, size)


def _ends(
    drawn: Mapping[str, NDArray[np.float64]], labels: Sequence[str]
) -> dict[str, tuple[float, float] | tuple[None, None]]:
    averages = {name: percentiles(values) for name, values in drawn.items() if name != "f1"}
    per_class = {f"f1[{label}]": percentiles(drawn["f1"][:, i]) for i, label in enumerate(labels)}
    return averages | per_class
