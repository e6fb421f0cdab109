"""Make the data set, the targets and the metrics that a suite file describes."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from evalhub.errors import ConfigError, MetricError
from evalhub.evals.datasets import load_dataset
from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.scoring import check_metrics
from evalhub.evals.suite import FunctionSpec, MetricSpec, PromptSpec, Suite
from evalhub.evals.targets import FunctionTarget, PromptTarget, Target
from evalhub.llm.endpoint import Endpoint, resolve_endpoint
from evalhub.llm.local import LocalServer
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.base import Metric
from evalhub.model import Dataset

__all__ = ["Assembly", "PlannedTarget", "assemble"]

LOCAL = "local"
"""What a suite file calls the embedded model."""


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target, what to remember of its settings, and the files that define it."""

    target: Target
    params: Mapping[str, str]
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that a suite needs to run."""

    dataset: Dataset
    targets: tuple[PlannedTarget, ...]
    metrics: tuple[Metric, ...]


@contextmanager
def assemble(suite: Suite) -> Iterator[Assembly]:
    """Give what *suite* describes; the embedded model runs while the block lasts.

    Whatever the file gets wrong is found here, before a call is paid for.

    Raises:
        SuiteError: a target, metric or gate cannot be made; names file and line.
        DatasetError: the data set cannot be read.
        MetricInputError: a metric needs a column that the data set lacks.
        MissingExtraError: a package is not installed.
        ModelError: the embedded model or an encoder is needed and not pulled.
    """
    dataset = load_dataset(suite.spec.dataset, folder=suite.folder)
    with ExitStack() as stack:
        models = _Models(stack)
        targets = tuple(_target(suite, name, models) for name in suite.spec.targets)
        metrics = tuple(_metric(suite, index, models) for index in range(len(suite.spec.metrics)))
        _check_inputs(suite, targets)
        _check_gates(suite, metrics)
        check_metrics(metrics, dataset)
        yield Assembly(dataset, targets, metrics)


class _Models:
    """Endpoints by name; the embedded model is started once, when first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def chat(self, model: str | None, base_url: str | None) -> OpenAIChat:
        """Return a client for *model*; None is what the environment names, or embedded.

        Raises:
            ConfigError: the model needs an endpoint and none is named.
        """
        return OpenAIChat(self._endpoint(model, base_url))

    def _endpoint(self, model: str | None, base_url: str | None) -> Endpoint:
        named = resolve_endpoint()
        if model == LOCAL or (model is None and named is None and base_url is None):
            return self._embedded
        if base_url is not None and model is not None:
            key = {} if named is None else {"api_key": named.api_key}
            return Endpoint(base_url=base_url, model=model, **key)
        if named is None:
            raise ConfigError(
                f"the model {model!r} needs an endpoint; set OPENAI_API_KEY or "
                "OPENAI_BASE_URL, give 'base_url', or use model: local"
            )
        return named if model is None else replace(named, model=model)

    @cached_property
    def _embedded(self) -> Endpoint:
        server = self._stack.enter_context(LocalServer())
        return Endpoint(base_url=server.base_url, model=server.model)


def _target(suite: Suite, name: str, models: _Models) -> PlannedTarget:
    spec = suite.spec.targets[name]
    try:
        if isinstance(spec, FunctionSpec):
            target = FunctionTarget(spec.function, name=name)
            return PlannedTarget(target, {"function": spec.function})
        return _prompt_target(suite, name, spec, models)
    except ConfigError as error:
        raise suite.error(str(error), "targets", name) from error


def _prompt_target(suite: Suite, name: str, spec: PromptSpec, models: _Models) -> PlannedTarget:
    template, files = spec.template or "", tuple[Path, ...]()
    if spec.prompt is not None:
        path = suite.folder / spec.prompt
        template, files = _read_prompt(path), (path,)
    target = PromptTarget(
        name,
        models.chat(spec.model, spec.base_url),
        template,
        system=spec.system,
        max_tokens=spec.max_tokens,
        temperature=spec.temperature,
    )
    given = spec.model_dump(exclude_none=True, exclude={"template", "system"})
    text = f"{spec.system or ''}\0{template}"
    params = {key: str(value) for key, value in given.items()}
    params |= {"prompt_sha256": hashlib.sha256(text.encode()).hexdigest()[:16]}
    return PlannedTarget(target, params, files)


def _read_prompt(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no prompt file {path}; check 'prompt'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the prompt file {path}: {error}") from error


def _metric(suite: Suite, index: int, models: _Models) -> Metric:
    spec = suite.spec.metrics[index]
    try:
        return load(spec.name, **spec.settings, **_judge_settings(spec, models))
    except (MetricError, ConfigError, TypeError) as error:
        # TypeError: a setting of the wrong type, such as k: many.
        raise suite.error(str(error), "metrics", index) from error


def _judge_settings(spec: MetricSpec, models: _Models) -> dict[str, OpenAIChat]:
    return {} if spec.judge is None else {"client": models.chat(spec.model, spec.base_url)}


def _check_inputs(suite: Suite, targets: tuple[PlannedTarget, ...]) -> None:
    inputs = suite.spec.dataset.inputs
    for planned in targets:
        if not isinstance(planned.target, PromptTarget):
            continue
        missing = sorted(planned.target.placeholders - set(inputs))
        if missing:
            raise suite.error(
                f"the prompt needs {missing[0]!r}, which is not among the inputs: "
                f"{', '.join(inputs)}",
                "targets",
                planned.target.name,
            )


def _check_gates(suite: Suite, metrics: tuple[Metric, ...]) -> None:
    """Refuse a gate on a metric that will not be there."""
    if any(spec.name.startswith("hf:") for spec in suite.spec.metrics):
        return  # such a module says what it gives only when it is run
    known = [name for metric in metrics for name in getattr(metric, "variants", (metric.name,))]
    known += OPERATIONAL
    for index, gate in enumerate(suite.spec.gates):
        if gate.metric not in known:
            raise suite.error(
                f"no metric is called {gate.metric!r} here; there are {', '.join(known)}",
                "gates",
                index,
                "metric",
            )
