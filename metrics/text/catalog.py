"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG", "rouge_entry"]

_TEXTS = ("outputs", "references")
_LIN = "Lin (2004), ROUGE: a package for automatic evaluation of summaries"
_ROUGE = "evalhub.metrics.text.rouge:Rouge"
_SQUAD = "Rajpurkar et al. (2016), SQuAD"


def rouge_entry(variant: str, summary: str = "") -> Entry:
    """Return the entry of one variant of ROUGE."""
    return Entry(_ROUGE, _TEXTS, summary, _LIN, {"variants": (variant,)})


CATALOG: Mapping[str, Entry] = {
    "rouge": Entry(_ROUGE, _TEXTS, "n-gram, subsequence and skip-bigram overlap", _LIN),
    "rouge1": rouge_entry("rouge1", "unigram overlap"),
    "rouge2": rouge_entry("rouge2", "bigram overlap"),
    "rougeL": rouge_entry("rougeL", "longest common subsequence of the whole texts"),
    "rougeLsum": rouge_entry("rougeLsum", "union of longest common subsequences, line by line"),
    "rougeS4": rouge_entry("rougeS4", "skip bigrams with at most 4 words between"),
    "rougeSU4": rouge_entry("rougeSU4", "the same, and unigrams"),
    "exact_match": Entry(
        "evalhub.metrics.text.exact_match:ExactMatch",
        _TEXTS,
        "1 where the normalised output is a reference",
        _SQUAD,
    ),
    "token_f1": Entry(
        "evalhub.metrics.text.token_f1:TokenF1",
        _TEXTS,
        "F-measure of the tokens shared with a reference",
        _SQUAD,
    ),
}
