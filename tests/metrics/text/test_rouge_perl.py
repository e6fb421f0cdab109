"""ROUGE in the mode ``perl155`` against ROUGE-1.5.5.pl: every value, under all its options."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from RAKE.stoplists.SmartStopList import (  # type: ignore[import-untyped] # it has no stubs
    words as smart_words,
)

from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.text.rouge import Rouge
from evalhub.model import ScoreState

DATA = Path(__file__).parents[4] / "shared" / "data"
WORDNET = Path("/usr/share/wordnet")
"""Where Debian's wordnet-base has the exception lists (tests/install-services)."""
PLAIN = [
    ("toy", "-n 4 -2 4 -U -w 1.2", 1197),
    ("toy", "-n 2 -2 -1 -U -w 1.2", 897),
    ("toy", "-n 1 -2 0 -U -w 2", 747),
    ("toy", "-n 2 -2 4 -U -w 1.2 -f B", 897),
    ("toy", "-n 2 -2 4 -U -w 1.2 -p 0.2", 897),
    ("toy", "-n 2 -2 4 -U -w 1.2 -l 5", 897),
    ("toy", "-n 2 -2 4 -U -w 1.2 -b 20", 897),
    ("summeval60", "-n 4 -2 4 -U -w 1.2", 1440),
]
STEMMED = [
    ("toy", "-n 2 -2 4 -U -w 1.2 -m", 897),
    ("summeval60", "-n 4 -2 4 -U -w 1.2 -m", 1440),
    ("summeval60", "-n 4 -2 4 -U -w 1.2 -m -f A", 1440),
    ("summeval60", "-n 4 -2 4 -U -w 1.2 -m -f B", 1440),
]
STOPPED = [("toy", "-n 2 -2 4 -U -w 1.2 -s", 750), ("toy", "-n 2 -2 4 -U -w 1.2 -m -s", 750)]
WITHOUT_TOKENS = 15
"""The toy item in Chinese: all 0 for the script, except for ROUGE-W, on which it dies."""


@dataclass(frozen=True)
class Agreement:
    """How many values are the script's, and which are not."""

    values: int
    different: list[tuple[int, str, float, float]]

    @property
    def share(self) -> float:
        """The share of values that are the script's, to 1e-5."""
        return 1 - len(self.different) / self.values


def _golden(data: str, options: str) -> tuple[list[Any], dict[str, Any]]:
    path = DATA / f"rouge155_golden_{data}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    golden = json.loads(path.read_text(encoding="utf-8"))
    run = next(run for run in golden["runs"] if run["opts"].strip() == options)
    return golden["items"], run


def _variant(name: str) -> str:
    return name.replace("ROUGE-", "rouge")


def _number(pattern: str, options: str) -> int | None:
    found = re.search(rf"{pattern} (\d+)", options)
    return int(found[1]) if found else None


def _rouge(run: dict[str, Any], **settings: Any) -> Rouge:
    """Return the metric that *run*'s options ask for."""
    options = run["opts"]
    alpha = re.search(r"-p (\S+)", options)
    made: dict[str, Any] = {
        "variants": sorted({_variant(name) for item in run["per_item"] for name in item}),
        "compat": "perl155",
        "stemmer": "-m" in options,
        "multi_reference": "best" if "-f B" in options else "average",
        "alpha": float(alpha[1]) if alpha else 0.5,
        "tokenizer": "rouge_score",
        "max_words": _number("-l", options),
        "max_bytes": _number("-b", options),
        "no_tokens": "zero",
    }
    return Rouge(**{**made, **settings})


def _table(items: list[Any], run: dict[str, Any], rouge: Rouge) -> Mapping[str, PrecisionRecallF]:
    references = 1 if run.get("name", "").startswith("1ref") else None
    return rouge.score_batch(
        ["\n".join(item["peer"]) for item in items],
        [["\n".join(model) for model in item["models"][:references]] for item in items],
    )


def _score(items: list[Any], run: dict[str, Any], rouge: Rouge) -> Agreement:
    """Compare each value that the script gave, in whatever run."""
    table = _table(items, run, rouge)
    values, different = 0, []
    for i, expected in enumerate(run["per_item"]):
        for name, (recall, precision, fmeasure) in expected.items():
            column = table[_variant(name)]
            got = (column.recall[i], column.precision[i], column.fmeasure[i])
            for ours, theirs in zip(got, (recall, precision, fmeasure), strict=True):
                values += 1
                if not abs(ours - theirs) < 1e-5:  # NaN is different as well
                    different.append((i, name, float(ours), theirs))
    return Agreement(values, different)


@pytest.mark.parametrize(("data", "options", "values"), PLAIN)
def test_every_value_is_the_scripts(data: str, options: str, values: int) -> None:
    """N, L, W, S and SU with all references, weights and limits, and no value left out."""
    items, run = _golden(data, options)
    agreement = _score(items, run, _rouge(run))
    assert agreement.values == values
    assert agreement.different == []


def _wordnet() -> str:
    if not (WORDNET / "noun.exc").exists():
        pytest.fail(f"{WORDNET} has no exception lists; run tests/install-services")
    return str(WORDNET)


@pytest.mark.parametrize(("data", "options", "values"), STEMMED)
def test_every_stemmed_value_is_the_scripts(data: str, options: str, values: int) -> None:
    """With WordNet's exception lists ``-m`` is reproduced in full."""
    items, run = _golden(data, options)
    agreement = _score(items, run, _rouge(run, exceptions=_wordnet()))
    assert agreement.values == values
    assert agreement.different == []


@pytest.fixture(scope="module")
def smart_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the SMART list, as the package python-rake has it."""
    path = tmp_path_factory.mktemp("words") / "smart.txt"
    path.write_text("\n".join(smart_words()), encoding="utf-8")
    return path


@pytest.mark.parametrize(("data", "options", "values"), [*STEMMED, *STOPPED])
def test_share_of_values_that_agree_with_and_without_lists(
    data: str,
    options: str,
    values: int,
    smart_list: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """With the lists at least 95% of the values are the script's; the shares are printed."""
    items, run = _golden(data, options)
    lists = {
        "exceptions": _wordnet() if "-m" in options else None,
        "stopwords": smart_list if "-s" in options else None,
    }
    with_lists = _score(items, run, _rouge(run, **lists))
    without = _score(items, run, _rouge(run))
    print(f"{options}: {with_lists.share:.2%} with the lists, {without.share:.2%} without")
    record_property("share_with_lists", with_lists.share)
    record_property("share_without_lists", without.share)
    assert with_lists.values == values
    assert without.share < with_lists.share >= 0.95


@pytest.mark.parametrize(("data", "options", "values"), STOPPED)
def test_stop_words_beyond_smarts_explain_the_rest(
    data: str, options: str, values: int, smart_list: Path, tmp_path: Path
) -> None:
    """Only items with "sat" differ: the script's own list has it as well, as a day's name."""
    items, run = _golden(data, options)
    exceptions = _wordnet() if "-m" in options else None
    plain = _score(items, run, _rouge(run, exceptions=exceptions, stopwords=smart_list))
    texts = [str(item).split() for item in items]
    assert all("sat" in texts[i] for i, *_ in plain.different)
    days = tmp_path / "days.txt"
    days.write_text("sat\n", encoding="utf-8")
    rouge = _rouge(run, exceptions=exceptions, stopwords=[smart_list, days])
    agreement = _score(items, run, rouge)
    assert agreement.values == values
    assert agreement.different == []


MEAN_TOLERANCE = 0.13
"""In standard errors. The script prints the mean of 1,000 resamples' means, which is off by
one in the root of 1,000 of them, give or take; four times that is allowed."""
END_TOLERANCE = 0.12
"""In widths of the interval: four times what two ends of 1,000 resamples each may differ by."""


@pytest.mark.parametrize(("data", "options", "values"), [*PLAIN, *STEMMED])
def test_corpus_scores_are_the_scripts_but_for_its_draws(
    data: str, options: str, values: int
) -> None:
    """Means and 95% intervals agree as closely as two bootstraps with unlike draws can."""
    items, run = _golden(data, options)
    rouge = _rouge(run, exceptions=_wordnet() if "-m" in options else None)
    corpus = rouge.corpus(_table(items, run, rouge), bootstrap=1000, seed=0)
    for name, parts in run["average_with_ci"].items():
        score = corpus[_variant(name)]
        ours = {"R": score.recall, "P": score.precision, "F": score.fmeasure}
        for part, (mean, lower, upper) in parts.items():
            interval, width = ours[part], upper - lower
            assert interval.stderr is not None
            assert interval.mean == pytest.approx(mean, abs=MEAN_TOLERANCE * interval.stderr)
            assert interval.lower == pytest.approx(lower, abs=END_TOLERANCE * width)
            assert interval.upper == pytest.approx(upper, abs=END_TOLERANCE * width)


def test_what_the_script_dies_on_is_a_state() -> None:
    """It divides by zero for ROUGE-W of a reference without tokens, and has no value there."""
    items, run = _golden("toy", "-n 2 -2 4 -U -w 1.2 -f B")
    item = items[WITHOUT_TOKENS]
    assert "ROUGE-W-1.2" not in run["per_item"][WITHOUT_TOKENS]
    rouge = _rouge(run)
    table = rouge.score_batch(["\n".join(item["peer"])], [["\n".join(item["models"][0])]])
    score = table["rougeW-1.2"].score(0)
    assert score.state is ScoreState.ERRORED
    assert "divides by zero" in (score.explanation or "")
    assert table["rouge1"].score(0).value == 0.0


def test_the_state_is_of_the_whole_example_unless_zero_is_asked_for() -> None:
    """A text without tokens is never a silent 0, in this mode neither."""
    items, run = _golden("toy", "-n 2 -2 4 -U -w 1.2 -f B")
    item = items[WITHOUT_TOKENS]
    rouge = _rouge(run, no_tokens="error")
    table = rouge.score_batch(["\n".join(item["peer"])], [["\n".join(item["models"][0])]])
    assert {column.score(0).state for column in table.values()} == {ScoreState.ERRORED}


@pytest.mark.parametrize(
    ("compat", "recall"),
    [("rouge_score", 1.0), ("perl155", 0.5)],  # "K" is a sign, and "k" its lower case
)
def test_the_script_reads_bytes(compat: str, recall: float) -> None:
    """No letter of Unicode becomes an ASCII one; rouge_score lowers them first."""
    rouge = Rouge(["rouge1", "rougeL"], compat=compat)  # type: ignore[arg-type] # any of its names
    table = rouge.score_batch(["5 \u212a"], ["5 k"])
    assert [column.recall[0] for column in table.values()] == [recall, recall]


def test_the_best_reference_for_l_is_found_before_rounding() -> None:
    """134 of 313 and 137 of 320 both print as 0.42812; the second is the greater share."""
    first, second = [f"x{i}" for i in range(313)], [f"y{i}" for i in range(320)]
    output = " ".join([*first[:134], *second[:137]])
    rouge = Rouge(["rouge1", "rougeL"], compat="perl155", multi_reference="best", stemmer=False)
    references = [" ".join(first) + "\n.", " ".join(second)]
    table = rouge.score_batch([output], [references])
    assert [column.recall[0] for column in table.values()] == [0.42812, 0.42812]
    assert table["rouge1"].precision[0] == pytest.approx(134 / 271, abs=1e-5)
    assert table["rougeL"].precision[0] == pytest.approx(137 / 271, abs=1e-5)
