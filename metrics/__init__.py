"""What a score is and how it is computed.

Each name is fetched at its first use, so that importing this package stays cheap.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.metrics.agents.steps import StepEfficiency, UniqueCalls
    from evalhub.metrics.agents.tool_arguments import ToolArguments
    from evalhub.metrics.agents.tool_order import ToolOrder
    from evalhub.metrics.agents.tool_schema import ToolSchema
    from evalhub.metrics.agents.tool_selection import ToolSelection
    from evalhub.metrics.agents.trajectory import Trajectory
    from evalhub.metrics.aggregate import summarize
    from evalhub.metrics.base import COLUMNS, Metric, ScoreColumn, ScoreTable
    from evalhub.metrics.corpus import CorpusColumn, CorpusMetric, CorpusScore
    from evalhub.metrics.interop.evaluate_module import as_evaluate
    from evalhub.metrics.interop.function import FunctionMetric
    from evalhub.metrics.interop.huggingface import HuggingFaceMetric
    from evalhub.metrics.interop.langsmith import LangSmithEvaluator
    from evalhub.metrics.interop.mlflow import MlflowScorer
    from evalhub.metrics.interop.mlflow_scorer import as_scorer
    from evalhub.metrics.judge.calibration import calibrate
    from evalhub.metrics.judge.calibration_file import (
        SavedCalibration,
        check_calibration,
        load_calibration,
        save_calibration,
    )
    from evalhub.metrics.judge.canary import (
        CanaryLimits,
        CanaryResult,
        check_canaries,
        record_canaries,
    )
    from evalhub.metrics.judge.canary_file import load_canaries, save_canaries
    from evalhub.metrics.judge.geval import GEval
    from evalhub.metrics.judge.pairwise import PairwiseJudge
    from evalhub.metrics.judge.panel import Panel
    from evalhub.metrics.judge.recording import Recording
    from evalhub.metrics.judge.rubric import RubricJudge as Rubric
    from evalhub.metrics.judge.spending import JudgeColumn
    from evalhub.metrics.judge.summary import SummaryQuestions
    from evalhub.metrics.meta_eval import meta_eval
    from evalhub.metrics.prf import PrecisionRecallF
    from evalhub.metrics.rag.citation import CitationAccuracy
    from evalhub.metrics.rag.citation_validity import CitationValidity
    from evalhub.metrics.rag.context import ContextPrecision, ContextRecall
    from evalhub.metrics.rag.context_similarity import ContextSimilarity
    from evalhub.metrics.rag.correctness import AnswerCorrectness
    from evalhub.metrics.rag.faithfulness import Faithfulness
    from evalhub.metrics.rag.grounding import ContextRecallEncoder, FaithfulnessEncoder
    from evalhub.metrics.rag.noise import NoiseSensitivity
    from evalhub.metrics.rag.relevancy import AnswerRelevancy, AnswerRelevancyEncoder
    from evalhub.metrics.rag.retrieval import Retrieval
    from evalhub.metrics.registry import MetricInfo, available, describe, load
    from evalhub.metrics.safety.moderation import Moderation
    from evalhub.metrics.safety.pii import Pii
    from evalhub.metrics.safety.word_list import WordList
    from evalhub.metrics.semantic.bertscore import BertScore
    from evalhub.metrics.semantic.similarity import EmbeddingSimilarity
    from evalhub.metrics.structure.classification import ClassificationReport
    from evalhub.metrics.structure.code_fences import CodeFences
    from evalhub.metrics.structure.contains import Contains
    from evalhub.metrics.structure.json_match import JsonMatch
    from evalhub.metrics.structure.json_schema import JsonSchema
    from evalhub.metrics.structure.json_valid import JsonValid
    from evalhub.metrics.structure.operational import Operational
    from evalhub.metrics.structure.regex import Regex
    from evalhub.metrics.text.bleu import Bleu
    from evalhub.metrics.text.chrf import ChrF
    from evalhub.metrics.text.edit_similarity import EditSimilarity
    from evalhub.metrics.text.exact_match import ExactMatch
    from evalhub.metrics.text.language import Language
    from evalhub.metrics.text.length import Compression, Length, LengthLimit
    from evalhub.metrics.text.readability import Readability
    from evalhub.metrics.text.repetition import Repetition
    from evalhub.metrics.text.rouge import Rouge
    from evalhub.metrics.text.rouge_corpus import RougeCorpusScore
    from evalhub.metrics.text.ter import Ter
    from evalhub.metrics.text.token_f1 import TokenF1

__all__ = [
    "COLUMNS",
    "AnswerCorrectness",
    "AnswerRelevancy",
    "AnswerRelevancyEncoder",
    "BertScore",
    "Bleu",
    "CanaryLimits",
    "CanaryResult",
    "ChrF",
    "CitationAccuracy",
    "CitationValidity",
    "ClassificationReport",
    "CodeFences",
    "Compression",
    "Contains",
    "ContextPrecision",
    "ContextRecall",
    "ContextRecallEncoder",
    "ContextSimilarity",
    "CorpusColumn",
    "CorpusMetric",
    "CorpusScore",
    "EditSimilarity",
    "EmbeddingSimilarity",
    "ExactMatch",
    "Faithfulness",
    "FaithfulnessEncoder",
    "FunctionMetric",
    "GEval",
    "HuggingFaceMetric",
    "JsonMatch",
    "JsonSchema",
    "JsonValid",
    "JudgeColumn",
    "LangSmithEvaluator",
    "Language",
    "Length",
    "LengthLimit",
    "Metric",
    "MetricInfo",
    "MlflowScorer",
    "Moderation",
    "NoiseSensitivity",
    "Operational",
    "PairwiseJudge",
    "Panel",
    "Pii",
    "PrecisionRecallF",
    "Readability",
    "Recording",
    "Regex",
    "Repetition",
    "Retrieval",
    "Rouge",
    "RougeCorpusScore",
    "Rubric",
    "SavedCalibration",
    "ScoreColumn",
    "ScoreTable",
    "StepEfficiency",
    "SummaryQuestions",
    "Ter",
    "TokenF1",
    "ToolArguments",
    "ToolOrder",
    "ToolSchema",
    "ToolSelection",
    "Trajectory",
    "UniqueCalls",
    "WordList",
    "as_evaluate",
    "as_scorer",
    "available",
    "calibrate",
    "check_calibration",
    "check_canaries",
    "describe",
    "load",
    "load_calibration",
    "load_canaries",
    "meta_eval",
    "record_canaries",
    "save_calibration",
    "save_canaries",
    "summarize",
]

_HOMES = {
    "AnswerCorrectness": "rag.correctness:AnswerCorrectness",
    "AnswerRelevancy": "rag.relevancy:AnswerRelevancy",
    "AnswerRelevancyEncoder": "rag.relevancy:AnswerRelevancyEncoder",
    "BertScore": "semantic.bertscore:BertScore",
    "Bleu": "text.bleu:Bleu",
    "COLUMNS": "base:COLUMNS",
    "CanaryLimits": "judge.canary:CanaryLimits",
    "CanaryResult": "judge.canary:CanaryResult",
    "ChrF": "text.chrf:ChrF",
    "CitationAccuracy": "rag.citation:CitationAccuracy",
    "CitationValidity": "rag.citation_validity:CitationValidity",
    "ClassificationReport": "structure.classification:ClassificationReport",
    "CodeFences": "structure.code_fences:CodeFences",
    "Compression": "text.length:Compression",
    "Contains": "structure.contains:Contains",
    "ContextPrecision": "rag.context:ContextPrecision",
    "ContextRecall": "rag.context:ContextRecall",
    "ContextRecallEncoder": "rag.grounding:ContextRecallEncoder",
    "ContextSimilarity": "rag.context_similarity:ContextSimilarity",
    "CorpusColumn": "corpus:CorpusColumn",
    "CorpusMetric": "corpus:CorpusMetric",
    "CorpusScore": "corpus:CorpusScore",
    "EditSimilarity": "text.edit_similarity:EditSimilarity",
    "EmbeddingSimilarity": "semantic.similarity:EmbeddingSimilarity",
    "ExactMatch": "text.exact_match:ExactMatch",
    "Faithfulness": "rag.faithfulness:Faithfulness",
    "FaithfulnessEncoder": "rag.grounding:FaithfulnessEncoder",
    "FunctionMetric": "interop.function:FunctionMetric",
    "GEval": "judge.geval:GEval",
    "HuggingFaceMetric": "interop.huggingface:HuggingFaceMetric",
    "JsonMatch": "structure.json_match:JsonMatch",
    "JsonSchema": "structure.json_schema:JsonSchema",
    "JsonValid": "structure.json_valid:JsonValid",
    "JudgeColumn": "judge.spending:JudgeColumn",
    "LangSmithEvaluator": "interop.langsmith:LangSmithEvaluator",
    "Language": "text.language:Language",
    "Length": "text.length:Length",
    "LengthLimit": "text.length:LengthLimit",
    "Metric": "base:Metric",
    "MetricInfo": "registry:MetricInfo",
    "MlflowScorer": "interop.mlflow:MlflowScorer",
    "Moderation": "safety.moderation:Moderation",
    "NoiseSensitivity": "rag.noise:NoiseSensitivity",
    "Operational": "structure.operational:Operational",
    "PairwiseJudge": "judge.pairwise:PairwiseJudge",
    "Panel": "judge.panel:Panel",
    "Pii": "safety.pii:Pii",
    "PrecisionRecallF": "prf:PrecisionRecallF",
    "Readability": "text.readability:Readability",
    "Recording": "judge.recording:Recording",
    "Regex": "structure.regex:Regex",
    "Repetition": "text.repetition:Repetition",
    "Retrieval": "rag.retrieval:Retrieval",
    "Rouge": "text.rouge:Rouge",
    "RougeCorpusScore": "text.rouge_corpus:RougeCorpusScore",
    "Rubric": "judge.rubric:RubricJudge",
    "SavedCalibration": "judge.calibration_file:SavedCalibration",
    "ScoreColumn": "base:ScoreColumn",
    "ScoreTable": "base:ScoreTable",
    "StepEfficiency": "agents.steps:StepEfficiency",
    "SummaryQuestions": "judge.summary:SummaryQuestions",
    "Ter": "text.ter:Ter",
    "TokenF1": "text.token_f1:TokenF1",
    "ToolArguments": "agents.tool_arguments:ToolArguments",
    "ToolOrder": "agents.tool_order:ToolOrder",
    "ToolSchema": "agents.tool_schema:ToolSchema",
    "ToolSelection": "agents.tool_selection:ToolSelection",
    "Trajectory": "agents.trajectory:Trajectory",
    "UniqueCalls": "agents.steps:UniqueCalls",
    "WordList": "safety.word_list:WordList",
    "as_evaluate": "interop.evaluate_module:as_evaluate",
    "as_scorer": "interop.mlflow_scorer:as_scorer",
    "available": "registry:available",
    "calibrate": "judge.calibration:calibrate",
    "check_calibration": "judge.calibration_file:check_calibration",
    "check_canaries": "judge.canary:check_canaries",
    "describe": "registry:describe",
    "load": "registry:load",
    "load_calibration": "judge.calibration_file:load_calibration",
    "load_canaries": "judge.canary_file:load_canaries",
    "meta_eval": "meta_eval:meta_eval",
    "record_canaries": "judge.canary:record_canaries",
    "save_calibration": "judge.calibration_file:save_calibration",
    "save_canaries": "judge.canary_file:save_canaries",
    "summarize": "aggregate:summarize",
}
"""Where each name is, below this package."""


def __getattr__(name: str) -> object:
    try:
        module, _, attribute = _HOMES[name].partition(":")
    except KeyError:
        raise AttributeError(f"module 'evalhub.metrics' has no attribute {name!r}") from None
    return getattr(importlib.import_module(f"evalhub.metrics.{module}"), attribute)
