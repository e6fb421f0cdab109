"""Where experiments come from: a real git checkout, and what CI systems set."""

import platform
import subprocess
from pathlib import Path

import pytest

import evalhub
from evalhub.experiments.origin import origin_of


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a repository with one commit on the branch ``topic``."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch", "topic")
    (folder / "prompt.txt").write_text("one")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message", "first")
    return folder


def test_commit_branch_and_versions_are_told(checkout: Path) -> None:
    """A file that git does not follow is no change; a changed prompt is."""
    (checkout / "new.txt").write_text("x")
    found = origin_of(checkout, {})
    assert found == {
        "evalhub.version": evalhub.__version__,
        "evalhub.python": platform.python_version(),
        "evalhub.git_commit": _git(checkout, "rev-parse", "HEAD"),
        "evalhub.git_branch": "topic",
        "evalhub.git_dirty": "false",
    }
    (checkout / "prompt.txt").write_text("two")
    assert origin_of(checkout, {})["evalhub.git_dirty"] == "true"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GITHUB_REF_NAME": "main"}, "main"),
        ({"GITHUB_REF_NAME": "12/merge", "GITHUB_HEAD_REF": "fix"}, "fix"),
        ({"GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}, None),
        ({"CI_COMMIT_BRANCH": "main"}, "main"),
        ({"GIT_BRANCH": "origin/main"}, "main"),
        ({"GITHUB_HEAD_REF": "", "EVALHUB_GIT_BRANCH": "mine"}, "mine"),
        ({}, None),
    ],
)
def test_a_checkout_of_a_commit_is_on_the_branch_that_ci_names(
    checkout: Path, environ: dict[str, str], expected: str | None
) -> None:
    """A detached HEAD has no branch of its own; a tag is none."""
    _git(checkout, "checkout", "--quiet", "--detach")
    assert origin_of(checkout, environ).get("evalhub.git_branch") == expected


def test_outside_a_checkout_there_are_only_versions(tmp_path: Path) -> None:
    """And no error; so it is without git, and before the first commit."""
    assert set(origin_of(tmp_path, {})) == {"evalhub.version", "evalhub.python"}
