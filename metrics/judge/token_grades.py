"""Read a grade out of the probabilities of its token (Liu et al., 2023, G-Eval, section 2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.llm.client import TokenLogprob
from evalhub.metrics.judge.parse import parse_score

__all__ = ["TokenGrade", "token_grade"]


@dataclass(frozen=True, slots=True)
class TokenGrade:
    """How likely each grade was at the place where the answer states one."""

    probabilities: dict[int, float]
    """Of the grades among the likeliest tokens, before they are made to sum to 1."""

    @property
    def mass(self) -> float:
        """Probability of all grades together; the rest fell on other tokens."""
        return math.fsum(self.probabilities.values())

    @property
    def value(self) -> float:
        """The expected grade: the sum of p(s) s over the grades s, with p summing to 1."""
        return math.fsum(grade * p for grade, p in self.probabilities.items()) / self.mass

    def __str__(self) -> str:
        shares = ", ".join(f"p({grade})={p:.3f}" for grade, p in sorted(self.probabilities.items()))
        return f"{shares}; together {self.mass:.3f}"


def token_grade(
    text: str, logprobs: Sequence[TokenLogprob], lowest: int, highest: int
) -> TokenGrade | None:
    """Return the grades at the token that states *text*'s grade, or None without such a token.

    The grades have one digit, so that each is one token whatever the tokenizer. Tokens
    that differ in blanks only (``4`` and `` 4``) are one grade.
    """
    stated = parse_score(text, lowest, highest)
    if stated is None:
        return None
    place = next((item for item in logprobs if _digit(item.token) == stated.value), None)
    if place is None:
        return None
    likeliest = dict(place.top) or {place.token: place.logprob}
    likeliest.setdefault(place.token, place.logprob)
    probabilities: dict[int, float] = {}
    for token, logprob in likeliest.items():
        grade = _digit(token)
        if grade is not None and lowest <= grade <= highest:
            probabilities[grade] = probabilities.get(grade, 0.0) + float(np.exp(logprob))
    return TokenGrade(probabilities)


def _digit(token: str) -> int | None:
    digit = token.strip().strip("▁Ġ")
    return int(digit) if len(digit) == 1 and digit.isascii() and digit.isdigit() else None
