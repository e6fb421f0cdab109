"""ROUGE (Lin, 2004, "ROUGE: a package for automatic evaluation of summaries").

Two ways of counting. ``rouge_score`` gives the numbers of Google's package of that name,
``perl155`` those of the original script ROUGE-1.5.5.pl. docs/design/metrics.md has the
definitions, and where the two differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.base import signature
from evalhub.metrics.columns import (
    References,
    Unscored,
    check_lengths,
    explanations_of,
    reference_lists,
    states_of,
    unscored_rows,
)
from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.text.overlap import PRF, MultiReference, Overlap, reduce_references
from evalhub.metrics.text.pairs import Pairs
from evalhub.metrics.text.porter import Dialect
from evalhub.metrics.text.tokenize import (
    Splitter,
    TokenizerName,
    has_cjk,
    split_unicode,
    stemmer,
    tokenize,
)
from evalhub.metrics.text.variant import parse_variant
from evalhub.model import ScoreState

__all__ = ["Rouge"]

Compat = Literal["rouge_score", "perl155"]

_BATCH_PAIRS = 2_048
_BATCH_CHARACTERS = 1_000_000
"""Bounds memory, and keeps the keys of grams below 64 bits."""


@dataclass(frozen=True)
class Rouge:
    """Overlap of n-grams, subsequences and skip bigrams with the references.

    An output of no text scores 0. A text that has characters but no token (punctuation
    only, or a script that the tokenizer drops) is an error of that example, never a 0;
    an example without references is skipped.
    """

    variants: Sequence[str] = ("rouge1", "rouge2", "rougeL", "rougeLsum", "rougeS4", "rougeSU4")
    stemmer: bool = True
    """Porter's, for words of more than three letters."""
    compat: Compat = "rouge_score"
    multi_reference: MultiReference = "max"
    """How scores against several references become one; see :func:`reduce_references`."""
    alpha: float = 0.5
    """Weight of precision in F: 1 gives precision, 0 recall."""
    tokenizer: TokenizerName = "auto"

    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if isinstance(self.variants, str) or not self.variants:
            raise MetricError(f"variants is {self.variants!r}; give a list such as ['rouge1']")
        object.__setattr__(self, "variants", tuple(self.variants))
        for name in self.variants:
            parse_variant(name)
        _check_choice("compat", self.compat, get_args(Compat))
        _check_choice("multi_reference", self.multi_reference, get_args(MultiReference))
        _check_choice("tokenizer", self.tokenizer, get_args(TokenizerName))
        if not 0 <= self.alpha <= 1:
            raise MetricError(f"alpha is {self.alpha}; give a number from 0 to 1")

    @property
    def name(self) -> str:
        """``rouge``, or the variant where there is only one."""
        return self.variants[0] if len(self.variants) == 1 else "rouge"

    @property
    def signature(self) -> str:
        """Settings and version; a column's signature begins with its variant instead."""
        return self._signature("rouge")

    def score_batch(
        self, outputs: Sequence[str | None], references: References
    ) -> dict[str, PrecisionRecallF]:
        """Score each of *outputs* against its references; one column per variant."""
        check_lengths(outputs=outputs, references=references)
        texts = reference_lists(references)
        unscored = unscored_rows(outputs, texts)
        table = {name: np.full((3, len(outputs)), np.nan) for name in self.variants}
        for rows in _batches(outputs, texts, unscored):
            batch = _Batch([outputs[row] or "" for row in rows], [texts[row] for row in rows], self)
            for name, scores in batch.scores().items():
                table[name][:, rows] = scores
            unscored.update({rows[i]: reason for i, reason in batch.without_tokens().items()})
        return {name: self._column(name, scores, unscored) for name, scores in table.items()}

    def _column(
        self, name: str, scores: NDArray[np.float64], unscored: dict[int, Unscored]
    ) -> PrecisionRecallF:
        scores[:, list(unscored)] = np.nan
        n = scores.shape[1]
        return PrecisionRecallF(
            name=name,
            values=scores[2],
            signature=self._signature(name),
            states=states_of(n, unscored),
            explanations=explanations_of(n, unscored),
            precision=scores[0],
            recall=scores[1],
        )

    def _signature(self, name: str) -> str:
        return signature(
            name,
            version=self.version,
            stem="porter" if self.stemmer else "none",
            tok=self.tokenizer,
            compat=self.compat,
            refs=self.multi_reference,
            alpha=self.alpha,
        )


class _Batch:
    """Some outputs with their references, tokenised together."""

    def __init__(self, outputs: list[str], references: list[list[str]], rouge: Rouge) -> None:
        self._rouge = rouge
        self._perl = rouge.compat == "perl155"
        self._counts = [len(row) for row in references]
        self._owners = [i for i, count in enumerate(self._counts) for _ in range(count)]
        self._texts = outputs + [text for row in references for text in row]
        rows = _splitters(outputs, references, rouge.tokenizer)
        self._row_splitters = rows + [rows[owner] for owner in self._owners]
        dialect: Dialect = "martin" if self._perl else "nltk"
        self._normalize = stemmer(dialect if rouge.stemmer else None)
        self._tokens = tokenize(self._texts, self._row_splitters, self._normalize)

    def scores(self) -> dict[str, PRF]:
        """Return the scores of the outputs, by variant."""
        pairs = self._pairs()
        return {name: self._reduce(pairs, name) for name in self._rouge.variants}

    def without_tokens(self) -> dict[int, Unscored]:
        """Return the outputs where a text has characters but no token."""
        n = len(self._counts)
        owners = [*range(n), *self._owners]
        places = ["output"] * n + ["reference"] * len(self._owners)
        bare = [i for i in np.flatnonzero(self._tokens.lengths == 0) if self._texts[i].strip()]
        return {owners[i]: self._no_token(places[i], self._texts[i]) for i in bare}

    def _pairs(self) -> Pairs:
        """Return the texts with each output repeated for each of its references."""
        n = len(self._counts)
        order = self._owners + list(range(n, n + len(self._owners)))
        return Pairs(
            texts=[self._texts[i] for i in order],
            splitters=[self._row_splitters[i] for i in order],
            tokens=self._tokens.take(order),
            normalize=self._normalize,
            perl=self._perl,
        )

    def _reduce(self, pairs: Pairs, name: str) -> PRF:
        overlap = pairs.overlap(parse_variant(name))
        return reduce_references(overlap, self._counts, self._rouge.multi_reference, self._score)

    def _score(self, overlap: Overlap) -> PRF:
        return overlap.scores(self._rouge.alpha, decimals=5 if self._perl else None)

    def _no_token(self, place: str, text: str) -> Unscored:
        reason = f"no token in the {place} {text[:40]!r} with tokenizer={self._rouge.tokenizer!r}"
        return Unscored(ScoreState.ERRORED, f"{reason}; another may read it")


def _splitters(
    outputs: list[str], references: list[list[str]], tokenizer: TokenizerName
) -> list[Splitter | None]:
    """Return what splits each output and its references."""
    if tokenizer != "auto":
        return [split_unicode if tokenizer == "unicode" else None] * len(outputs)
    rows = zip(outputs, references, strict=True)
    return [
        split_unicode if has_cjk(output) or any(map(has_cjk, row)) else None for output, row in rows
    ]


def _batches(
    outputs: Sequence[str | None],
    references: Sequence[Sequence[str]],
    unscored: Mapping[int, Unscored],
) -> Iterator[list[int]]:
    """Yield the indices that can be scored, in runs of bounded size."""
    rows: list[int] = []
    pairs = characters = 0
    for row, (output, texts) in enumerate(zip(outputs, references, strict=True)):
        if row in unscored or output is None:
            continue
        rows.append(row)
        pairs += len(texts)
        characters += len(output) * len(texts) + sum(map(len, texts))
        if pairs >= _BATCH_PAIRS or characters >= _BATCH_CHARACTERS:
            yield rows
            rows, pairs, characters = [], 0, 0
    if rows:
        yield rows


def _check_choice(setting: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MetricError(f"{setting} is {value!r}; use {' or '.join(choices)}")
