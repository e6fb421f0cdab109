"""An encoder on this machine: its texts as tokens, in batches through its network."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from evalhub.errors import ModelError
from evalhub.metrics.semantic.folder import ModelFolder
from evalhub.metrics.semantic.network import Floats, Network
from evalhub.metrics.semantic.tokens import Encoded, TextTokenizer

__all__ = ["BATCH_TOKENS", "LocalEncoder", "pool", "unit"]

BATCH_TOKENS = 2048
"""Tokens computed together: more gains nothing, and falls out of the processor's cache."""
_HELD_TOKENS = 65_536
"""Tokens whose vectors :meth:`LocalEncoder.embed` holds: 100 MB at a width of 384."""


class LocalEncoder:
    """An encoder out of a folder in Hugging Face's layout.

    Args:
        folder: Where it lies.
        tokenizer: Makes its tokens.
        network: Computes its layers.
        fingerprint: Of the weights that *network* reads.
        batch_tokens: Tokens computed together, padding included.
    """

    def __init__(
        self,
        folder: ModelFolder,
        tokenizer: TextTokenizer,
        network: Network,
        fingerprint: str,
        *,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.name = folder.name
        self.fingerprint = fingerprint
        self.max_tokens = folder.max_tokens
        config = json.dumps(folder.config, sort_keys=True)
        self.namespace = f"{fingerprint}-{hashlib.sha256(config.encode()).hexdigest()[:12]}"
        self._folder = folder
        self._padding = folder.padding
        self._tokenizer = tokenizer
        self._network = network
        self._batch_tokens = batch_tokens

    @property
    def backend(self) -> str:
        """What computes: ``torch``, ``onnx`` or ``numpy``."""
        return self._network.backend

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return self._network.layers

    @property
    def pooling(self) -> str:
        """How one vector is made of a text's: ``mean`` or ``cls``, as the model was trained.

        Raises:
            ModelError: it is another way.
        """
        return self._folder.pooling

    def tokenize(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text; one longer than ``max_tokens`` is cut."""
        return self._tokenizer(texts)

    def hidden(self, encoded: Sequence[Encoded], layer: int | None = None) -> list[Floats]:
        """Return each text's contextual embeddings, special tokens included.

        Args:
            encoded: What :meth:`tokenize` gave.
            layer: How many layers to compute; all when None.

        Returns:
            One float32 array (tokens, width) a text, in the order given.

        Raises:
            ModelError: the encoder has no such layer.
        """
        layer = self._checked(layer)
        vectors: dict[int, Floats] = {}
        for rows in self._batches([len(item.ids) for item in encoded]):
            vectors.update(zip(rows, self._compute([encoded[i] for i in rows], layer), strict=True))
        return [vectors[row] for row in range(len(encoded))]

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one vector a text, :attr:`pooling` of its tokens' scaled to length 1.

        Shape (texts, width), float32. This is what sentence-transformers gives, except that
        texts are cut at what the model takes (512 tokens for minilm), not at 256.
        """
        pooling = self.pooling
        encoded = self.tokenize(texts)
        pooled = [
            pool(vectors, pooling)
            for start, stop in _pieces([len(item.ids) for item in encoded], _HELD_TOKENS)
            for vectors in self.hidden(encoded[start:stop])
        ]
        if not pooled:
            width = self.hidden(self.tokenize([""]))[0].shape[1]
            return np.empty((0, width), dtype=np.float32)
        return unit(np.stack(pooled))

    def _checked(self, layer: int | None) -> int:
        layer = self.layers if layer is None else layer
        if not isinstance(layer, int) or not 0 <= layer <= self.layers:
            raise ModelError(f"{self.name} has layers 0 to {self.layers}, not {layer!r}")
        return layer

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yield the indices of texts that go through together, longest first."""
        ordered = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        if self._network.masks:
            yield from _filled(ordered, lengths, self._batch_tokens)
            return
        for _, group in groupby(ordered, key=lengths.__getitem__):
            yield from _filled(list(group), lengths, self._batch_tokens)

    def _compute(self, batch: Sequence[Encoded], layer: int) -> Iterator[Floats]:
        lengths = np.array([len(item.ids) for item in batch])
        mask = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(mask.shape, self._padding, dtype=np.int64)
        ids[mask] = np.concatenate([item.ids for item in batch])
        states = self._network(ids, mask, layer)
        return (row[:length] for row, length in zip(states, lengths, strict=True))


def pool(vectors: Floats, pooling: str) -> Floats:
    """Return one vector (width,) of a text's *vectors* (tokens, width)."""
    pooled: Floats = vectors[0] if pooling == "cls" else vectors.mean(axis=0)
    return pooled


def unit(vectors: Floats) -> Floats:
    """Return *vectors* (..., width) scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def _filled(rows: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Yield *rows*, longest first, in batches of at most *tokens* with their padding."""
    start = 0
    while start < len(rows):
        size = max(1, tokens // max(1, lengths[rows[start]]))
        yield list(rows[start : start + size])
        start += size


def _pieces(lengths: Sequence[int], tokens: int) -> Iterator[tuple[int, int]]:
    """Yield where runs of texts begin and end that have about *tokens* tokens together."""
    start, held = 0, 0
    for index, length in enumerate(lengths):
        if held and held + length > tokens:
            yield start, index
            start, held = index, 0
        held += length
    if held:
        yield start, len(lengths)
