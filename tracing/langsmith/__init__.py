"""LangSmith's names, for programs that were written for its SDK.

``from evalhub.tracing.langsmith import Client, traceable`` replaces ``from langsmith import ...``;
:func:`install` lets even ``import langsmith`` in code that cannot be changed find this package.
What needs LangSmith's server (data sets, prompts, ``evaluate``) says so when it is called.
"""

import importlib
import sys
from typing import Any

from evalhub.tracing.context import ContextThreadPoolExecutor
from evalhub.tracing.langsmith import (
    anonymizer,
    async_client,
    client,
    evaluation,
    middleware,
    run_helpers,
    run_trees,
    schemas,
    utils,
    uuid,
    wrappers,
)
from evalhub.tracing.langsmith.async_client import AsyncClient
from evalhub.tracing.langsmith.client import Client
from evalhub.tracing.langsmith.evaluation import (
    EvaluationResult,
    RunEvaluator,
    aevaluate,
    evaluate,
)
from evalhub.tracing.langsmith.run_helpers import (
    as_runnable,
    ensure_traceable,
    get_current_run_tree,
    get_tracing_context,
    is_traceable_function,
    set_run_metadata,
    trace,
    traceable,
    tracing_context,
)
from evalhub.tracing.langsmith.run_trees import RunTree, configure
from evalhub.tracing.langsmith.uuid import uuid7, uuid7_from_datetime

__all__ = [
    "AsyncClient",
    "Client",
    "ContextThreadPoolExecutor",
    "EvaluationResult",
    "RunEvaluator",
    "RunTree",
    "aevaluate",
    "anonymizer",
    "as_runnable",
    "configure",
    "ensure_traceable",
    "evaluate",
    "evaluation",
    "get_current_run_tree",
    "get_tracing_context",
    "install",
    "is_traceable_function",
    "set_run_metadata",
    "trace",
    "traceable",
    "tracing_context",
    "uuid7",
    "uuid7_from_datetime",
]

__version__ = "0.15.0"
"""The version of LangSmith's SDK whose behaviour this package has."""

_MODULES = {
    "anonymizer": anonymizer,
    "async_client": async_client,
    "client": client,
    "evaluation": evaluation,
    "middleware": middleware,
    "run_helpers": run_helpers,
    "run_trees": run_trees,
    "schemas": schemas,
    "utils": utils,
    "uuid": uuid,
    "wrappers": wrappers,
}


def install() -> None:
    """Let ``import langsmith`` and its modules find this package, from now on in this process.

    Call it before anything imports langsmith. LangChain uses more of LangSmith's SDK than
    is here: a program with LangChain keeps the SDK and changes its own imports.

    Raises:
        RuntimeError: LangSmith's SDK has been imported already.
    """
    loaded = sys.modules.get("langsmith")
    this = sys.modules[__name__]
    if loaded is not None and loaded is not this:
        raise RuntimeError(
            "langsmith has been imported already; call evalhub.tracing.langsmith.install() first"
        )
    sys.modules["langsmith"] = this
    for name, module in _MODULES.items():
        sys.modules[f"langsmith.{name}"] = module


def __getattr__(name: str) -> Any:
    if name == "testing":
        return importlib.import_module("evalhub.tracing.testing")
    raise AttributeError(
        f"evalhub.tracing.langsmith has no {name!r}; see docs/migrate-from-langsmith.md"
    )
