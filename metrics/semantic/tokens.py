"""Turn texts into the numbers of an encoder's vocabulary."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evalhub._optional import require
from evalhub.errors import ModelError
from evalhub.metrics.semantic.folder import ModelFolder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Encoded", "TextTokenizer", "load_tokenizer"]

_WITH_PREFIX_SPACE = frozenset(
    {"data2vec-text", "gpt2", "ibert", "roberta", "roberta-prelayernorm"}
)
"""Models whose first word is to be the same token as further on in a text.

bert-score asks their tokenizers for it at each call; since transformers 5 that is ignored.
"""

_VOCABULARIES = ("vocab.*", "*.model", "*.vocab", "spm.*")
"""Files that old tokenizers are made of."""


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


class TextTokenizer(Protocol):
    """Makes tokens of texts."""

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text, cut at the longest that the encoder takes."""


def load_tokenizer(folder: ModelFolder) -> TextTokenizer:
    """Return the tokenizer of *folder*, whatever computes the network.

    Raises:
        MissingExtraError: ``tokenizers`` is not installed, or the folder has no
            ``tokenizer.json`` and transformers, which could make one, is not.
        ModelError: the folder has no tokenizer, or it cannot be read.
    """
    path = folder.path / "tokenizer.json"
    if path.is_file():
        return _FastTokenizer(_read(path), folder)
    tokenizer = _from_transformers(folder)
    if tokenizer.is_fast:
        return _FastTokenizer(tokenizer.backend_tokenizer, folder)
    return _SlowTokenizer(tokenizer, folder)


class _FastTokenizer:
    """A tokenizer of the package ``tokenizers``."""

    def __init__(self, tokenizer: "Tokenizer", folder: ModelFolder) -> None:
        # The file may hold the padding and the cut of whatever the model was exported for.
        tokenizer.no_padding()
        tokenizer.enable_truncation(folder.max_tokens)
        if folder.model_type in _WITH_PREFIX_SPACE:
            _add_prefix_space(tokenizer)
        self._tokenizer = tokenizer
        # A text that spells out "[SEP]" gets that token: it has no weight there either.
        self._around = np.array(tokenizer.encode("").ids, dtype=np.int64)

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        encodings = self._tokenizer.encode_batch([_valid(text) for text in texts])
        return [_encoded(item.ids, self._around, bool(item.overflowing)) for item in encodings]


class _SlowTokenizer:
    """A tokenizer that transformers has in Python only."""

    def __init__(self, tokenizer: Any, folder: ModelFolder) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = folder.max_tokens
        self._around = np.array(tokenizer("")["input_ids"], dtype=np.int64)

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        return [self._encode(_valid(text)) for text in texts]

    def _encode(self, text: str) -> Encoded:
        ids = self._tokenizer(text, verbose=False)["input_ids"]
        truncated = len(ids) > self._max_tokens
        if truncated:
            cut = self._tokenizer(text, truncation=True, max_length=self._max_tokens)
            ids = cut["input_ids"]
        return _encoded(ids, self._around, truncated)


def _encoded(ids: Sequence[int], around: NDArray[np.int64], truncated: bool) -> Encoded:
    numbers = np.array(ids, dtype=np.int64)
    return Encoded(numbers, (numbers[:, None] == around).any(axis=1), truncated)


def _valid(text: str) -> str:
    # JSON may hold half of a surrogate pair, which has no UTF-8; it counts as "?".
    return text.encode(errors="replace").decode()


def _read(path: Path) -> "Tokenizer":
    tokenizers = require("tokenizers", extra="bertscore")
    try:
        tokenizer: Tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing more exact
        raise ModelError(f"{path} is not a tokenizer, or is damaged: {error}") from error
    return tokenizer


def _from_transformers(folder: ModelFolder) -> Any:
    # Without a vocabulary transformers gives a tokenizer that knows no word at all.
    if not any(found for pattern in _VOCABULARIES for found in folder.path.glob(pattern)):
        raise ModelError(f"{folder.path} has no tokenizer: tokenizer.json is missing")
    transformers = require("transformers", extra="torch")
    try:
        return transformers.AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
    except Exception as error:  # as many kinds as there are tokenizers
        said = str(error).partition("\n")[0]
        raise ModelError(f"{folder.path} has no tokenizer that can be loaded: {said}") from error


def _add_prefix_space(tokenizer: "Tokenizer") -> None:
    """Set the switch wherever the pre-tokenizer has it, be it one or a sequence."""
    state = json.loads(tokenizer.to_str())
    step = state["pre_tokenizer"] or {}
    for part in [step, *step.get("pretokenizers", ())]:
        if part.get("type") == "ByteLevel":
            part["add_prefix_space"] = True
    changed = type(tokenizer).from_str(json.dumps(state))
    if changed.pre_tokenizer is not None:
        tokenizer.pre_tokenizer = changed.pre_tokenizer
