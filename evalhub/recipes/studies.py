"""The two recipes as studies: data set, targets to compare, metrics and gates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalhub.errors import ConfigError
from evalhub.evals.gates.gate import Gate
from evalhub.evals.targets.base import Target
from evalhub.evals.targets.function import FunctionTarget
from evalhub.llm.client import ChatClient
from evalhub.metrics import load
from evalhub.metrics.base import Metric
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.model import Dataset
from evalhub.recipes.chat import Chat
from evalhub.recipes.papers import PROMPTS, Paper, Prompt, summariser, summary_dataset
from evalhub.recipes.rag import DEPTHS, answerer, build_index, load_questions, question_dataset

__all__ = ["CONCURRENCY", "Models", "Study", "paper_study", "rag_study"]

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum", "rougeS4", "rougeSU4")
CONCURRENCY = 2
"""Requests under way at once; the embedded model answers two at a time."""
_JUDGE_TOKENS = 24  # {"score": 4} and some white space
_MARGIN = 0.02
"""How much worse the candidate may be on a measure of overlap, in points of F1."""
_DEEPEST = max(DEPTHS.values())


@dataclass(frozen=True, slots=True)
class Models:
    """Who answers, and who grades."""

    chat: Chat
    judge: ChatClient


@dataclass(frozen=True, slots=True)
class Study:
    """One recipe, ready to run: the last target is held against the first."""

    name: str
    """Name of the suite that its experiments are kept under."""
    dataset: Dataset
    targets: Sequence[Target]
    params: Mapping[str, Mapping[str, str]]
    """Settings of each target, by its name."""
    metrics: Sequence[Metric]
    gates: Sequence[Gate]
    notes: Sequence[str] = ()
    """What a reader of the result should know, a sentence each."""


def paper_study(papers: Sequence[Paper], models: Models) -> Study:
    """Return the study of summaries; without written ones only the judge scores."""
    dataset = summary_dataset(papers)
    has_references = any(example.references for example in dataset.examples)
    faithful = _judge("faithful", models)
    return Study(
        name="demo-papers",
        dataset=dataset,
        targets=[
            FunctionTarget(summariser(models.chat, prompt), name=name)
            for name, prompt in PROMPTS.items()
        ],
        params={name: _prompt_params(prompt, models) for name, prompt in PROMPTS.items()},
        metrics=[*_overlap(), faithful] if has_references else [faithful],
        gates=[_not_worse("rougeLsum" if has_references else faithful.name)],
        notes=[*_cut_notes(papers), *_reference_notes(papers)],
    )


def rag_study(
    papers: Sequence[Paper], questions: Path, models: Models, *, quick: bool = False
) -> Study:
    """Return the study of answers to the *questions* on *papers*; *quick* is one on each.

    Raises:
        ConfigError: none of the questions is about one of the papers.
        DatasetError: a question cannot be read, or its quote is not in its paper.
    """
    index = build_index(papers, load_encoder("minilm"))
    known = {paper.id for paper in papers}
    asked = [question for question in load_questions(questions) if question.paper in known]
    if not asked:
        raise ConfigError(f"{questions} asks nothing about {', '.join(sorted(known))}")
    if quick:
        asked = list({question.paper: question for question in reversed(asked)}.values())[::-1]
    return Study(
        name="demo-rag",
        dataset=question_dataset(asked, index),
        targets=[
            FunctionTarget(answerer(models.chat, index, depth), name=name)
            for name, depth in DEPTHS.items()
        ],
        params={
            name: {"model": models.chat.model, "depth": str(depth)}
            for name, depth in DEPTHS.items()
        },
        metrics=[
            load("recall_at_k", k=_DEEPEST),
            load("mrr"),
            *_overlap(),
            _judge("relevant", models),
        ],
        gates=[_not_worse(f"recall_at_{_DEEPEST}"), _not_worse("rouge1")],
    )


def _prompt_params(prompt: Prompt, models: Models) -> dict[str, str]:
    return {"model": models.chat.model, "system": prompt.system or "", "prompt": prompt.question}


def _overlap() -> list[Metric]:
    return [load("rouge", variants=_ROUGE), load("bertscore")]


def _judge(criteria: str, models: Models) -> Metric:
    return load(
        "rubric",
        criteria=criteria,
        client=models.judge,
        # A small model's reasons are noise, and cost more time than its grades.
        explain=False,
        max_tokens=_JUDGE_TOKENS,
        concurrency=CONCURRENCY,
    )


def _not_worse(metric: str) -> Gate:
    return Gate(metric, not_worse_than="baseline", margin=_MARGIN)


def _cut_notes(papers: Sequence[Paper]) -> list[str]:
    return [
        f"{paper.id}: {paper.left_out_words:,} words were left out to fit the model's window"
        for paper in papers
        if paper.left_out_words
    ]


def _reference_notes(papers: Sequence[Paper]) -> list[str]:
    missing = sum(paper.summary is None for paper in papers)
    needed = "NAME.summary.txt beside NAME.pdf, which ROUGE and BERTScore need"
    return [f"{missing} of {len(papers)} papers have no {needed}"] if missing else []
