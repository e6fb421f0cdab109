"""The examples of docs/metrics-rouge.md are true."""

import doctest
import re
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "metrics-rouge.md"


def test_examples_of_the_guide_give_what_it_says() -> None:
    """They are run in order, as a reader would."""
    blocks = re.findall(r"```pycon\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "guide", str(GUIDE), 0)
    assert len(test.examples) > 15
    told: list[str] = []
    outcome = doctest.DocTestRunner().run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)
