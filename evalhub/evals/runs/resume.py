"""Which run goes on after a kill, and how that is told."""

import hashlib
import json
import re

from evalhub.evals.runs.journal import Journal
from evalhub.evals.suites.assemble import Assembly
from evalhub.evals.suites.suite import Suite

__all__ = ["calls_of", "greeting", "parting", "plan_of"]

_NOT_THE_PLAN = frozenset(
    {
        "baseline",
        "budget",
        "concurrency",
        "gates",
        "reports",
        "requests_per_minute",
        "retries",
        "timeout_s",
        "tokens_per_minute",
        "tracking",
    }
)
"""Keys that decide how fast, how far and to what end, and not what is called and scored."""


def plan_of(suite: Suite, assembly: Assembly) -> str:
    """Return what names this plan: what is called, on which examples, scored by what.

    A run that was killed goes on when the same plan is run again; any other starts anew. A
    raised budget, another concurrency or another gate is the same plan.
    """
    # Of a union that a function tells apart, pydantic warns when it is written out.
    spec = suite.spec.model_dump(mode="json", warnings="none")
    content = [
        {key: value for key, value in spec.items() if key not in _NOT_THE_PLAN},
        {planned.target.name: dict(planned.params) for planned in assembly.targets},
        assembly.dataset.version,
    ]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{_slug(suite.spec.name)}-{digest[:16]}"


def calls_of(suite: Suite, assembly: Assembly) -> int:
    """Return how many calls the whole suite makes of its targets."""
    return len(assembly.targets) * len(assembly.dataset.examples) * suite.spec.repeats


def greeting(journal: Journal, total: int) -> str | None:
    """Return what to say where a run goes on, or might have; None for a plain start."""
    if journal.was_too_old:
        return "starting anew: what was left of this suite is older than 20 hours"
    done = journal.count()
    if not done:
        return None
    return f"going on: {done:,} of {total:,} calls are done (--fresh starts anew)"


def parting(journal: Journal, total: int) -> str:
    """Return what to say when the run ends before its end."""
    return f"{journal.count():,} of {total:,} calls are done; the same command goes on from there"


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)[:60]
