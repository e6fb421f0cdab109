"""The examples of docs/judge-calibration.md are true."""

import doctest
import re
from pathlib import Path
from typing import cast

from typer.core import TyperGroup
from typer.main import get_command

from evalhub.cli.judge import app

GUIDE = Path(__file__).parents[3] / "docs" / "judge-calibration.md"


def test_examples_of_the_guide_give_what_it_says() -> None:
    """They are run in order, as a reader would."""
    blocks = re.findall(r"```pycon\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", str(GUIDE), 0)
    assert len(test.examples) > 10
    told: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)


def test_options_that_the_guide_names_are_there() -> None:
    """Every option in the guide is one of a command of ``evalhub judge``."""
    groups = (app, *(item.typer_instance for item in app.registered_groups))
    commands = [
        command
        for group in groups
        if group is not None
        for command in cast("TyperGroup", get_command(group)).commands.values()
    ]
    known = {name for command in commands for item in command.params for name in item.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE.read_text(encoding="utf-8")))
    assert len(named) > 15
    assert named <= known
