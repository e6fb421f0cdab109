"""Vectors of many texts, through the cache and in pieces that fit into memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.metrics.semantic.encoder import Encoder
from evalhub.metrics.semantic.local_encoder import pool, unit
from evalhub.metrics.semantic.network import Floats
from evalhub.metrics.semantic.tokens import Encoded
from evalhub.metrics.semantic.vector_cache import VectorCache

__all__ = ["VectorSource"]


@dataclass(frozen=True, slots=True)
class VectorSource:
    """Unit vectors out of *cache* or *encoder*.

    The cache's key is made of the tokens that the encoder reads, and so of the text, the
    tokenizer's settings and the greatest length; and of the weights, the layer and the pooling.
    """

    encoder: Encoder
    layer: int
    cache: VectorCache | None
    pooled: bool = False
    """Whether a text has one vector, made of its tokens', instead of one a token."""

    def __call__(self, encoded: Sequence[Encoded], keep: Sequence[bool]) -> list[Floats]:
        """Return float32 arrays (tokens, width) in order; width is that of the encoder.

        Args:
            encoded: The texts' tokens.
            keep: Which of them are looked for in the cache, and kept there.
        """
        keys = [self._key(item) if kept else None for item, kept in zip(encoded, keep, strict=True)]
        known = {} if self.cache is None else self.cache.read([key for key in keys if key])
        absent = [i for i, key in enumerate(keys) if key is None or key not in known]
        hidden = self.encoder.hidden([encoded[i] for i in absent], self.layer)
        made = dict(zip(absent, (self._finish(vectors) for vectors in hidden), strict=True))
        if self.cache is not None:
            self.cache.write({key: made[i] for i in absent if (key := keys[i]) is not None})
        return [made[i] if i in made else known[key or b""] for i, key in enumerate(keys)]

    def _finish(self, vectors: Floats) -> Floats:
        return unit(pool(vectors, self.encoder.pooling)[None] if self.pooled else vectors)

    def _key(self, item: Encoded) -> bytes | None:
        if self.cache is None:
            return None
        made = self.encoder.pooling if self.pooled else "tokens"
        made_by = f"{self.encoder.namespace}/{self.layer}/{made}/"
        return hashlib.sha256(made_by.encode() + item.ids.tobytes()).digest()[:16]
