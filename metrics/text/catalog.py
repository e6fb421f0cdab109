"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG", "rouge_entry"]

_TEXTS = ("outputs", "references")
_OUTPUTS = ("outputs",)
_LIN = "Lin (2004), ROUGE: a package for automatic evaluation of summaries"
_ROUGE = "evalhub.metrics.text.rouge:Rouge"
_WORDS = ("exceptions", "stopwords")
_SQUAD = "Rajpurkar et al. (2016), SQuAD"


def rouge_entry(variant: str, summary: str = "") -> Entry:
    """Return the entry of one variant of ROUGE."""
    return Entry(_ROUGE, _TEXTS, summary, _LIN, {"variants": (variant,)}, paths=_WORDS)


def _length(unit: str, summary: str) -> Entry:
    return Entry("evalhub.metrics.text.length:Length", _OUTPUTS, summary, preset={"unit": unit})


CATALOG: Mapping[str, Entry] = {
    "rouge": Entry(
        _ROUGE, _TEXTS, "n-gram, subsequence and skip-bigram overlap", _LIN, paths=_WORDS
    ),
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
    "bleu": Entry(
        "evalhub.metrics.text.bleu:Bleu",
        _TEXTS,
        "n-gram precision with a penalty for brevity, 0 to 100",
        "Papineni et al. (2002), BLEU; Post (2018), sacreBLEU",
        modules=("sacrebleu",),
        extra="metrics",
    ),
    "chrf": Entry(
        "evalhub.metrics.text.chrf:ChrF",
        _TEXTS,
        "F-measure of character n-grams, 0 to 100",
        "Popović (2015), chrF",
        modules=("sacrebleu",),
        extra="metrics",
    ),
    "chrf++": Entry(
        "evalhub.metrics.text.chrf:ChrF",
        _TEXTS,
        "F-measure of n-grams of characters and of words, 0 to 100",
        "Popović (2017), chrF++",
        {"word_order": 2},
        modules=("sacrebleu",),
        extra="metrics",
    ),
    "ter": Entry(
        "evalhub.metrics.text.ter:Ter",
        _TEXTS,
        "edits per 100 words of the reference; less is better",
        "Snover et al. (2006), TER",
        modules=("sacrebleu",),
        extra="metrics",
    ),
    "edit_similarity": Entry(
        "evalhub.metrics.text.edit_similarity:EditSimilarity",
        _TEXTS,
        "1 minus the share of characters to edit",
        "Levenshtein (1966)",
    ),
    "readability": Entry(
        "evalhub.metrics.text.readability:Readability",
        _OUTPUTS,
        "Flesch reading ease or a school grade of an English text",
        "Flesch (1948); Kincaid et al. (1975)",
    ),
    "language": Entry(
        "evalhub.metrics.text.language:Language",
        _OUTPUTS,
        "1 where the output is in the language it should be in",
        "Lui and Baldwin (2012), langid.py",
        modules=("py3langid",),
        extra="language",
    ),
    "words": _length("words", "how many words the output has"),
    "characters": _length("characters", "how many characters the output has"),
    "sentences": _length("sentences", "how many sentences the output has"),
    "length_limit": Entry(
        "evalhub.metrics.text.length:LengthLimit",
        _OUTPUTS,
        "1 where the output's length is within limits",
    ),
    "compression": Entry(
        "evalhub.metrics.text.length:Compression",
        ("outputs", "inputs"),
        "length of the output over that of the input",
    ),
    "repetition": Entry(
        "evalhub.metrics.text.repetition:Repetition",
        _OUTPUTS,
        "share of n-grams that the output has said before; less is better",
        "Welleck et al. (2020), seq-rep-n; Li et al. (2016), distinct-n",
    ),
}
