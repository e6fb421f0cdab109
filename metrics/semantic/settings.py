"""The settings that metrics on an encoder share."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from evalhub.config import load_settings
from evalhub.errors import MetricError
from evalhub.metrics.semantic.encoder import Encoder, load_encoder
from evalhub.metrics.semantic.local_encoder import BATCH_TOKENS
from evalhub.metrics.semantic.vector_cache import VectorCache

__all__ = ["EncoderSettings"]


@dataclass(frozen=True)
class EncoderSettings:
    """Which encoder, how it computes, and what is kept of its work."""

    model: str | Path = "minilm"
    """A pulled encoder, the folder of one, or its name on the Hugging Face hub."""
    _: KW_ONLY
    backend: str = "auto"
    """``torch``, ``onnx``, ``numpy``, or the first of them that can be used; alike to 1e-5."""
    device: str | None = None
    """Where to compute; CUDA when torch finds it, else the processor, when None."""
    batch_tokens: int = BATCH_TOKENS
    """Tokens computed together."""
    threads: int | None = None
    """Threads of torch and onnxruntime; as many as there are cores when None."""
    cache: bool | str | Path = True
    """Whether vectors of references are kept on disk; in the file given, or in evalhub's home."""
    cache_outputs: bool = False
    """Whether those of outputs are as well."""
    cache_mb: int = 2048
    """How large that file may become."""

    def load(self) -> Encoder:
        """Return the encoder.

        Raises:
            MissingExtraError: what it needs is not installed.
            ModelError: there is no such model, or it cannot be used.
        """
        return load_encoder(
            self.model,
            backend=self.backend,
            device=self.device,
            batch_tokens=self.batch_tokens,
            threads=self.threads,
        )

    def open_cache(self) -> VectorCache | None:
        """Return the cache of vectors, or None where none is wanted.

        Raises:
            MetricError: ``cache_mb`` is no size.
        """
        if not self.cache:
            return None
        if self.cache_mb < 1:
            raise MetricError(f"cache_mb is {self.cache_mb}; use 1 or more, or cache: false")
        kept = load_settings().home / "vectors.sqlite" if self.cache is True else Path(self.cache)
        return VectorCache(kept.expanduser(), max_bytes=self.cache_mb << 20)
