"""Where an experiment comes from: the commit, the branch, the versions in force."""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from evalhub import __version__
from evalhub.experiments.tags import BRANCH_TAG, COMMIT_TAG, DIRTY_TAG, PREFIX

__all__ = ["origin_of"]

_PATIENCE_S = 10
_BRANCHES = (
    "EVALHUB_GIT_BRANCH",
    "GITHUB_HEAD_REF",  # before the next: for a pull request that one is "12/merge"
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "GIT_BRANCH",
)
"""Where CI systems name it; their checkout is often of a commit and of no branch."""


def origin_of(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return tags that tell the git commit and branch of *folder*, and the versions in force.

    What is not known, as all of it is outside a git checkout, is left out.
    """
    found = {
        f"{PREFIX}version": __version__,
        f"{PREFIX}python": platform.python_version(),
        COMMIT_TAG: _git(folder, "rev-parse", "HEAD"),
        BRANCH_TAG: _branch(folder, environ),
    }
    if found[COMMIT_TAG] is not None:
        # Files that git does not follow are no change of what was committed.
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
        found[DIRTY_TAG] = None if changes is None else str(bool(changes)).lower()
    return {name: value for name, value in found.items() if value}


def _branch(folder: Path, environ: Mapping[str, str]) -> str | None:
    if environ.get("GITHUB_REF_TYPE") != "tag":  # then GITHUB_REF_NAME is that tag
        for name in _BRANCHES:
            if environ.get(name):
                return environ[name].removeprefix("origin/")
    return _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD")


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says, without the line's end; None where it says nothing useful."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
