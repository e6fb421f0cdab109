"""A target that is ready to run, and what is remembered of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.evals.suites.environment import put
from evalhub.evals.suites.spec import Spec
from evalhub.evals.suites.suite import Suite
from evalhub.evals.targets.base import Target

__all__ = ["PlannedTarget", "digest_of", "params_of"]

_LONGEST = 200
"""Characters of a setting that is kept as it is; of a longer one its hash."""


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target, what to remember of its settings, and the files that define it."""

    target: Target
    params: Mapping[str, str]
    files: tuple[Path, ...] = ()
    group: str | None = None
    """What the suite calls the target that its matrix made this one of."""


def params_of(
    suite: Suite, name: str, spec: Spec, *, exclude: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Return the settings that differ from what is usual, as texts.

    Variables of the environment, which may be keys, are shown by their names. Of headers
    only the names are kept, and of what is long a hash.
    """
    given = spec.model_dump(mode="json", exclude_defaults=True, exclude=set(exclude))
    given = _as_written(suite, name, given)
    if "headers" in given:
        given["headers"] = sorted(given["headers"])
    return {key: _short(value) for key, value in given.items()}


def digest_of(*parts: bytes) -> str:
    """Return a short hash of *parts*, by which one content is told from another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _as_written(suite: Suite, name: str, given: dict[str, Any]) -> dict[str, Any]:
    for loc, text in suite.lines.written.items():
        if loc[:2] == ("targets", name) and len(loc) > 2 and loc[2] in given:
            given = put(given, loc[2:], text)
    return given


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"sha256:{digest_of(text.encode())}"
