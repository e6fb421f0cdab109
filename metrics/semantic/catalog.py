"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

CATALOG: Mapping[str, Entry] = {
    "bertscore": Entry(
        "evalhub.metrics.semantic.bertscore:BertScore",
        ("outputs", "references"),
        "greedy matching of contextual token embeddings",
        "Zhang et al. (2020), BERTScore: evaluating text generation with BERT",
        modules=("tokenizers",),
        extra="bertscore",
        paths=("baseline", "idf"),
    ),
    "embedding_similarity": Entry(
        "evalhub.metrics.semantic.similarity:EmbeddingSimilarity",
        ("outputs", "references"),
        "cosine of the mean token embeddings of two texts",
        "Reimers and Gurevych (2019), Sentence-BERT, section 3",
        modules=("tokenizers",),
        extra="bertscore",
    ),
}
