"""Count what a text is made of: characters, words, sentences.

A word is a run without white space that holds a letter or a digit; a character of Chinese or
Japanese, which are written without spaces, is a word by itself, as word processors count (a
run of Thai, where characters are no words, counts as one). A
sentence ends at a full stop, a question or an exclamation mark (Chinese and Devanagari ones
too) with the quotes and brackets after it, or with the line. So an abbreviation such as
"Dr. Who" counts as an end: these are measures of length, not of grammar.
"""

import re

__all__ = ["count_sentences", "split_words"]

_IDEOGRAPHS = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\s{_IDEOGRAPHS}]+")
_SENTENCE_END = re.compile(r"""[.!?…]+["'”’)\]»]*(?=\s|$)|[。！？।॥]+|\n""")


def split_words(text: str) -> list[str]:
    """Return the words of *text*, with the punctuation that touches them."""
    return [word for word in _WORD.findall(text) if any(map(str.isalnum, word))]


def count_sentences(text: str) -> int:
    """Return how many sentences of *text* hold a word."""
    return sum(bool(split_words(part)) for part in _SENTENCE_END.split(text))
