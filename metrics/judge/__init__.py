"""Metrics that ask a language model for a grade."""

from evalhub.metrics.judge.parse import ParsedScore, parse_score
from evalhub.metrics.judge.prompt import RUBRICS
from evalhub.metrics.judge.rubric import RubricJudge

__all__ = ["RUBRICS", "ParsedScore", "RubricJudge", "parse_score"]
