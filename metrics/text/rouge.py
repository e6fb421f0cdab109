"""ROUGE (Lin, 2004, "ROUGE: a package for automatic evaluation of summaries").

Two ways of counting. ``rouge_score`` gives the numbers of Google's package of that name,
``perl155`` those of the original script ROUGE-1.5.5.pl. docs/design/metrics.md has the
definitions, and where the two differ; docs/metrics-rouge.md is the guide.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.base import signature
from evalhub.metrics.columns import (
    References,
    Unscored,
    column_lists,
    explanations_of,
    reference_lists,
    states_of,
    unscored_rows,
)
from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.stats.sample import Clusters
from evalhub.metrics.text.batch import Batch, Reading, batch_rows
from evalhub.metrics.text.lexicon import Lexicon, WordFiles, read_exceptions, read_stopwords
from evalhub.metrics.text.overlap import MultiReference
from evalhub.metrics.text.rouge_corpus import (
    Average,
    Draws,
    RougeCorpusScore,
    corpus_of_column,
    corpus_of_counts,
)
from evalhub.metrics.text.sentences import Sentences, find_sentence_splitter, sentences_label
from evalhub.metrics.text.splitters import Tokenizer, find_splitter, tokenizer_label
from evalhub.metrics.text.tokenize import stemmer
from evalhub.metrics.text.variant import Variant, parse_variant
from evalhub.metrics.text.vocabulary import Normalizer

__all__ = ["Rouge"]

Compat = Literal["rouge_score", "perl155"]
NoTokens = Literal["error", "zero"]


@dataclass(frozen=True)
class Rouge:
    """Overlap of n-grams, subsequences and skip bigrams with the references.

    An output of no text scores 0. A text that has characters but no token (punctuation
    only, or a script that the tokenizer drops) is an error of that example, never a 0
    unless ``no_tokens`` asks for it; an example without references is skipped.
    """

    variants: Sequence[str] = ("rouge1", "rouge2", "rougeL", "rougeLsum", "rougeS4", "rougeSU4")
    """``rouge1`` to ``rouge9``, ``rougeL``, ``rougeLsum``, ``rougeW1.2``, ``rougeS4``,
    ``rougeSU4``, ``rougeS*``; columns are named as they are written here."""
    stemmer: bool = True
    """Porter's, for words of more than three letters."""
    compat: Compat = "rouge_score"
    multi_reference: MultiReference = "max"
    """How scores against several references become one; see :func:`reduce_references`."""
    alpha: float = 0.5
    """Weight of precision in F: 1 gives precision, 0 recall."""
    tokenizer: Tokenizer = "auto"
    """``auto``, ``rouge_score``, ``unicode``, ``jieba``, ``package.module:function``, or a
    function from a text to its tokens, which then decides about case as well."""
    max_words: int | None = None
    """Only so many words of each text count, as under ``-l`` of the script."""
    max_bytes: int | None = None
    """Only so many bytes of each text count, as under ``-b`` of the script."""
    sentences: Sentences = "newline"
    """What parts sentences where a variant compares them: ``newline``, ``sentencex``,
    ``sentencex:de``, ``package.module:function``, or a function from a text to sentences."""
    exceptions: WordFiles = None
    """Folder or files of irregular forms that are looked up before stemming (WordNet's
    ``*.exc``), as under ``-m`` of the script."""
    stopwords: WordFiles = None
    """File or files of words that do not count, as under ``-s`` of the script."""
    no_tokens: NoTokens = "error"
    """What a text of characters without a token is: ``zero`` scores it as the Perl script
    and ``rouge_score`` do."""

    version: ClassVar[int] = 3
    requires: ClassVar[tuple[str, ...]] = ("outputs", "references")

    def __post_init__(self) -> None:
        if isinstance(self.variants, str) or not self.variants:
            raise MetricError(f"variants is {self.variants!r}; give a list such as ['rouge1']")
        object.__setattr__(self, "variants", tuple(self.variants))
        _check_choice("compat", self.compat, get_args(Compat))
        _check_choice("multi_reference", self.multi_reference, get_args(MultiReference))
        _check_choice("no_tokens", self.no_tokens, get_args(NoTokens))
        if not 0 <= self.alpha <= 1:
            raise MetricError(f"alpha is {self.alpha}; give a number from 0 to 1")
        self._check_limits()
        if self.exceptions is not None and not self.stemmer:
            raise MetricError("exceptions are looked up before stemming; set stemmer, or omit them")
        find_splitter(self.tokenizer)
        # Files and packages that are not there are told of here, not at the first score.
        _ = self._variants, self._reading

    def __getstate__(self) -> dict[str, Any]:
        # What was made of the settings holds functions, which cannot be pickled.
        return {item.name: getattr(self, item.name) for item in fields(self)}

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
        """Score each of *outputs* against its references; one column per variant.

        Raises:
            MetricInputError: the columns differ in length, or hold what is no text.
        """
        outputs, references = column_lists(outputs=outputs, references=references)
        texts = reference_lists(references)
        unscored = unscored_rows(outputs, texts)
        table = {name: np.full((6, len(outputs)), np.nan) for name in self.variants}
        undefined: dict[str, dict[int, Unscored]] = {name: {} for name in self.variants}
        for rows in batch_rows(outputs, texts, unscored):
            batch = Batch(
                [outputs[row] or "" for row in rows], [texts[row] for row in rows], self._reading
            )
            for name, variant in self._variants.items():
                table[name][:, rows] = batch.score(variant)
                undefined[name].update(_placed(batch.undefined(variant), rows))
            if self.no_tokens == "error":
                unscored.update(_placed(batch.without_tokens(), rows))
        return {
            name: self._column(name, scores, {**undefined[name], **unscored})
            for name, scores in table.items()
        }

    def corpus(
        self,
        table: Mapping[str, PrecisionRecallF],
        *,
        bootstrap: int = 1000,
        seed: int = 0,
        clusters: Clusters = None,
        average: Average = "macro",
    ) -> dict[str, RougeCorpusScore]:
        """Return precision, recall and F of each variant over the examples of *table*.

        They are means over the examples; with the *average* ``micro`` summed hits over summed
        counts, so that a long text weighs more. Their 95% intervals are percentiles of *bootstrap*
        resamples of the examples, or of whole *clusters* (one label per example); 0 asks for none.

        Raises:
            MetricInputError: *bootstrap* is 1, there is not one cluster per example, or the
                counts of several references were not kept (``jackknife``).
            MetricError: *average* is unknown.
        """
        _check_choice("average", average, get_args(Average))
        draws = Draws(bootstrap, seed, clusters)
        if average == "macro":
            return {name: corpus_of_column(column, draws) for name, column in table.items()}
        return {
            name: corpus_of_counts(column, draws, root=parse_variant(name).root, alpha=self.alpha)
            for name, column in table.items()
        }

    @cached_property
    def _variants(self) -> dict[str, Variant]:
        return {name: parse_variant(name) for name in self.variants}

    @cached_property
    def _lexicon(self) -> Lexicon | None:
        if self.exceptions is None and self.stopwords is None:
            return None
        return Lexicon(self._stem, read_exceptions(self.exceptions), read_stopwords(self.stopwords))

    @cached_property
    def _reading(self) -> Reading:
        return Reading(
            perl=self.compat == "perl155",
            tokenizer=self.tokenizer,
            normalize=self._lexicon or self._stem,
            has_stopwords=self.stopwords is not None,
            split_sentences=find_sentence_splitter(self.sentences),
            max_words=self.max_words,
            max_bytes=self.max_bytes,
            multi_reference=self.multi_reference,
            alpha=self.alpha,
        )

    # Kept, since the source of a function is read for them.
    @cached_property
    def _tokenizer_label(self) -> str:
        return tokenizer_label(self.tokenizer)

    @cached_property
    def _sentences_label(self) -> str | None:
        return sentences_label(self.sentences)

    @property
    def _stem(self) -> Normalizer:
        if not self.stemmer:
            return stemmer(None)
        return stemmer("martin" if self.compat == "perl155" else "nltk")

    def _column(
        self, name: str, scores: NDArray[np.float64], unscored: dict[int, Unscored]
    ) -> PrecisionRecallF:
        scores[:, list(unscored)] = np.nan
        n = scores.shape[1]
        return PrecisionRecallF(
            name=name,
            values=scores[2],
            signature=self._signature(self._variants[name].name),
            states=states_of(n, unscored),
            explanations=explanations_of(n, unscored),
            precision=scores[0],
            recall=scores[1],
            counts=scores[3:].T,
        )

    def _signature(self, name: str) -> str:
        return signature(
            name,
            version=self.version,
            stem="porter" if self.stemmer else "none",
            tok=self._tokenizer_label,
            compat=self.compat,
            refs=self.multi_reference,
            alpha=self.alpha,
            **{key: value for key, value in self._rare_settings() if value is not None},
        )

    def _rare_settings(self) -> Iterator[tuple[str, object]]:
        """Yield what is in the signature only where it was asked for (not None)."""
        yield "words", self.max_words
        yield "bytes", self.max_bytes
        yield "sentences", self._sentences_label
        lexicon = self._lexicon
        if lexicon is not None:
            yield "exceptions", lexicon.exceptions_digest
            yield "stopwords", lexicon.stopwords_digest
        yield "no_tokens", None if self.no_tokens == "error" else self.no_tokens

    def _check_limits(self) -> None:
        for setting in ("max_words", "max_bytes"):
            most = getattr(self, setting)
            if most is not None and (not isinstance(most, int) or most < 1):
                raise MetricError(f"{setting} is {most!r}; give 1 or more, or None for no limit")
        if self.max_words is not None and self.max_bytes is not None:
            raise MetricError("max_words and max_bytes are both set; give one of them")


def _placed(found: Mapping[int, Unscored], rows: Sequence[int]) -> dict[int, Unscored]:
    """Return what was found in a batch by the indices of the examples."""
    return {rows[i]: unscored for i, unscored in found.items()}


def _check_choice(setting: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MetricError(f"{setting} is {value!r}; use {' or '.join(choices)}")
