"""What unrelated texts score, by which BERTScore is rescaled."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from evalhub.errors import MetricError

__all__ = ["Baseline", "BaselineSource", "load_baseline"]

BaselineSource: TypeAlias = str | Path | Sequence[float]
"""Precision, recall and F; or a file of them by layer."""

_HEADER = ["LAYER", "P", "R", "F"]


class Baseline(NamedTuple):
    """Mean scores of unrelated texts."""

    precision: float
    recall: float
    fmeasure: float

    def __str__(self) -> str:
        return ",".join(map(str, self))


def load_baseline(source: BaselineSource, layer: int) -> Baseline:
    """Return the baseline of *layer*.

    Args:
        source: Three numbers, or a file as bert-score ships them: the header
            ``LAYER,P,R,F`` and a line a layer.
        layer: Which line of the file.

    Raises:
        MetricError: the file or its line is missing, or a number is not below 1.
    """
    if isinstance(source, str | Path):
        return _checked(source, _read(Path(source).expanduser(), layer))
    return _checked(source, source)


def _read(path: Path, layer: int) -> list[str]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *lines = list(csv.reader(stream)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MetricError(f"cannot read the baseline {str(path)!r}: {error}") from error
    if header != _HEADER:
        raise MetricError(f"{path} begins with {header}; a baseline begins with LAYER,P,R,F")
    for line in lines:
        if line and line[0] == str(layer):
            return line[1:]
    raise MetricError(f"{path} has no baseline for layer {layer}; set layer, or give three numbers")


def _checked(source: BaselineSource, values: Sequence[object]) -> Baseline:
    try:
        baseline = Baseline(*(float(str(value)) for value in values))
    except (TypeError, ValueError):
        raise MetricError(
            f"baseline is {source!r}; give precision, recall and F, or a file"
        ) from None
    if not all(-1 <= value < 1 for value in baseline):
        raise MetricError(f"baseline is {tuple(baseline)}; each part must be in -1 to 1, and not 1")
    return baseline
