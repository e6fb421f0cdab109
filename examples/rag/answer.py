"""Answers questions with the sentence of the best document that shares most words with them."""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

DOCUMENTS = [
    json.loads(line) for line in Path(__file__).with_name("documents.jsonl").open(encoding="utf-8")
]
COUNTS = Counter(
    word for item in DOCUMENTS for word in set(re.findall(r"\w+", item["text"].lower()))
)


def by_common_words(question: str) -> dict[str, Any]:
    """Retrieve by the number of words in common."""
    return _answer(question, lambda word: 1.0)


def by_rare_words(question: str) -> dict[str, Any]:
    """Retrieve by words in common, where a word counts the more the rarer it is."""
    return _answer(question, lambda word: math.log(1 + len(DOCUMENTS) / COUNTS[word]))


def _answer(question: str, weight: Any) -> dict[str, Any]:
    ranked = sorted(DOCUMENTS, key=lambda item: -_shared(question, item["text"], weight))[:3]
    sentences = ranked[0]["text"].split(". ")
    return {
        "text": max(sentences, key=lambda sentence: _shared(question, sentence, weight)),
        "contexts": [item["text"] for item in ranked],
        "retrieved_ids": [item["id"] for item in ranked],
    }


def _shared(question: str, text: str, weight: Any) -> float:
    words = set(re.findall(r"\w+", question.lower())) & set(re.findall(r"\w+", text.lower()))
    return sum(weight(word) for word in words)
