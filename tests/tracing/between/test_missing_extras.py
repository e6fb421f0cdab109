"""Without the optional packages: one line that names the extra, and an SDK that works."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent", "extra"),
    [
        ("evalhub.tracing.integrations.otel", "opentelemetry", "otel"),
        ("evalhub.tracing.integrations.celery", "celery", "celery"),
        ("evalhub.tracing.exporters.otlp", "opentelemetry", "otel"),
    ],
)
def test_the_extra_is_named(module: str, absent: str, extra: str) -> None:
    """Importing an integration without its package says which extra brings it."""
    code = f"import sys; sys.modules[{absent!r}] = None; import {module}"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    last = result.stderr.strip().splitlines()[-1]
    assert last == (
        f"evalhub.errors.MissingExtraError: {absent} is not installed; "
        f"run: pip install 'evalhub[{extra}]'"
    )


def test_headers_need_nothing() -> None:
    """Propagation, carriers and the middlewares load no third-party module."""
    code = """
import sys
from evalhub.tracing import carriers, propagation
from evalhub.tracing.integrations import asgi, wsgi
foreign = {"opentelemetry", "celery", "starlette", "orjson", "pydantic"} & set(sys.modules)
assert not foreign, foreign
"""
    subprocess.run([sys.executable, "-c", code], check=True)
