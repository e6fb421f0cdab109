"""The metrics of this room, by name."""

import re
from collections.abc import Mapping
from dataclasses import replace

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG", "ranking_at"]

_AT = re.compile(r"(?P<name>(?:recall|precision|hit|ndcg|map|mrr)_at)_(?P<k>[1-9]\d*)")
_ANSWERS = ("replay", "record")
_RAGAS = "Es et al. (2023), RAGAS: automated evaluation of retrieval augmented generation"
_RAGAS_DOCS = "RAGAS documentation, after Es et al. (2023)"
_ALCE = "Gao et al. (2023), Enabling large language models to generate text with citations"
_TREC = "trec_eval (NIST)"


def _ranking(measure: str, summary: str) -> Entry:
    home = "evalhub.metrics.rag.retrieval:Retrieval"
    columns = ("retrieved_ids", "relevant_ids")
    preset = {"measure": measure}
    return Entry(home, columns, summary, _TREC, preset, ("pytrec_eval",), "retrieval")


def _similar(measure: str, summary: str) -> Entry:
    home = "evalhub.metrics.rag.context_similarity:ContextSimilarity"
    return Entry(home, ("contexts", "metadata"), summary, _RAGAS_DOCS, {"measure": measure})


CATALOG: Mapping[str, Entry] = {
    "recall_at_k": _ranking("recall", "share of the relevant ids among the first k"),
    "precision_at_k": _ranking("precision", "share of the first k that is relevant"),
    "hit_at_k": _ranking("hit", "1 where one of the first k is relevant"),
    "ndcg_at_k": _ranking("ndcg", "discounted gain of the first k, against the best order"),
    "map_at_k": _ranking("map", "precision at each relevant id among the first k, averaged"),
    "mrr_at_k": _ranking("mrr", "1 / rank of the first relevant id among the first k"),
    "mrr": _ranking("mrr", "1 / rank of the first relevant id"),
    "ndcg": _ranking("ndcg", "discounted gain of the ranking, against the best order"),
    "map": _ranking("map", "precision at each relevant id, averaged"),
    "set_recall": _ranking("set_recall", "share of the relevant ids that were retrieved"),
    "set_precision": _ranking("set_precision", "share of the retrieved ids that are relevant"),
    "faithfulness": Entry(
        "evalhub.metrics.rag.faithfulness:Faithfulness",
        ("outputs", "inputs", "contexts"),
        "share of the answer's claims that the contexts support, by a model's verdicts",
        _RAGAS,
        paths=_ANSWERS,
    ),
    "faithfulness_encoder": Entry(
        "evalhub.metrics.rag.grounding:FaithfulnessEncoder",
        ("outputs", "contexts"),
        "share of the answer's sentences that are like one of the contexts; weak, asks no model",
        modules=("tokenizers",),
        extra="bertscore",
    ),
    "answer_relevancy": Entry(
        "evalhub.metrics.rag.relevancy:AnswerRelevancy",
        ("outputs", "inputs"),
        "mean cosine of the question with questions guessed from the answer by a model",
        _RAGAS,
        modules=("tokenizers",),
        extra="bertscore",
        paths=_ANSWERS,
    ),
    "answer_relevancy_encoder": Entry(
        "evalhub.metrics.rag.relevancy:AnswerRelevancyEncoder",
        ("outputs", "inputs"),
        "cosine of question and answer; weak, asks no model",
        modules=("tokenizers",),
        extra="bertscore",
    ),
    "context_precision": Entry(
        "evalhub.metrics.rag.context:ContextPrecision",
        ("contexts", "inputs", "references"),
        "average precision of the retrieved chunks, by a model's verdicts on their use",
        _RAGAS_DOCS,
        paths=_ANSWERS,
    ),
    "context_precision_similarity": _similar(
        "precision", "average precision of the retrieved chunks against reference contexts"
    ),
    "context_recall": Entry(
        "evalhub.metrics.rag.context:ContextRecall",
        ("contexts", "references"),
        "share of the reference's sentences that the contexts support, by a model's verdicts",
        _RAGAS_DOCS,
        paths=_ANSWERS,
    ),
    "context_recall_similarity": _similar(
        "recall", "share of the reference contexts that were retrieved"
    ),
    "context_recall_encoder": Entry(
        "evalhub.metrics.rag.grounding:ContextRecallEncoder",
        ("contexts", "references"),
        "share of the reference's sentences that are like one of the contexts; weak, asks no model",
        modules=("tokenizers",),
        extra="bertscore",
    ),
    "citation_accuracy": Entry(
        "evalhub.metrics.rag.citation:CitationAccuracy",
        ("outputs", "contexts"),
        "whether the cited contexts support the sentences: precision, recall and their mean",
        _ALCE,
        paths=_ANSWERS,
    ),
    "citation_validity": Entry(
        "evalhub.metrics.rag.citation_validity:CitationValidity",
        ("outputs", "contexts"),
        "share of citations whose context exists, and of sentences that have one",
    ),
    "noise_sensitivity": Entry(
        "evalhub.metrics.rag.noise:NoiseSensitivity",
        ("outputs", "inputs", "contexts", "references"),
        "share of the answer's claims that are wrong and taken from a context; lower is better",
        "RAGAS documentation, after Ru et al. (2024), RAGChecker",
        paths=_ANSWERS,
    ),
    "answer_correctness": Entry(
        "evalhub.metrics.rag.correctness:AnswerCorrectness",
        ("outputs", "inputs", "references"),
        "F1 of the answer's claims against the reference's, weighted with their likeness",
        _RAGAS_DOCS,
        paths=_ANSWERS,
    ),
}


def ranking_at(name: str) -> Entry | None:
    """Return the entry that ``recall_at_5`` and the like mean, or None."""
    match = _AT.fullmatch(name)
    if match is None:
        return None
    base = CATALOG[f"{match['name']}_k"]
    return replace(base, preset={**base.preset, "k": int(match["k"])})
