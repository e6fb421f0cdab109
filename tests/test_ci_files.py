"""The ready-made CI files: valid by the services' schemas, and true to the command line."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from evalhub.cli.app import ExitCode, build

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "ci"
SCHEMAS = {
    "github-nightly.yml": "vendor.github-workflows",
    "github-pull-request.yml": "vendor.github-workflows",
    "gitlab-ci.yml": "vendor.gitlab-ci",
}
FILES = [FOLDER / name for name in SCHEMAS]


def scripts_of(value: Any) -> Iterator[str]:
    """Give each shell script in a CI file."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"run", "script", "before_script"}:
                yield inner if isinstance(inner, str) else "\n".join(inner)
            else:
                yield from scripts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts_of(inner)


def commands_of(path: Path) -> list[list[str]]:
    """Return the arguments of each ``evalhub`` that the file runs."""
    scripts = "\n".join(scripts_of(yaml.safe_load(path.read_text())))
    lines = scripts.replace("\\\n", " ").splitlines()
    commands = []
    for line in lines:
        words = shlex.split(line.partition("||")[0])
        if words[:1] == ["evalhub"]:
            commands.append(words[1:])
    return commands


def test_all_files_are_tested() -> None:
    """A file that is added is tested as well."""
    assert {path.name for path in FOLDER.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_service_would_take_it(path: Path) -> None:
    """The schemas come with check-jsonschema, and nothing is fetched."""
    schema = SCHEMAS[path.name]
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_command_is_one_of_ours(path: Path) -> None:
    """Every option that the file names is one of the real command line."""
    commands = commands_of(path)
    assert ["eval", "run", "$SUITE", "--reports", "reports"] in commands
    for arguments in commands:
        command = typer.main.get_command(build(arguments))
        context = None
        rest = arguments
        while hasattr(command, "resolve_command"):
            context = command.make_context(rest[0], [], parent=context, resilient_parsing=True)
            _, command, rest = command.resolve_command(context, rest)
        assert command is not None
        parsed = command.make_context("", list(rest), parent=context)
        assert str(parsed.params["suite"]) == "$SUITE"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_script_is_shell(path: Path) -> None:
    """``bash -n`` reads each of them."""
    scripts = list(scripts_of(yaml.safe_load(path.read_text())))
    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("name", ["github-nightly.yml", "github-pull-request.yml"])
@pytest.mark.parametrize(
    ("code", "ends_with", "told"),
    [
        (ExitCode.PASS, 0, ""),
        (ExitCode.FAILED, 1, ""),
        (ExitCode.USAGE, 2, ""),
        (ExitCode.INCONCLUSIVE, 0, "::warning::inconclusive"),
        (ExitCode.INCOMPLETE, 4, "::error::incomplete"),
        (ExitCode.JUDGE_MOVED, 5, "::error::suspended"),
    ],
)
def test_exit_codes_are_handled(
    tmp_path: Path, name: str, code: int, ends_with: int, told: str
) -> None:
    """The step itself is run, as GitHub runs it, with a stand-in that ends with the code."""
    stand_in = tmp_path / "evalhub"
    stand_in.write_text(f"#!/bin/sh\nexit {code}\n")
    stand_in.chmod(0o755)
    (step,) = [
        script
        for script in scripts_of(yaml.safe_load((FOLDER / name).read_text()))
        if "eval run" in script
    ]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "SUITE": "suite.yaml"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends_with
    assert done.stdout.startswith(told)


def test_gitlab_warns_when_inconclusive() -> None:
    """Its own key takes the code that ours has."""
    job = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())[".evaluation"]
    assert job["allow_failure"] == {"exit_codes": ExitCode.INCONCLUSIVE}
    assert job["artifacts"]["reports"]["junit"] == "reports/junit.xml"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_evalhub_is_never_installed_by_its_bare_name(path: Path) -> None:
    """On the public index another project has it, and the job holds keys."""
    scripts = "\n".join(scripts_of(yaml.safe_load(path.read_text())))
    (line,) = (line for line in scripts.splitlines() if "pip install" in line)
    assert line.endswith(' @ $EVALHUB_SOURCE"')
    assert "EVALHUB_SOURCE: git+https://" in path.read_text()


@pytest.mark.parametrize("name", ["github-nightly.yml", "github-pull-request.yml"])
def test_what_was_paid_for_is_kept(name: str) -> None:
    """actions/cache saves nothing of a job that failed, as a failed gate's job does."""
    (job,) = yaml.safe_load((FOLDER / name).read_text())["jobs"].values()
    steps = {step.get("uses", "").partition("@")[0]: step for step in job["steps"]}
    assert "actions/cache" not in steps
    restore, save = steps["actions/cache/restore"], steps["actions/cache/save"]
    assert save["if"] == "always()"
    assert save["with"]["path"] == restore["with"]["path"]
    assert f"steps.{restore['id']}.outputs" in save["with"]["key"]


@pytest.mark.parametrize("found", ["", "7\n12"])
def test_the_comment_is_our_own(tmp_path: Path, found: str) -> None:
    """It is found by its first line and replaced; the bot's other comments are left alone.

    The stand-in for ``gh`` lists the comments that bear the mark, and notes what it is asked.
    """
    (step,) = [
        script
        for script in scripts_of(yaml.safe_load((FOLDER / "github-pull-request.yml").read_text()))
        if "gh pr comment" in script
    ]
    stand_in = tmp_path / "gh"
    stand_in.write_text(
        '#!/bin/sh\necho "$*" >> asked\ncase "$*" in *--paginate*) printf "%s" "$FOUND";; esac\n'
    )
    stand_in.chmod(0o755)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report.md").write_text("## summaries: pass\n")
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SUITE": "s.yaml", "NUMBER": "4", "FOUND": found}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step]
    subprocess.run(shell, env=env, cwd=tmp_path, check=True)
    comment = (tmp_path / "comment.md").read_text()
    assert comment == "<!-- evalhub: s.yaml -->\n## summaries: pass\n"
    listed, written = (tmp_path / "asked").read_text().splitlines()
    assert 'startswith("<!-- evalhub: s.yaml -->")' in listed
    assert 'user.type == "Bot"' in listed
    if found:
        assert "PATCH repos/{owner}/{repo}/issues/comments/12" in written
    else:
        assert written == "pr comment 4 --body-file comment.md"
