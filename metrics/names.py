"""Say which metric was meant by a name that none has."""

import difflib
import re
from collections.abc import Mapping, Sequence

__all__ = ["nearest_metric"]

_ELSEWHERE: Mapping[str, str] = {
    "accuracy": "classification",
    "answersimilarity": "embedding_similarity",
    "contextrelevance": "context_precision",
    "em": "exact_match",
    "equals": "exact_match",
    "f1": "token_f1",
    "hallucination": "faithfulness",
    "icontains": "contains",
    "isjson": "json_valid",
    "json": "json_valid",
    "jsondistance": "json_match",
    "latency": "latency_ms",
    "levenshtein": "edit_similarity",
    "llmrubric": "rubric",
    "semanticsimilarity": "embedding_similarity",
    "similar": "embedding_similarity",
    "squad": "token_f1",
    "toolcallaccuracy": "tool_arguments",
    "toolcorrectness": "tool_selection",
    "toxicity": "moderation",
    "wer": "ter",
}
"""What other tools call a metric, without case and signs, and what comes nearest here."""
_RANKING = re.compile(r"(?P<name>recall|precision|hit|hitrate|ndcg|map|mrr)(?:at)?(?P<k>[1-9]\d*)")


def nearest_metric(name: str, known: Sequence[str]) -> str | None:
    """Return which of the *known* names is meant by *name*, None where none is near.

    Case and signs do not count: ``rouge_l`` is ``rougeL``, ``Recall@5`` is ``recall_at_5``.
    """
    squeezed = _squeezed(name)
    same = next((item for item in known if _squeezed(item) == squeezed), None)
    ranking = _RANKING.fullmatch(squeezed)
    if same is None and ranking is not None:
        same = f"{ranking['name'].removesuffix('rate')}_at_{ranking['k']}"
    near = difflib.get_close_matches(name, known, n=1)
    return same or _ELSEWHERE.get(squeezed) or (near[0] if near else None)


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_@.-]", "", name).casefold()
