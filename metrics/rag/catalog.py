"""The metrics of this room, by name."""

import re
from collections.abc import Mapping
from dataclasses import replace

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG", "ranking_at"]

_AT = re.compile(r"(?P<name>(?:recall|precision|hit|ndcg|map)_at)_(?P<k>[1-9]\d*)")


def _ranking(measure: str, summary: str) -> Entry:
    home = "evalhub.metrics.rag.retrieval:Retrieval"
    columns = ("retrieved_ids", "relevant_ids")
    return Entry(home, columns, summary, preset={"measure": measure})


CATALOG: Mapping[str, Entry] = {
    "recall_at_k": _ranking("recall", "share of the relevant ids among the first k"),
    "precision_at_k": _ranking("precision", "share of the first k that is relevant"),
    "hit_at_k": _ranking("hit", "1 where one of the first k is relevant"),
    "ndcg_at_k": _ranking("ndcg", "discounted gain of the first k, against the best order"),
    "map_at_k": _ranking("map", "precision at each relevant id among the first k, averaged"),
    "mrr": _ranking("mrr", "1 / rank of the first relevant id"),
    "ndcg": _ranking("ndcg", "discounted gain of the ranking, against the best order"),
    "map": _ranking("map", "precision at each relevant id, averaged"),
}


def ranking_at(name: str) -> Entry | None:
    """Return the entry that ``recall_at_5`` and the like mean, or None."""
    match = _AT.fullmatch(name)
    if match is None:
        return None
    base = CATALOG[f"{match['name']}_k"]
    return replace(base, preset={**base.preset, "k": int(match["k"])})
