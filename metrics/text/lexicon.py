"""Word lists that ROUGE-1.5.5.pl reads beside a text: irregular forms and stop words.

Neither is part of evalhub. The irregular forms are WordNet's exception lists (``adj.exc``,
``adv.exc``, ``noun.exc``, ``verb.exc``: a form and its base on a line), the stop words any file
of one word a line.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalhub.errors import MetricError
from evalhub.metrics.text.vocabulary import Normalizer

__all__ = ["Lexicon", "WordFiles", "read_exceptions", "read_stopwords"]

WordFiles = str | Path | Sequence[str | Path] | None
"""A file, a folder, or several files; None for no list."""

_WORDNET = ("adv.exc", "adj.exc", "noun.exc", "verb.exc")
"""A later file wins, as in the script: "better" is "good" for it, and not "well"."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a token counts as, by its lists and by the stemmer.

    Two with the same lists are equal, however they were read.
    """

    stem: Normalizer
    exceptions: Mapping[bytes, bytes] | None = field(default=None, compare=False)
    stopwords: frozenset[bytes] | None = field(default=None, compare=False)
    exceptions_digest: str | None = field(init=False)
    """Hash of the list for signatures; None without one."""
    stopwords_digest: str | None = field(init=False)

    def __post_init__(self) -> None:
        pairs = self.exceptions and [b" ".join(pair) for pair in self.exceptions.items()]
        object.__setattr__(self, "exceptions_digest", _digest(pairs))
        object.__setattr__(self, "stopwords_digest", _digest(self.stopwords))

    def __call__(self, token: bytes) -> bytes | None:
        """Return the base form or the stem of *token*, None where it is a stop word.

        As in the script a stop word is compared before it is stemmed, words of up to three
        letters are neither looked up nor stemmed, and a base form is not stemmed again.
        """
        if self.stopwords is not None and token in self.stopwords:
            return None
        if self.exceptions is not None and len(token) > 3 and token in self.exceptions:
            return self.exceptions[token]
        return self.stem(token)


def read_exceptions(files: WordFiles) -> dict[bytes, bytes] | None:
    """Return the base of each irregular form, of WordNet's folder or of *files*; later ones win.

    Raises:
        MetricError: a file cannot be read, or a line is not a form with its base.
    """
    bases: dict[bytes, bytes] = {}
    for path in _paths(files, _WORDNET):
        for line in _lines("exceptions", path):
            words = line.split()
            if len(words) < 2:
                raise MetricError(
                    f"exceptions: {path} has the line {line!r}; give a form and its base"
                )
            bases[words[0].encode()] = words[1].encode()
    return bases if files is not None else None


def read_stopwords(files: WordFiles) -> frozenset[bytes] | None:
    """Return the words of *files*: one a line, lower-cased.

    Raises:
        MetricError: a file cannot be read.
    """
    if files is None:
        return None
    paths = _paths(files, ())
    return frozenset(line.lower().encode() for path in paths for line in _lines("stopwords", path))


def _paths(files: WordFiles, of_folder: Iterable[str]) -> list[Path]:
    if files is None:
        return []
    given = [files] if isinstance(files, str | Path) else files
    paths: list[Path] = []
    for path in map(Path, given):
        paths += [path / name for name in of_folder] if of_folder and path.is_dir() else [path]
    return paths


def _lines(setting: str, path: Path) -> list[str]:
    """Return the lines that are neither empty nor begin with ``#``."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MetricError(f"{setting}: cannot read {path}: {error}; give a text file") from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _digest(words: Iterable[bytes] | None) -> str | None:
    if words is None:
        return None
    return hashlib.sha256(b"\n".join(sorted(words))).hexdigest()[:12]
