"""What importing costs, and what the rooms export."""

import ast
import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import evalhub
from evalhub import errors

ROOMS = [
    "evalhub",
    "evalhub.errors",
    "evalhub.evals",
    "evalhub.experiments",
    "evalhub.llm",
    "evalhub.metrics",
    "evalhub.model",
    "evalhub.recipes",
    "evalhub.server",
    "evalhub.store",
    "evalhub.tracing",
]


@pytest.mark.parametrize("room", ROOMS)
def test_all_is_true(room: str) -> None:
    """Each name in ``__all__`` is there, once; ruff keeps them sorted."""
    module = importlib.import_module(room)
    assert len(set(module.__all__)) == len(module.__all__) > 0
    for name in module.__all__:
        assert hasattr(module, name), name


@pytest.mark.parametrize("module", ["evalhub", "evalhub.tracing"])
def test_import_loads_no_third_party_module(module: str) -> None:
    """Programs that trace pay for nothing but the standard library at import."""
    program = (
        "import sys, json; before = set(sys.modules)\n"
        f"import {module}\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout)) - {"evalhub"}
    assert loaded <= set(sys.stdlib_module_names)


def test_tracing_loads_no_record_it_does_not_need() -> None:
    """Data sets and results are another third of the time that the import takes."""
    program = "import sys, evalhub.tracing; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "evalhub.model.trace" in loaded
    assert not loaded & {"evalhub.model.dataset", "evalhub.model.result"}


def test_metrics_import_is_light() -> None:
    """``import evalhub.metrics`` loads none of the heavy packages."""
    program = "import sys, evalhub.metrics; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"torch", "transformers", "scipy", "sklearn", "evaluate", "pandas", "mlflow", "openai"}
    assert not loaded & heavy


def test_every_error_is_in_the_tree() -> None:
    """Each exported error has the one base, so that callers can catch them all."""
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.EvalhubError)
        assert name in (errors.__doc__ or "")


def test_every_module_has_a_docstring() -> None:
    """A file opens by saying what it is about."""
    for info in pkgutil.walk_packages(evalhub.__path__, "evalhub."):
        spec = importlib.util.find_spec(info.name)
        assert spec is not None
        assert spec.origin is not None
        source = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        assert info.ispkg or ast.get_docstring(source), info.name
