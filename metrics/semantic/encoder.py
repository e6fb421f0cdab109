"""Turn texts into vectors with an encoder: by torch, onnxruntime or numpy."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from evalhub.errors import ModelError
from evalhub.metrics.semantic.bert import Bert
from evalhub.metrics.semantic.folder import ModelFolder, file_digest, open_folder
from evalhub.metrics.semantic.local_encoder import BATCH_TOKENS, LocalEncoder
from evalhub.metrics.semantic.network import Floats, Network
from evalhub.metrics.semantic.onnx_network import OnnxNetwork
from evalhub.metrics.semantic.safetensors import read_weights
from evalhub.metrics.semantic.tokens import Encoded, TextTokenizer, load_tokenizer
from evalhub.metrics.semantic.torch_network import TorchNetwork

__all__ = ["BACKENDS", "Encoder", "load_encoder"]

BACKENDS = ("auto", "torch", "onnx", "numpy")

_PROBE = "The quick brown fox jumps over the lazy dog, twice in 2024."
_EQUAL = 1e-4
"""Largest difference of a hidden state between two ways to compute it in float32."""


class Encoder(Protocol):
    """Encodes texts; safe to use from several threads."""

    @property
    def name(self) -> str:
        """Short name, for signatures."""

    @property
    def backend(self) -> str:
        """What computes: ``torch``, ``onnx`` or ``numpy``; scores agree to 1e-5."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with the weights."""

    @property
    def namespace(self) -> str:
        """Changes with whatever makes other vectors of the same tokens; for caches."""

    @property
    def layers(self) -> int:
        """How many layers there are."""

    @property
    def max_tokens(self) -> int:
        """Longest text it takes, special tokens included; the rest is cut off."""

    @property
    def pooling(self) -> str:
        """How :meth:`embed` makes one vector of a text's: ``mean`` or ``cls``."""

    def tokenize(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text."""

    def hidden(self, encoded: Sequence[Encoded], layer: int | None = None) -> list[Floats]:
        """Return each text's contextual embeddings (tokens, width) after *layer* layers."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one unit vector a text: shape (texts, width)."""


@cache
def load_encoder(
    model: str | Path = "minilm",
    *,
    backend: str = "auto",
    device: str | None = None,
    batch_tokens: int = BATCH_TOKENS,
    threads: int | None = None,
) -> Encoder:
    """Return the encoder of a pulled model, a folder or a name on the hub; loaded once a process.

    Args:
        model: Name or folder.
        backend: ``torch``, ``onnx`` or ``numpy`` (BERT only). ``auto`` takes the first of
            them that is installed and finds its file in the folder.
        device: Where to compute, as the backend names it; the processor, or CUDA where
            torch finds it, when None.
        batch_tokens: Tokens computed together.
        threads: Of the processor, for torch and onnxruntime; all when None. Those of numpy
            are told by its own variable, ``OPENBLAS_NUM_THREADS``.

    Raises:
        MissingExtraError: what the backend or the tokenizer needs is not installed.
        ModelError: there is no such model, or its folder cannot be used.
    """
    for name, value in (("batch_tokens", batch_tokens), ("threads", threads)):
        if value is not None and value < 1:
            raise ModelError(f"{name} is {value}; use 1 or more")
    folder = open_folder(model)
    chosen = _choose(folder, backend)
    network = _network(folder, chosen, device, threads)
    tokenizer = load_tokenizer(folder)
    fingerprint = _fingerprint(folder, network, tokenizer)
    return LocalEncoder(folder, tokenizer, network, fingerprint, batch_tokens=batch_tokens)


def _choose(folder: ModelFolder, backend: str) -> str:
    if backend not in BACKENDS:
        raise ModelError(f"backend is {backend!r}; use one of {', '.join(BACKENDS)}")
    if backend != "auto":
        return backend
    if folder.weights and _is_installed("torch") and _is_installed("transformers"):
        return "torch"
    if folder.onnx and _is_installed("onnxruntime"):
        return "onnx"
    return "numpy"


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _network(folder: ModelFolder, backend: str, device: str | None, threads: int | None) -> Network:
    if backend == "onnx":
        if folder.onnx is None:
            raise ModelError(f"{folder.path} has neither model.onnx nor onnx/model.onnx")
        return OnnxNetwork(folder.onnx, folder.layers, device=device, threads=threads)
    if not folder.weights:
        raise ModelError(f"{folder.path} has no weights: model.safetensors is missing")
    if backend == "torch":
        return TorchNetwork(folder, device=device, threads=threads)
    if device not in (None, "cpu"):
        raise ModelError(f"numpy computes on the processor, not on {device!r}; use backend 'torch'")
    if folder.model_type != "bert":
        raise ModelError(
            f"numpy computes BERT only, and {folder.name} is a {folder.model_type!r}; "
            "run: pip install 'evalhub[torch]'"
        )
    return _bert(folder)


def _bert(folder: ModelFolder) -> Bert:
    weights = folder.path / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{weights} is missing, and numpy reads nothing else; install torch")
    return Bert(read_weights(weights), folder.config)


def _fingerprint(folder: ModelFolder, network: Network, tokenizer: TextTokenizer) -> str:
    """Return the fingerprint of the weights that are used.

    A file in ONNX may be quantised. It counts as the folder's weights only when it is seen
    to compute what they do; else it has a fingerprint of its own.
    """
    if network.backend != "onnx" or folder.onnx is None:
        return file_digest(folder.weights)
    if folder.model_type == "bert" and (folder.path / "model.safetensors").is_file():
        ids = tokenizer([_PROBE])[0].ids[None]
        mask = np.ones(ids.shape, dtype=np.bool_)
        ours, theirs = (item(ids, mask, network.layers) for item in (_bert(folder), network))
        if ours.shape == theirs.shape and np.abs(ours - theirs).max() < _EQUAL:
            return file_digest(folder.weights)
    return file_digest(sorted(folder.onnx.parent.glob(f"{folder.onnx.name}*")))
