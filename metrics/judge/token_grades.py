"""Read a grade out of the probabilities of its token (Liu et al., 2023, G-Eval, section 2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.llm.client import TokenLogprob
from evalhub.metrics.judge.parse import parse_score
from evalhub.metrics.judge.reasoning import without_reasoning

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
        """The expected grade: the sum of p(s) s over the grades s, with p summing to 1.

        NaN where no grade has any probability.
        """
        if not self.mass:
            return math.nan
        return math.fsum(grade * p for grade, p in self.probabilities.items()) / self.mass

    def __str__(self) -> str:
        shares = ", ".join(f"p({grade})={p:.3f}" for grade, p in sorted(self.probabilities.items()))
        return f"{shares}; together {self.mass:.3f}"


def token_grade(
    text: str, logprobs: Sequence[TokenLogprob], lowest: int, highest: int
) -> TokenGrade | None:
    """Return the grades at the token that states *text*'s grade, or None without such a token.

    The grades have one digit, so that each is one token whatever the tokenizer. Tokens
    that differ in blanks only (``4`` and `` 4``) are one grade. *text* may be without the
    reasoning that stands before it among the tokens.
    """
    stated = parse_score(text, lowest, highest)
    if stated is None:
        return None
    alike = [i for i, item in enumerate(logprobs) if _digit(item.token) == stated.value]
    if not alike:
        return None
    place = logprobs[alike[0] if len(alike) == 1 else _deciding(alike, logprobs, lowest, highest)]
    likeliest = dict(place.top) or {place.token: place.logprob}
    likeliest.setdefault(place.token, place.logprob)
    probabilities: dict[int, float] = {}
    for token, logprob in likeliest.items():
        grade = _digit(token)
        if grade is not None and lowest <= grade <= highest:
            probabilities[grade] = probabilities.get(grade, 0.0) + _probability(logprob)
    return TokenGrade(probabilities)


def _deciding(
    alike: Sequence[int], logprobs: Sequence[TokenLogprob], lowest: int, highest: int
) -> int:
    """Return which of the tokens *alike* states the grade: with another digit it is another.

    A digit may stand elsewhere too, such as in "it names 4 facts. Score: 4".
    """
    tokens = [item.token for item in logprobs]
    for place in reversed(alike):
        digit = _digit(tokens[place])
        other = next(grade for grade in range(lowest, highest + 1) if grade != digit)
        changed = [
            *tokens[:place],
            tokens[place].replace(str(digit), str(other)),
            *tokens[place + 1 :],
        ]
        found = parse_score(without_reasoning("".join(changed)), lowest, highest)
        if found is not None and found.value == other:
            return place
    return alike[-1]  # said twice: the last one was said knowing the others


def _probability(logprob: float) -> float:
    """Return what *logprob* stands for; 0 where an endpoint gives something else."""
    return 0.0 if math.isnan(logprob) else math.exp(min(logprob, 0.0))


def _digit(token: str) -> int | None:
    digit = token.strip().strip("▁Ġ")
    return int(digit) if len(digit) == 1 and digit.isascii() and digit.isdigit() else None
