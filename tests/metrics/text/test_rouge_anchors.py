"""ROUGE's published correlations with people's scores, recomputed on SummEval."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from evalhub.metrics.text.rouge import Rouge

DATA = Path(__file__).parents[4] / "shared" / "data"
DIMENSIONS = ("coherence", "consistency", "fluency", "relevance")
REFERENCES = 11
PUBLISHED = {
    "rouge1": [(0.169, 0.126), (0.160, 0.131), (0.116, 0.094), (0.328, 0.253)],
    "rouge2": [(0.184, 0.139), (0.187, 0.155), (0.159, 0.128), (0.290, 0.219)],
}
"""Spearman's rho and Kendall's tau-b per dimension."""


def _read(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _correlations(scores: np.ndarray, human: np.ndarray, documents: np.ndarray) -> list[float]:
    """Return rho and tau-b over the systems of a document, averaged over documents."""
    pairs = [(scores[documents == name], human[documents == name]) for name in set(documents)]
    pairs = [(a, b) for a, b in pairs if len(set(a)) > 1 and len(set(b)) > 1]
    both = [(spearmanr(a, b).statistic, kendalltau(a, b).statistic) for a, b in pairs]
    return [float(value) for value in np.mean(both, axis=0)]


def test_summeval_correlations_are_the_published_ones() -> None:
    """ROUGE-1 and ROUGE-2, mean F over eleven references, agree to three decimals."""
    summaries = _read("summeval_1600.jsonl.gz")
    references = {doc["id"]: doc["references"] for doc in _read("summeval_100_docs.jsonl.gz")}
    documents = np.array([row["id"] for row in summaries])
    table = Rouge(list(PUBLISHED)).score_batch(
        [row["summary"] for row in summaries for _ in range(REFERENCES)],
        [text for row in summaries for text in references[row["id"]]],
    )
    for variant, published in PUBLISHED.items():
        scores = np.nanmean(table[variant].values.reshape(-1, REFERENCES), axis=1)
        for dimension, expected in zip(DIMENSIONS, published, strict=True):
            human = np.array([row["human"][dimension] for row in summaries])
            got = _correlations(scores, human, documents)
            assert got == pytest.approx(list(expected), abs=0.0006), (variant, dimension)
