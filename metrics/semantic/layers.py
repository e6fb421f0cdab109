"""Which layer of an encoder to compare, where somebody found out.

Zhang et al. (2020) chose the layer whose scores agree best with people's on WMT16; the
authors publish the choice for more models with their package, bert-score 0.3.13.
"""

from collections.abc import Mapping

__all__ = ["TUNED", "tuned_layer"]

TUNED: Mapping[str, int] = {
    "bert-base-chinese": 8,
    "bert-base-multilingual-cased": 9,
    "bert-base-uncased": 9,
    "bert-large-uncased": 18,
    "deberta-large-mnli": 18,
    "deberta-v3-base": 9,
    "deberta-v3-large": 12,
    "deberta-xlarge-mnli": 40,
    "distilbert-base-uncased": 5,
    "distilroberta-base": 5,
    "mpnet-base": 8,
    "roberta-base": 10,
    "roberta-large": 17,
    "roberta-large-mnli": 19,
    "t5-base": 11,
    "t5-large": 23,
    "xlm-roberta-base": 9,
    "xlm-roberta-large": 17,
}
"""Layer by the model's name without its owner, as ``roberta-large``."""


def tuned_layer(name: str) -> int | None:
    """Return the layer for the model called *name* (or ``owner/name``), None where unknown."""
    return TUNED.get(name.rpartition("/")[2])
