"""What splits a text into sentences, for the variants of ROUGE that compare them."""

from collections.abc import Callable, Sequence
from importlib.metadata import version

from evalhub._optional import require
from evalhub.errors import MetricInputError
from evalhub.metrics.text.plugged import find_function, function_label, function_name

__all__ = ["SentenceSplitter", "Sentences", "find_sentence_splitter", "sentences_label"]

Sentences = str | Callable[[str], Sequence[str]]
"""``newline``, ``sentencex`` (English), ``sentencex:LANGUAGE`` with its ISO 639-1 code,
``package.module:function``, or a function from text to sentences."""
SentenceSplitter = Callable[[str], str]
"""Returns the text with each sentence on a line of its own."""


def sentences_label(sentences: Sentences) -> str | None:
    """Return what a signature says of *sentences*; None of lines.

    It has a package's version, or the hash of a function's source.
    """
    if sentences == "newline":
        return None
    language = _language(sentences) if isinstance(sentences, str) else None
    if language is None:
        return function_label(sentences)
    return f"sentencex-{version('sentencex')}:{language}"


def find_sentence_splitter(sentences: Sentences) -> SentenceSplitter | None:
    """Return what puts each sentence on a line of its own; None where lines are sentences.

    Raises:
        MetricError: there is no such splitter.
        MissingExtraError: sentencex is asked for and not installed.
    """
    if sentences == "newline":
        return None
    language = _language(sentences) if isinstance(sentences, str) else None
    if language is not None:
        return _by_line(_sentencex(language))
    known = ("newline", "sentencex", "sentencex:de")
    return _by_line(find_function("sentences", sentences, known))


def _language(sentences: str) -> str | None:
    name, _, language = sentences.partition(":")
    return (language or "en") if name == "sentencex" else None


def _sentencex(language: str) -> Callable[[str], Sequence[str]]:
    segment = require("sentencex", extra="sentences").segment

    def split(text: str) -> list[str]:
        found: list[str] = segment(language, text)
        return found

    return split


def _by_line(split: Callable[[str], Sequence[str]]) -> SentenceSplitter:
    """Return what splits each line; a sentence never goes on in the next."""

    def split_lines(text: str) -> str:
        sentences = [part for line in text.split("\n") if line for part in split(line)]
        for sentence in sentences:
            if not isinstance(sentence, str):
                raise MetricInputError(
                    f"the sentence splitter {function_name(split)} gave {sentence!r}; "
                    "give a list of texts"
                )
        return "\n".join(sentence.strip() for sentence in sentences)

    return split_lines
