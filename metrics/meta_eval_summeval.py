"""ROUGE's published correlations with people's scores on SummEval, recomputed.

The outputs and ratings are SummEval's (Fabbri et al., 2021): 16 systems, 100 documents, 11
references, experts' means in four dimensions. The values are those that G-Eval (Liu et al., 2023)
and others print from BARTScore's evaluation (Yuan et al., 2021). The recipe was found by
recomputing them: Porter stemming, the mean F over the references, ROUGE-L by sentence (Lsum).
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from evalhub.errors import DatasetError
from evalhub.metrics.meta_eval import OnProgress, RatedOutputs, scores_of
from evalhub.metrics.stats.correlation import summary_level
from evalhub.metrics.text.rouge import Rouge

__all__ = [
    "PUBLISHED",
    "TOLERANCE",
    "Reproduced",
    "load_summeval",
    "reproduce_summeval",
    "split_sentences",
]

DIMENSIONS = ("coherence", "consistency", "fluency", "relevance")
_STATISTICS: tuple[Literal["spearman", "kendall"], ...] = ("spearman", "kendall")
TOLERANCE = 0.002
"""How far from the published value is still the same value; they are printed to .001."""
PUBLISHED: Mapping[str, tuple[tuple[float, float], ...]] = {
    "rouge1": ((0.169, 0.126), (0.160, 0.131), (0.116, 0.094), (0.328, 0.253)),
    "rouge2": ((0.184, 0.139), (0.187, 0.155), (0.159, 0.128), (0.290, 0.219)),
    "rougeLsum": ((0.130, 0.100), (0.115, 0.091), (0.106, 0.085), (0.311, 0.238)),
}
"""Spearman's rho and Kendall's tau-b at summary level, for each dimension in order."""

_OUTPUTS = "summeval_1600.jsonl.gz"
_DOCUMENTS = "summeval_100_docs.jsonl.gz"
_SENTENCE_END = re.compile(r"(?<=[.!?]) +")


@dataclass(frozen=True, slots=True)
class Reproduced:
    """One published value beside ours."""

    variant: str
    dimension: str
    statistic: Literal["spearman", "kendall"]
    published: float
    ours: float

    @property
    def difference(self) -> float:
        """Ours less the published one."""
        return self.ours - self.published

    @property
    def agrees(self) -> bool:
        """Whether the two are within :data:`TOLERANCE`."""
        return abs(self.difference) <= TOLERANCE


def load_summeval(folder: Path) -> RatedOutputs:
    """Return SummEval's rated summaries from the two files in *folder*.

    Raises:
        DatasetError: a file is not there, is damaged, or a line lacks what it should have.
    """
    documents = {row["id"]: row for row in _rows(folder / _DOCUMENTS, ("id", "references"))}
    rows = _rows(folder / _OUTPUTS, ("id", "system", "summary", "human"))
    unknown = [row["id"] for row in rows if row["id"] not in documents]
    if unknown:
        raise DatasetError(
            f"{_DOCUMENTS} in {folder} has no document {unknown[0]!r}; fetch it anew"
        )
    try:
        ratings = {
            name: np.array([row["human"][name] for row in rows], dtype=np.float64)
            for name in DIMENSIONS
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"a rating in {folder / _OUTPUTS} cannot be read: {error!r}") from None
    return RatedOutputs(
        name="summeval",
        outputs=[row["summary"] for row in rows],
        references=[documents[row["id"]]["references"] for row in rows],
        inputs=[{"source": documents[row["id"]].get("source", "")} for row in rows],
        documents=[row["id"] for row in rows],
        systems=[row["system"] for row in rows],
        ratings=ratings,
    )


def reproduce_summeval(
    dataset: RatedOutputs, *, on_progress: OnProgress | None = None
) -> tuple[Reproduced, ...]:
    """Return the published values beside those that our ROUGE has on *dataset*."""
    rouge = Rouge(tuple(PUBLISHED), stemmer=True, sentences=split_sentences)
    scores = scores_of(rouge, dataset, use="each", on_progress=on_progress)
    return tuple(
        Reproduced(
            variant,
            dimension,
            statistic,
            value,
            summary_level(
                scores[variant].values, dataset.ratings[dimension], dataset.documents, statistic
            ),
        )
        for variant, published in PUBLISHED.items()
        for dimension, values in zip(DIMENSIONS, published, strict=True)
        for statistic, value in zip(_STATISTICS, values, strict=True)
    )


def split_sentences(text: str) -> list[str]:
    """Return the sentences of *text*, which end at a full stop, ``!`` or ``?`` before a space."""
    return _SENTENCE_END.split(text)


def _rows(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    except FileNotFoundError:
        raise DatasetError(f"there is no {path}; give the folder that has it with --data") from None
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error}; fetch it anew") from error
    for number, row in enumerate(rows, 1):
        missing = [key for key in keys if key not in row]
        if missing:
            raise DatasetError(f"{path}:{number} has no {missing[0]!r}; fetch it anew")
    return rows
