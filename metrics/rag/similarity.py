"""Similarity of texts on the local encoder, for the versions that ask no model."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.semantic.encoder import load_encoder

__all__ = ["Vectors", "check_threshold", "encoder_settings"]

_Floats: TypeAlias = NDArray[np.float32]

_NONE: _Floats = np.empty((0, 0), dtype=np.float32)


class Vectors:
    """Unit vectors of texts, each text encoded once.

    Args:
        encoder: Name of a pulled encoder, or the folder of one.
        texts: All that will be compared.

    Raises:
        ModelError: the encoder was not pulled.
    """

    def __init__(self, encoder: str | Path, texts: Iterable[str]) -> None:
        unique = list(dict.fromkeys(texts))
        self._rows = {text: row for row, text in enumerate(unique)}
        self._vectors = load_encoder(encoder).embed(unique) if unique else _NONE

    def cosine(self, one: str, other: str) -> float:
        """Return the cosine of two texts, at most 1."""
        return float(self.cosines([one], [other])[0, 0])

    def cosines(self, left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
        """Return cosines of shape (left, right), within -1 and 1."""
        product = self._of(left) @ self._of(right).T
        return np.clip(product.astype(np.float64), -1.0, 1.0)

    def best(self, texts: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float64]:
        """Return the cosine of each of *texts* with its nearest candidate; -1 without any."""
        if not texts or not candidates:
            return np.full(len(texts), -1.0)
        best: NDArray[np.float64] = self.cosines(texts, candidates).max(axis=1)
        return best

    def _of(self, texts: Sequence[str]) -> _Floats:
        return self._vectors[[self._rows[text] for text in texts]]


def encoder_settings(model: str | Path) -> dict[str, str]:
    """Return the encoder's name and fingerprint, for signatures."""
    encoder = load_encoder(model)
    return {"encoder": encoder.name, "encoder_weights": encoder.fingerprint}


def check_threshold(threshold: float) -> None:
    """Refuse a *threshold* that no similarity can be held against.

    Raises:
        MetricError: it is not within -1 and 1.
    """
    if not -1 <= threshold <= 1:
        raise MetricError(f"threshold is {threshold}; similarities are -1 to 1, so must it be")
