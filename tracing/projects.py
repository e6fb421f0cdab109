"""The projects that evalhub itself traces to, apart from what users of an application do."""

__all__ = ["EVALUATIONS", "EVALUATORS"]

EVALUATIONS = "evaluations"
"""What ``evalhub eval run`` calls."""
EVALUATORS = "evaluators"
"""What judges are asked; LangSmith's name for it."""
