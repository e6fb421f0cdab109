"""The examples of docs/statistics.md are true."""

import doctest
import re
from pathlib import Path

from evalhub.metrics import stats

GUIDE = Path(__file__).parents[3] / "docs" / "statistics.md"


def test_examples_of_the_guide_give_what_it_says() -> None:
    """They are run in order, as a reader would."""
    blocks = re.findall(r"```pycon\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", str(GUIDE), 0)
    assert len(test.examples) > 40
    told: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)


def test_the_guide_names_functions_that_are_there() -> None:
    """Every name in code quotes that looks like a function of the package is one."""
    text = re.sub(r"```.*?```", "", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    known = set(stats.__all__)
    assert len(named & known) > 20
    assert named - known == {"p_adjusted"}
