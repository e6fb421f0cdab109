"""Whether the output holds a word that must not be said."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Scored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.text.scripts import standing_alone

__all__ = ["WordList"]


@dataclass(frozen=True, slots=True)
class WordList:
    """1 where the output holds none of the phrases in *file*, else 0; the explanation lists them.

    Case, Unicode's compatibility forms (full-width letters) and the length of white space do not
    matter. It sees words, and not what is meant by them: use it beside ``moderation``.

    Args:
        file: UTF-8 text with a phrase a line; empty lines and lines that start with ``#`` are
            left out.
        whole_words: Whether a phrase has to stand alone: ``ass`` is not in ``class``. In scripts
            without spaces, such as Chinese, phrases are found anywhere.

    Raises:
        MetricError: the file cannot be read, or holds no phrase.
    """

    file: str
    whole_words: bool = True
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _fingerprint: str = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 2
    name: ClassVar[str] = "word_list"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        phrases = sorted(set(_phrases(self.file)), key=lambda phrase: (-len(phrase), phrase))
        if not phrases:
            raise MetricError(f"the word list {self.file!r} holds no phrase; give one a line")
        expression = standing_alone if self.whole_words else re.escape
        expressions = [expression(phrase) for phrase in phrases]
        digest = hashlib.sha256("\n".join(phrases).encode()).hexdigest()
        object.__setattr__(self, "_pattern", re.compile("|".join(expressions)))
        object.__setattr__(self, "_fingerprint", digest[:8])

    @property
    def signature(self) -> str:
        """Name, the phrases' hash, settings and version."""
        return signature(
            self.name, version=self.version, phrases=self._fingerprint, whole=self.whole_words
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        hits = dict.fromkeys(match[0] for match in self._pattern.finditer(_normal(output)))
        return Scored(0.0, f"found: {', '.join(hits)}") if hits else 1.0


def _phrases(file: str) -> Iterator[str]:
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MetricError(f"cannot read the word list {file!r}: {error}") from error
    for line in text.splitlines():
        if not line.lstrip().startswith("#") and line.strip():
            yield _normal(line)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
