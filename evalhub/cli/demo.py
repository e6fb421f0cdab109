"""``evalhub demo``: the main job on the embedded defaults, from PDFs to a verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from evalhub.cli.output import JsonFlag, print_json
from evalhub.config import Settings, load_settings
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.document import as_json
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.recipes.demo import DemoPlan, DemoResult, OnStep, StudyResult, run_demo
from evalhub.tracing import configure, flush

_PROJECT = "demo"
_REPORT_WIDTH = 100
"""Columns of a report that nobody is looking at; it is made to fit them."""


class RecipeName(StrEnum):
    """What ``--recipe`` takes."""

    ALL = "all"
    PAPERS = "papers"
    RAG = "rag"


def command(
    recipe: Annotated[RecipeName, typer.Option(help="Which recipe to run.")] = RecipeName.ALL,
    papers: Annotated[
        Path | None,
        typer.Option(
            help="Folder of your own PDFs, in place of the papers that come along. "
            "NAME.summary.txt beside NAME.pdf is its reference; questions.jsonl is for rag.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Take two papers and a question on each: too few for a verdict."
        ),
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Summarise papers and answer questions on them, each in two variants, and compare.

    Every call is traced, every variant is a run in MLflow, and the candidate is held
    against the baseline. The model is the embedded one, unless OPENAI_BASE_URL or
    OPENAI_API_KEY name another; what is missing is pulled first. A second run adds to
    the first.

    The exit code is 0 whatever the verdict: a demo shows. Use `evalhub eval run` to decide.
    """
    settings = load_settings()
    project = _PROJECT if settings.project == "default" else settings.project
    configure(project=project)
    plan = DemoPlan(
        papers=recipe is not RecipeName.RAG,
        rag=recipe is not RecipeName.PAPERS,
        folder=papers,
        quick=quick,
    )
    with _progress() as on_step:
        result = run_demo(plan, MlflowTracker(), on_step=on_step)
    flush()
    if json:
        print_json(_as_json(result, project, settings))
    else:
        _print(result, project, settings)


@contextmanager
def _progress() -> Iterator[OnStep]:
    """Show a bar on standard error; give what moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # it would end with an empty line in a log
    ) as bar:
        task = bar.add_task("preparing", total=None)

        def on_step(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield on_step


def _print(result: DemoResult, project: str, settings: Settings) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_REPORT_WIDTH)
    for done in result.studies:
        print_report(_report(done), console=console)
        console.print(*done.study.notes, sep="\n", markup=False, end="\n\n")
    console.print(*_closing(result, project, settings), sep="\n", markup=False, soft_wrap=True)


def _report(done: StudyResult) -> Report:
    return make_report(done.experiments, [done.comparison], done.decision)


def _closing(result: DemoResult, project: str, settings: Settings) -> list[str]:
    return [
        *(f"note: {note}" for note in result.notes),
        "",
        f"{result.model} read {result.folder} in {result.seconds:.0f} s. Look at it next:",
        *(f"  {step}" for step in _next_steps(result, project, settings)),
    ]


def _next_steps(result: DemoResult, project: str, settings: Settings) -> list[str]:
    first, last = result.studies[0].experiments[0], result.studies[0].experiments[-1]
    return [
        "evalhub dashboard",
        f"evalhub traces list --project {project}",
        f"evalhub eval compare {first.run_id} {last.run_id}",
        _mlflow_step(settings.mlflow_url),
    ]


def _mlflow_step(url: str) -> str:
    return f"open {url}" if url.startswith("http") else f"mlflow ui --backend-store-uri {url}"


def _as_json(result: DemoResult, project: str, settings: Settings) -> dict[str, Any]:
    return {
        "model": result.model,
        "papers": str(result.folder),
        "project": project,
        "store_url": settings.url,
        "mlflow_url": settings.mlflow_url,
        "seconds": result.seconds,
        "recipes": {done.study.name: _study_json(done) for done in result.studies},
        "notes": result.notes,
        "next": _next_steps(result, project, settings),
    }


def _study_json(done: StudyResult) -> dict[str, Any]:
    return {**as_json(_report(done)), "notes": list(done.study.notes)}
