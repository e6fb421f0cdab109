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

__all__ = ["WordList"]

_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
"""Scripts that are written without spaces: there, whole words cannot be told by their edges."""


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

    version: ClassVar[int] = 1
    name: ClassVar[str] = "word_list"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        phrases = sorted(set(_phrases(self.file)), key=lambda phrase: (-len(phrase), phrase))
        if not phrases:
            raise MetricError(f"the word list {self.file!r} holds no phrase; give one a line")
        expressions = [_expression(phrase, whole=self.whole_words) for phrase in phrases]
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


def _expression(phrase: str, *, whole: bool) -> str:
    before = r"(?<!\w)" if whole and _has_edge(phrase[0]) else ""
    after = r"(?!\w)" if whole and _has_edge(phrase[-1]) else ""
    return f"{before}{re.escape(phrase)}{after}"


def _has_edge(character: str) -> bool:
    return character.isalnum() and _SPACELESS.match(character) is None
