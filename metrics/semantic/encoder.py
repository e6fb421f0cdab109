"""Turn texts into vectors with a local encoder: no torch, no network."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub._optional import require
from evalhub.errors import ModelError
from evalhub.llm.models import CATALOG, find
from evalhub.metrics.semantic.bert import Bert
from evalhub.metrics.semantic.safetensors import read_weights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Encoded", "Encoder", "NumpyEncoder", "load_encoder"]

_Floats: TypeAlias = NDArray[np.float32]

_BATCH_TOKENS = 2048
"""Tokens computed together: more gains nothing, and falls out of the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One text as tokens."""

    ids: NDArray[np.int64]
    """Shape (tokens,), special tokens included."""
    special: NDArray[np.bool_]
    """Shape (tokens,): which of them are not of the text, such as CLS and SEP."""
    truncated: bool
    """Whether the text was longer than the encoder can take."""

    @property
    def is_empty(self) -> bool:
        """Whether no token is of the text."""
        return bool(self.special.all())


class Encoder(Protocol):
    """Encodes texts; safe to use from several threads."""

    @property
    def name(self) -> str:
        """Short name, for signatures."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with the weights."""

    @property
    def layers(self) -> int:
        """How many layers there are."""

    @property
    def max_tokens(self) -> int:
        """Longest text it takes, special tokens included; the rest is cut off."""

    def tokenize(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text."""

    def hidden(self, encoded: Sequence[Encoded], layer: int | None = None) -> list[_Floats]:
        """Return each text's contextual embeddings (tokens, width) after *layer* layers."""

    def embed(self, texts: Sequence[str]) -> _Floats:
        """Return one unit vector a text: shape (texts, width)."""


class NumpyEncoder:
    """A BERT encoder out of a folder in Hugging Face's layout, computed by numpy.

    Args:
        folder: Holds ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
        name: For signatures; the folder's name when None.

    Raises:
        MissingExtraError: the ``bertscore`` extra is not installed.
        ModelError: a file is missing or damaged, or the model is not a BERT.
    """

    def __init__(self, folder: Path, *, name: str | None = None) -> None:
        self.name = name or folder.name
        weights = folder / "model.safetensors"
        config = _read_json(folder / "config.json")
        _check_exists(weights)
        self._bert = Bert(read_weights(weights), config)
        self.max_tokens = _max_tokens(folder, self._bert.max_tokens)
        self._tokenizer = _load_tokenizer(folder / "tokenizer.json", self.max_tokens)
        with weights.open("rb") as stream:
            self.fingerprint = hashlib.file_digest(stream, "sha256").hexdigest()[:12]

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return self._bert.layers

    def tokenize(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text; one longer than ``max_tokens`` is cut."""
        return [
            Encoded(
                ids=np.array(encoding.ids, dtype=np.int64),
                special=np.array(encoding.special_tokens_mask, dtype=np.bool_),
                truncated=bool(encoding.overflowing),
            )
            for encoding in self._tokenizer.encode_batch(list(texts))
        ]

    def hidden(self, encoded: Sequence[Encoded], layer: int | None = None) -> list[_Floats]:
        """Return each text's contextual embeddings, special tokens included.

        Args:
            encoded: What :meth:`tokenize` gave.
            layer: How many layers to compute; all when None.

        Returns:
            One float32 array (tokens, width) a text, in the order given.

        Raises:
            ModelError: the encoder has no such layer.
        """
        layer = self.layers if layer is None else layer
        if not 0 <= layer <= self.layers:
            raise ModelError(f"{self.name} has layers 0 to {self.layers}, not {layer}")
        vectors: dict[int, _Floats] = {}
        for rows in _batches([len(item.ids) for item in encoded]):
            states = self._bert(np.stack([encoded[row].ids for row in rows]), layer)
            vectors.update(zip(rows, states, strict=True))
        return [vectors[row] for row in range(len(encoded))]

    def embed(self, texts: Sequence[str]) -> _Floats:
        """Return the mean of each text's token vectors, scaled to length 1.

        Shape (texts, width), float32. This is sentence-transformers' mean pooling, except
        that texts are cut at what the model takes (512 tokens), not at 256.
        """
        pooled: _Floats = np.empty((len(texts), self._bert.width), dtype=np.float32)
        for row, vectors in enumerate(self.hidden(self.tokenize(texts))):
            pooled[row] = vectors.mean(axis=0)
        pooled /= np.linalg.norm(pooled, axis=-1, keepdims=True)
        return pooled


@cache
def load_encoder(model: str | Path = "minilm") -> Encoder:
    """Return the encoder of a pulled model or of a folder; loaded once a process.

    Raises:
        MissingExtraError: the ``bertscore`` extra is not installed.
        ModelError: it was not pulled, or its folder cannot be used.
    """
    if model in CATALOG:
        return NumpyEncoder(find(str(model)), name=str(model))
    if Path(model).is_dir():
        return NumpyEncoder(Path(model))
    known = "'minilm' or a folder with config.json, model.safetensors and tokenizer.json"
    raise ModelError(f"there is no encoder {str(model)!r}; use {known}")


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield indices of texts of one length, so that no batch needs padding."""
    ordered = sorted(range(len(lengths)), key=lengths.__getitem__)
    for length, group in groupby(ordered, key=lengths.__getitem__):
        rows, size = list(group), max(1, _BATCH_TOKENS // max(1, length))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


def _load_tokenizer(path: Path, max_tokens: int) -> "Tokenizer":
    _check_exists(path)
    tokenizer: Tokenizer = require("tokenizers", extra="bertscore").Tokenizer.from_file(str(path))
    # The file may hold the padding and the cut of whatever the model was exported for.
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _max_tokens(folder: Path, positions: int) -> int:
    path = folder / "tokenizer_config.json"
    declared = _read_json(path).get("model_max_length") if path.exists() else None
    return min(int(declared), positions) if declared else positions


def _read_json(path: Path) -> dict[str, Any]:
    _check_exists(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content


def _check_exists(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing; an encoder's folder must hold {path.name}")
