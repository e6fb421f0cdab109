"""``evalhub doctor``: what is installed, what is missing, and the command that mends it."""

import importlib.metadata
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import typer

from evalhub import __version__
from evalhub.cli.app import ExitCode
from evalhub.cli.output import JsonFlag, console, print_json
from evalhub.config import Settings, load_settings
from evalhub.errors import EvalhubError, MissingExtraError, ModelError
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.llm.endpoint import resolve_endpoint
from evalhub.llm.models import CATALOG, find
from evalhub.store import open_store
from evalhub.store.queries import list_projects

__all__ = ["Check", "State", "command", "examine"]

EXTRAS = {
    "anthropic": ("anthropic",),
    "bertscore": ("tokenizers",),
    "dashboard": ("streamlit", "plotly"),
    "huggingface": ("evaluate", "datasets"),
    "jieba": ("jieba",),
    "langchain": ("langchain-core",),
    "language": ("py3langid",),
    "llamaindex": ("llama-index-core",),
    "local": ("xllamacpp", "openai", "tokenizers", "pypdfium2", "fpdf2"),
    "metrics": ("jsonschema", "markdown-it-py", "sacrebleu", "scikit-learn"),
    "mlflow": ("mlflow", "pandas", "pyarrow"),
    "onnx": ("onnxruntime", "tokenizers"),
    "openai": ("openai",),
    "otel": ("opentelemetry-sdk", "opentelemetry-proto"),
    "parquet": ("pyarrow",),
    "peft": ("peft",),
    "postgresql": ("psycopg",),
    "ray": ("ray",),
    "retrieval": ("pytrec_eval-terrier",),
    "sentences": ("sentencex",),
    "server": ("fastapi", "uvicorn"),
    "targets": ("jmespath",),
    "tensorboard": ("tensorboard",),
    "torch": ("torch", "transformers"),
    "wandb": ("wandb",),
}
"""Packages of each extra, as in pyproject.toml."""
PURPOSES = {
    "anthropic": "Anthropic's models, and tracing their client",
    "bertscore": "BERTScore and embeddings without torch",
    "dashboard": "evalhub dashboard",
    "huggingface": "Hugging Face data sets and `evaluate` modules",
    "jieba": "Chinese words in ROUGE",
    "langchain": "tracing LangChain and LangGraph",
    "language": "the metric `language`",
    "llamaindex": "tracing LlamaIndex",
    "local": "the embedded model, the demo",
    "metrics": "BLEU, chrF, TER, JSON schemas, classification reports",
    "mlflow": "evalhub eval run: where runs are kept",
    "onnx": "encoders in ONNX",
    "openai": "tracing the openai client, moderation",
    "otel": "OpenTelemetry in and out",
    "parquet": "data sets in Parquet",
    "peft": "adapters of fine-tuned models",
    "postgresql": "a store in PostgreSQL",
    "ray": "evalhub eval run --engine ray",
    "retrieval": "recall, precision, MRR, MAP and nDCG by id",
    "sentences": "sentences in many languages",
    "server": "evalhub serve",
    "targets": "paths into targets' answers (JMESPath)",
    "tensorboard": "TensorBoard beside MLflow",
    "torch": "Hugging Face models as targets and encoders",
    "wandb": "Weights & Biases beside MLflow",
}
"""What each extra is for."""


class State(StrEnum):
    """How a part is."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One part: how it is and, unless it is well, what mends it."""

    part: str
    state: State
    detail: str
    fix: str | None = None


def examine() -> Iterator[Check]:
    """Yield a check for each part of this installation."""
    yield Check("evalhub", State.OK, f"{__version__} on Python {platform.python_version()}")
    try:
        settings = load_settings()
    except EvalhubError as error:
        yield Check("settings", State.BROKEN, str(error), "mend the variable or evalhub.toml")
        return
    yield Check("home", State.OK, str(settings.home))
    yield _store(settings)
    yield _tracing(settings)
    yield _spool(settings)
    for extra, packages in EXTRAS.items():
        yield _extra(extra, packages)
    for name in CATALOG:
        yield _model(name)
    yield _endpoint()
    yield _experiments(settings)


def _store(settings: Settings) -> Check:
    try:
        with open_store(settings.url) as store, store.read() as connection:
            projects = list_projects(connection)
    except EvalhubError as error:
        return Check("store", State.BROKEN, str(error), "evalhub db check")
    return Check(
        "store", State.OK, f"{settings.url}, projects: {', '.join(projects) or 'none yet'}"
    )


def _spool(settings: Settings) -> Check:
    segments = list((settings.home / "spool").glob("*/*.spool"))
    if not segments:
        return Check("spool", State.OK, "empty: no spans wait on disk")
    size_mb = sum(segment.stat().st_size for segment in segments) / 1e6
    return Check(
        "spool",
        State.ABSENT,
        f"{size_mb:.1f} MB of spans are not delivered yet, in {settings.home / 'spool'}",
        "any traced program that delivers to the same EVALHUB_URL sends them",
    )


def _tracing(settings: Settings) -> Check:
    if settings.tracing:
        return Check("tracing", State.OK, f"on, project {settings.project}")
    return Check("tracing", State.ABSENT, "off", "unset EVALHUB_TRACING")


def _extra(extra: str, packages: tuple[str, ...]) -> Check:
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        return Check(
            f"extra {extra}",
            State.ABSENT,
            f"{PURPOSES[extra]} (no {', '.join(missing)})",
            _pip(extra),
        )
    return Check(f"extra {extra}", State.OK, ", ".join(found))


def _model(name: str) -> Check:
    try:
        return Check(f"model {name}", State.OK, str(find(name)))
    except ModelError:
        purpose = CATALOG[name].purpose
        return Check(f"model {name}", State.ABSENT, purpose, f"evalhub models pull {name}")


def _experiments(settings: Settings) -> Check:
    url = settings.mlflow_url
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        return Check("experiments", State.OK, f"{url}, none yet")
    try:
        newest = MlflowTracker(url).list_runs(limit=1)
    except MissingExtraError as error:
        return Check("experiments", State.ABSENT, str(error), _pip("mlflow"))
    except EvalhubError as error:
        return Check("experiments", State.BROKEN, str(error), "set MLFLOW_TRACKING_URI")
    found = f"the newest is {newest[0].name}" if newest else "none yet"
    return Check("experiments", State.OK, f"{url}, {found}")


def _pip(extra: str) -> str:
    return f"{sys.executable} -m pip install 'evalhub[{extra}]'"


def _endpoint() -> Check:
    endpoint = resolve_endpoint()
    if endpoint is None:
        return Check("endpoint", State.OK, "the embedded model (OPENAI_BASE_URL is not set)")
    return Check("endpoint", State.OK, f"{endpoint.model} at {endpoint.base_url}")


MARKS = {State.OK: "[green]✓[/]", State.ABSENT: "[yellow]–[/]", State.BROKEN: "[red]✗[/]"}


def command(json: JsonFlag = False) -> None:
    """Say what is installed, which store and model are used, what is missing and what mends it.

    Ends with 2 when a part is broken; a part that is only absent is no fault.
    """
    checks = list(examine())
    if json:
        print_json([asdict(check) for check in checks])
    else:
        _print_all(checks)
    if any(check.state is State.BROKEN for check in checks):
        raise typer.Exit(ExitCode.USAGE)


def _print_all(checks: Sequence[Check]) -> None:
    """Print a line each; what installs an extra is said once, not two dozen times."""
    extras = [check for check in checks if check.part.startswith("extra ")]
    for check in checks:
        console.print(f"{MARKS[check.state]} [bold]{check.part:<17}[/]", end=" ", soft_wrap=True)
        console.print(check.detail, markup=False, soft_wrap=True)
        if check.fix and check not in extras:
            _print_fix(check.fix)
    if any(check.fix for check in extras):
        console.print("\nAn extra that is missing, where you need it:", soft_wrap=True)
        _print_fix(_pip("NAME"))


def _print_fix(command: str) -> None:
    console.print(f"{'':20}{command}", markup=False, style="cyan", soft_wrap=True)
