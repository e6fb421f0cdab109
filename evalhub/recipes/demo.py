"""The demo: both recipes with a real model, from PDFs to a verdict."""

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from evalhub.config import load_settings
from evalhub.errors import ConfigError, MissingExtraError, ModelUnavailableError
from evalhub.evals.gates.compare import Comparison, compare
from evalhub.evals.gates.gate import Decision, decide
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.runner import Progress, run_experiment
from evalhub.evals.targets.base import Target
from evalhub.experiments import Tracker
from evalhub.llm.endpoint import open_endpoint, resolve_endpoint
from evalhub.llm.models import is_pulled, pull
from evalhub.llm.openai import OpenAIChat
from evalhub.model import Experiment
from evalhub.recipes.chat import open_chat
from evalhub.recipes.corpus import install_corpus, install_suite
from evalhub.recipes.papers import Paper, load_papers
from evalhub.recipes.studies import CONCURRENCY, Models, Study, paper_study, rag_study

__all__ = ["DemoPlan", "DemoResult", "OnStep", "StudyResult", "run_demo"]

OnStep = Callable[[str, int, int], None]
"""Told what is being done, and how many of how many steps of it are."""

_QUICK_PAPERS = 2
_EXTRAS = {
    "fpdf": "local",
    "openai": "local",
    "pypdfium2": "local",
    "tokenizers": "local",
    "mlflow": "mlflow",
    "pytrec_eval": "retrieval",
}
"""Packages that the demo needs, and the extra that brings each."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Which recipes to run, and on what."""

    papers: bool = True
    """Whether to summarise papers."""
    rag: bool = True
    """Whether to answer questions on them."""
    folder: Path | None = None
    """Folder of PDFs; None is the papers that come with evalhub."""
    quick: bool = False
    """Whether to take the first few papers only, and one question on each."""


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What came of one recipe."""

    study: Study
    experiments: tuple[Experiment, ...]
    comparison: Comparison
    decision: Decision


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo did."""

    model: str
    folder: Path
    """Where the PDFs are."""
    studies: tuple[StudyResult, ...]
    notes: tuple[str, ...]
    """What a reader should know before believing a figure, a sentence each."""
    seconds: float


def run_demo(plan: DemoPlan, tracker: Tracker, *, on_step: OnStep) -> DemoResult:
    """Run the recipes, keep their experiments in *tracker*, and compare the variants.

    Missing models are pulled first. The model is the embedded one, unless
    ``OPENAI_BASE_URL`` or ``OPENAI_API_KEY`` name another.

    Raises:
        ConfigError: the folder, a paper or the questions cannot be used.
        MissingExtraError: a package is not installed.
        ModelError: a model cannot be pulled, does not start, or answers nothing.
        TrackerError: an experiment could not be kept.
    """
    started = time.monotonic()
    _check_packages()
    on_step("reading the papers", 0, 1)
    folder = plan.folder or _bundled_papers()
    papers = load_papers(folder)[: _QUICK_PAPERS if plan.quick else None]
    skipped = _check_questions(plan, folder)
    tracker.check()
    _pull_models(on_step)
    on_step("starting the model", 0, 1)
    with open_endpoint() as endpoint, open_chat(endpoint) as chat, OpenAIChat(endpoint) as judge:
        studies = _studies(plan, papers, folder, Models(chat, judge))
        results = tuple(_run(study, tracker, on_step) for study in studies)
    return DemoResult(
        model=endpoint.model,
        folder=folder,
        studies=results,
        notes=(*skipped, _judge_note(endpoint.model)),
        seconds=time.monotonic() - started,
    )


def _bundled_papers() -> Path:
    """Return the folder of the papers that come along, a suite to copy beside it.

    Raises:
        ConfigError: the home folder cannot be written to.
    """
    home = load_settings().home / "demo"
    try:
        folder = install_corpus(home / "papers")
        install_suite(load_papers(folder), home)
    except OSError as error:
        raise ConfigError(
            f"cannot write the papers to {home}: {error.strerror}; set EVALHUB_HOME"
        ) from error
    return folder


def _check_packages() -> None:
    """Find what is missing now, and not after the model has worked for minutes."""
    missing = [name for name in _EXTRAS if importlib.util.find_spec(name) is None]
    if missing:
        extras = ",".join(dict.fromkeys(_EXTRAS.values()))
        raise MissingExtraError(
            f"{missing[0]} is not installed; run: pip install 'evalhub[{extras}]'"
        )


def _check_questions(plan: DemoPlan, folder: Path) -> list[str]:
    """Return why the rag recipe is left out, if it is.

    Raises:
        ConfigError: it was the only one asked for.
    """
    if not plan.rag or _questions(folder).is_file():
        return []
    reason = f"the rag recipe needs {_questions(folder)}; docs/recipes.md shows its lines"
    if not plan.papers:
        raise ConfigError(reason)
    return [f"rag was left out: {reason}"]


def _questions(folder: Path) -> Path:
    return folder / "questions.jsonl"


def _pull_models(on_step: OnStep) -> None:
    needed = ["minilm"] if resolve_endpoint() else ["minilm", "smollm2"]
    for name in needed:
        if not is_pulled(name):
            pull(name, on_progress=partial(on_step, f"pulling {name}"))


def _studies(plan: DemoPlan, papers: Sequence[Paper], folder: Path, models: Models) -> list[Study]:
    studies = []
    if plan.papers:
        studies.append(paper_study(papers, models))
    if plan.rag and _questions(folder).is_file():
        studies.append(rag_study(papers, _questions(folder), models, quick=plan.quick))
    return studies


def _run(study: Study, tracker: Tracker, on_step: OnStep) -> StudyResult:
    experiments = tuple(_run_target(study, target, tracker, on_step) for target in study.targets)
    return StudyResult(
        study,
        experiments,
        comparison=compare(experiments[0], experiments[-1]),
        decision=decide(experiments, study.gates),
    )


def _run_target(study: Study, target: Target, tracker: Tracker, on_step: OnStep) -> Experiment:
    def report(progress: Progress) -> None:
        phase = progress.phase.replace(":", " ")
        on_step(f"{study.name} {target.name}: {phase}", progress.done, progress.total)

    experiment = run_experiment(
        target,
        study.dataset,
        study.metrics,
        suite=study.name,
        limits=Limits(concurrency=CONCURRENCY),
        params=study.params[target.name],
        on_progress=report,
    )
    _check_answered(experiment)
    on_step(f"{study.name} {target.name}: keeping the run in MLflow", 0, 1)
    return replace(experiment, run_id=tracker.log(experiment))


def _check_answered(experiment: Experiment) -> None:
    """Stop when no call came through: that is a broken endpoint, not a bad score."""
    errors = [result.error for result in experiment.results]
    if all(errors):
        raise ModelUnavailableError(
            f"all {len(errors)} calls of {experiment.suite} {experiment.target} failed, "
            f"the first with {errors[0]}"
        )


def _judge_note(model: str) -> str:
    if resolve_endpoint() is not None:
        return f"the judge is {model} itself, grading its own answers: expect it to be kind"
    return (
        f"the judge is {model}, a small model and a weak judge: "
        "its grades show how judging works, not how good a text is"
    )
