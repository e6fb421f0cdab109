"""Metrics that other packages offer as entry points."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = '''
"""A package with metrics of its own."""

from dataclasses import dataclass

from evalhub.metrics.base import ScoreColumn, signature


@dataclass(frozen=True)
class Vowels:
    """How many vowels the output has.

    More about it.
    """

    letters: str = "aeiou"

    name = "vowels"
    requires = ("outputs",)

    @property
    def signature(self):
        return signature(self.name, version=1, letters=self.letters)

    def score_batch(self, outputs):
        import numpy as np

        values = [sum(letter in self.letters for letter in text) for text in outputs]
        column = ScoreColumn(self.name, np.array(values, float), self.signature, bounds=None)
        return {self.name: column}
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with an installed package: one good entry point, and one broken."""
    (tmp_path / "acme_metrics.py").write_text(PACKAGE, encoding="utf-8")
    (tmp_path / "acme_broken.py").write_text("import nothing_like_it\n", encoding="utf-8")
    info = tmp_path / "acme_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[evalhub.metrics]\nvowels = acme_metrics:Vowels\nbroken = acme_broken:Metric\n"
    )
    return tmp_path


def run(code: str, site: Path) -> Any:
    """Run *code* where the package is installed, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json\nfrom evalhub.metrics import available, load\n{code}"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(site)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_package_adds_its_own(site: Path) -> None:
    """It is found by name, takes its settings, and scores."""
    code = (
        "metric = load('vowels', letters='a')\n"
        "values = metric.score_batch(['banana', 'x'])['vowels'].values.tolist()\n"
        "print(json.dumps([metric.signature, values]))"
    )
    assert run(code, site) == ["vowels|letters:a|v:1", [3.0, 0.0]]


def test_it_is_listed_and_a_broken_one_does_not_hide_the_others(site: Path) -> None:
    """The broken one is there with the package's name and what is wrong."""
    code = (
        "infos = {i.name: i for i in available()}\n"
        "print(json.dumps([len(infos), infos['vowels'].summary, infos['vowels'].settings,\n"
        "    infos['vowels'].requires, infos['vowels'].error, infos['broken'].error]))"
    )
    count, summary, settings, requires, error, broken = run(code, site)
    assert count > 10
    assert summary == "How many vowels the output has."
    assert settings == {"letters": "'aeiou'"}
    assert requires == ["outputs"]
    assert error is None
    assert broken == (
        "broken of the package acme-metrics cannot be imported: ModuleNotFoundError: "
        "No module named 'nothing_like_it'; mend or remove that package"
    )


def test_loading_a_broken_one_is_one_clear_error(site: Path) -> None:
    """The same line as in the list."""
    code = (
        "from evalhub.errors import MetricError\n"
        "try:\n    load('broken')\n"
        "except MetricError as error:\n    print(json.dumps(str(error)))"
    )
    assert run(code, site).startswith("broken of the package acme-metrics cannot be imported")
