"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

_ANSWERS = ("replay", "record")

CATALOG: Mapping[str, Entry] = {
    "rubric": Entry(
        "evalhub.metrics.judge.rubric:RubricJudge",
        ("outputs", "inputs"),
        "a language model grades the output by given criteria",
        paths=_ANSWERS,
    ),
    "geval": Entry(
        "evalhub.metrics.judge.geval:GEval",
        ("outputs", "inputs"),
        "a language model's expected grade, by the probabilities of the grades",
        "Liu et al. (2023), G-Eval",
        paths=_ANSWERS,
    ),
    "pairwise": Entry(
        "evalhub.metrics.judge.pairwise:PairwiseJudge",
        ("outputs", "baseline_outputs", "inputs"),
        "a language model chooses between two systems' outputs, in both orders",
        "Zheng et al. (2023), Judging LLM-as-a-Judge",
        paths=_ANSWERS,
    ),
    "panel": Entry(
        "evalhub.metrics.judge.panel:Panel",
        ("outputs", "inputs"),
        "several judges vote, and their agreement is reported",
        "Verga et al. (2024), Replacing Judges with Juries",
    ),
    "summary": Entry(
        "evalhub.metrics.judge.summary:SummaryQuestions",
        ("outputs", "inputs"),
        "what a summary answers of its source, and what of it the source supports",
        "Scialom et al. (2021), QuestEval",
        paths=_ANSWERS,
    ),
}
"""Metrics that ask a language model for a grade."""
