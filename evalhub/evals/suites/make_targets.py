"""Make the targets that a suite file describes."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evalhub.errors import ConfigError
from evalhub.evals.datasets.load import open_source
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.suites.make_prompts import huggingface_target, prompt_target
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.planned import PlannedTarget, digest_of, params_of
from evalhub.evals.suites.spec_targets import (
    ColumnSpec,
    CommandSpec,
    FunctionSpec,
    HttpSpec,
    HuggingFaceSpec,
    OutputsSpec,
    PromptSpec,
    TracesTargetSpec,
)
from evalhub.evals.suites.suite import Suite
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.command import CommandTarget
from evalhub.evals.targets.function import FunctionTarget
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.evals.targets.recorded import ColumnTarget, RecordedOutputs, record_rows
from evalhub.evals.targets.recorded_traces import record_traces
from evalhub.model import Dataset
from evalhub.store import TraceFilter
from evalhub.store.moments import parse_since

__all__ = ["PlannedTarget", "check_inputs", "make_target"]


def make_target(suite: Suite, name: str, models: Models) -> PlannedTarget:
    """Return the target called *name*.

    Raises:
        SuiteError: it cannot be made; names file and line.
        MissingExtraError: it needs a package that is not installed.
        ModelError: the embedded model is needed and not pulled.
        StoreError: recorded traces are needed, and the store cannot be read.
    """
    spec: Any = suite.spec.targets[name]
    try:
        if isinstance(spec, PromptSpec):
            return prompt_target(suite, name, spec, models)
        return _MAKERS[type(spec)](suite, name, spec)
    except ConfigError as error:
        raise suite.error(str(error), "targets", name) from error


def check_inputs(suite: Suite, targets: tuple[PlannedTarget, ...], dataset: Dataset) -> None:
    """Refuse a target that needs what no example has, and outputs of other examples.

    Raises:
        SuiteError: names file and line, and what there is.
    """
    inputs = dict.fromkeys(name for example in dataset.examples for name in example.inputs)
    for planned in targets:
        target = planned.target
        missing = sorted(getattr(target, "placeholders", frozenset()) - set(inputs))
        if missing:
            raise suite.error(
                f"the target needs {missing[0]!r}, which is not among the inputs: "
                f"{', '.join(inputs)}",
                "targets",
                target.name,
            )
        try:
            if getattr(target, "is_recorded", False):
                target.check(dataset)  # type: ignore[attr-defined]  # RecordedTarget has it
        except ConfigError as error:
            raise suite.error(str(error), "targets", target.name) from error


def _function(suite: Suite, name: str, spec: FunctionSpec) -> PlannedTarget:
    target = FunctionTarget(spec.function, name=name)
    return PlannedTarget(target, {"function": spec.function, **target.code})


def _http(suite: Suite, name: str, spec: HttpSpec) -> PlannedTarget:
    answer = AnswerPaths(
        text=spec.response,
        contexts=spec.contexts,
        retrieved_ids=spec.retrieved_ids,
        tool_calls=spec.tool_calls,
        usage=spec.usage.model_dump(exclude_none=True),
        cost_usd=spec.cost_usd,
        latency_ms=spec.latency_ms,
        finish_reason=spec.finish_reason,
    )
    target = HttpTarget(
        name,
        spec.url,
        method=spec.method,
        headers=spec.headers,
        body=spec.body,
        answer=answer,
        timeout_s=spec.timeout_s,
    )
    return PlannedTarget(target, params_of(suite, name, spec))


def _command(suite: Suite, name: str, spec: CommandSpec) -> PlannedTarget:
    folder = suite.folder if spec.cwd is None else suite.folder / spec.cwd
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; check 'cwd'")
    target = CommandTarget(
        name,
        spec.command,
        shell=spec.shell,
        output=spec.output,
        timeout_s=spec.timeout_s,
        env=spec.env,
        cwd=folder,
    )
    files = _scripts(spec, folder)
    return PlannedTarget(target, params_of(suite, name, spec) | _code(files), files)


def _scripts(spec: CommandSpec, folder: Path) -> tuple[Path, ...]:
    """Return the files in *folder* that the command names; programs elsewhere are not ours."""
    words = spec.command.split() if isinstance(spec.command, str) else spec.command
    named = (folder / word for word in words if not Path(word).is_absolute())
    return tuple(path for path in named if path.is_file())


def _code(files: tuple[Path, ...]) -> dict[str, str]:
    """Return what tells one version of a script from another."""
    return {"code_sha256": digest_of(*(file.read_bytes() for file in files))} if files else {}


def _outputs(suite: Suite, name: str, spec: OutputsSpec) -> PlannedTarget:
    path = suite.folder / spec.outputs
    if not path.is_file():
        raise ConfigError(f"there is no file {path}; check 'outputs'")
    source = open_source(DatasetSpec(path=spec.outputs, inputs=[spec.output]), suite.folder)
    rows = ((source.place(number), row) for number, row in source.rows)
    recordings = record_rows(rows, spec.columns(spec.output), id=spec.id, repeat=spec.repeat)
    params = params_of(suite, name, spec) | {"outputs_sha256": digest_of(path.read_bytes())}
    return PlannedTarget(RecordedOutputs(name, str(path), recordings), params)


def _column(suite: Suite, name: str, spec: ColumnSpec) -> PlannedTarget:
    target = ColumnTarget(name, spec.columns(spec.column))
    return PlannedTarget(target, params_of(suite, name, spec))


def _traces(suite: Suite, name: str, spec: TracesTargetSpec) -> PlannedTarget:
    traces = spec.traces
    which = TraceFilter(
        project=traces.project,
        name=traces.name,
        since_ns=_moment(traces.since, "since"),
        until_ns=_moment(traces.until, "until"),
        session_id=traces.session_id,
        user_id=traces.user_id,
        model=traces.model,
    )
    target = record_traces(
        name,
        which,
        match=traces.match,
        id=traces.id,
        answer=AnswerPaths(text=traces.output, finish_reason=traces.finish_reason),
        limit=traces.limit,
    )
    return PlannedTarget(target, params_of(suite, name, spec))


def _moment(text: str | None, key: str) -> int | None:
    return None if text is None else parse_since(text, now_ns=time.time_ns(), setting=key)


_MAKERS: Mapping[type, Callable[[Suite, str, Any], PlannedTarget]] = {
    ColumnSpec: _column,
    CommandSpec: _command,
    FunctionSpec: _function,
    HttpSpec: _http,
    HuggingFaceSpec: huggingface_target,
    OutputsSpec: _outputs,
    TracesTargetSpec: _traces,
}
