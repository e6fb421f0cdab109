"""Without the optional packages: one line that names the extra, and an SDK that works."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent", "bringing"),
    [
        ("evalhub.tracing.integrations.otel", "opentelemetry", "'evalhub[otel]'"),
        ("evalhub.tracing.integrations.celery", "celery", "celery"),
        ("evalhub.tracing.exporters.otlp", "opentelemetry", "'evalhub[otel]'"),
    ],
)
def test_what_brings_it_is_named(module: str, absent: str, bringing: str) -> None:
    """Importing an integration without its package says what to install; Celery is no extra."""
    code = f"import sys; sys.modules[{absent!r}] = None; import {module}"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    last = result.stderr.strip().splitlines()[-1]
    assert last == (
        f"evalhub.errors.MissingExtraError: {absent} is not installed; run: pip install {bringing}"
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
