"""LLMBar's published statistics, from the answers that its judges gave.

LLMBar (Zeng et al., 2024, "Evaluating Large Language Models at Evaluating Instruction
Following") keeps each judge's completions for both orders of each pair. Here
:class:`PairwiseJudge` reads them as it would a model's, and every published number comes out.

The published kappas against the labels are of another coding than one expects: winners are
coded 1 and 0 (0 for the second output and for no winner), labels 1 and 2. So a judge that is
right in 95 of 100 has kappa .27 there; with one coding it is .90 (``test_kappa_as_meant``).
``kappa_agreement``, between the two orders, has no such slip.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from evalhub.metrics.judge.pairwise import PairwiseColumn, PairwiseJudge
from evalhub.metrics.stats.agreement import cohen_kappa

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
ORDERS = ("a_first", "b_first")
STYLES = ("GPT-4/Vanilla", "GPT-4/CoT", "ChatGPT/Vanilla", "ChatGPT/CoT")
SUBSETS = ("Natural", "Adversarial/GPTInst")
RIGHT_KAPPA = {
    "Natural/GPT-4/Vanilla": (0.898, 0.918),
    "Natural/ChatGPT/Vanilla": (0.603, 0.638),
    "Adversarial/GPTInst/GPT-4/CoT": (0.631, 0.696),
    "Adversarial/GPTInst/ChatGPT/Vanilla": (-0.447, -0.490),
}
"""Kappa of judge and label in one coding, for each order: scikit-learn 1.9.1."""

pytestmark = pytest.mark.skipif(
    not (DATA / "llmbar_replay.jsonl.gz").exists(), reason="the shared data folder is not here"
)


class Replayed(NamedTuple):
    """One judge's winners in one subset: "1", "2", "tie" or None, for each order."""

    labels: list[str]
    recorded: dict[str, list[str | None]]
    found: dict[str, list[str | None]]
    column: PairwiseColumn


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, Any]]:
    """Return the pairs with their labels and what the judges answered."""
    with gzip.open(DATA / "llmbar_replay.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, Any]]:
    """Return the published statistics by subset, model and style."""
    found: dict[str, dict[str, Any]] = json.loads((DATA / "llmbar_published.json").read_text())
    return found


@pytest.fixture(scope="module")
def replayed(
    pairs: Sequence[Mapping[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Replayed]:
    """Return what our judge reads in the recorded answers, by subset, model and style."""
    folder = tmp_path_factory.mktemp("llmbar")
    found = {}
    for style in STYLES:
        recording = folder / f"{style.replace('/', '-')}.jsonl"
        recording.write_text("".join(_recorded(pair, style) for pair in pairs))
        judge = PairwiseJudge(
            criteria="Which output follows the instruction better?",
            columns=("ids", "inputs"),
            replay=str(recording),
            explain=style.endswith("CoT"),
        )
        for subset in SUBSETS:
            chosen = [pair for pair in pairs if pair["id"].startswith(f"{subset}/")]
            found[f"{subset}/{style}"] = _replay(judge, chosen, style)
    return found


def _recorded(pair: Mapping[str, Any], style: str) -> str:
    """Return the lines of the recording that hold the answers of one judge on one pair."""
    lines = [
        {
            "key": f"{pair['id']}/{order}",
            "model": style.partition("/")[0],
            "completion": pair["judges"][style][order]["completion"],
        }
        for order in ORDERS
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _replay(judge: PairwiseJudge, pairs: Sequence[Mapping[str, Any]], style: str) -> Replayed:
    table = judge.score_batch(
        outputs=[pair["output_1"] for pair in pairs],
        baseline_outputs=[pair["output_2"] for pair in pairs],
        ids=[pair["id"] for pair in pairs],
        inputs=[{"instruction": pair["input"]} for pair in pairs],
    )
    column = table[judge.name]
    assert isinstance(column, PairwiseColumn)
    names = {"output": "1", "baseline": "2", "tie": "tie", None: None}
    chosen = {"a_first": column.a_first, "b_first": column.b_first}
    return Replayed(
        labels=[str(pair["label"]) for pair in pairs],
        recorded={
            order: [pair["judges"][style][order]["winner"] for pair in pairs] for order in ORDERS
        },
        found={order: [names[who] for who in chosen[order]] for order in ORDERS},
        column=column,
    )


def _statistics(run: Replayed) -> dict[str, Any]:
    """Return LLMBar's statistics of *run*, under its names and in its form."""
    n, labels = len(run.labels), run.labels
    first, second = (run.found[order] for order in ORDERS)
    right = [
        [winner == label for winner, label in zip(winners, labels, strict=True)]
        for winners in (first, second)
    ]
    kappas = [_published_kappa(winners, labels) for winners in (first, second)]
    return {
        "correct_False": _share(sum(right[0]), n),
        "correct_True": _share(sum(right[1]), n),
        "correct_average": f"{(sum(right[0]) + sum(right[1])) / 2 / n * 100}%",
        "correct_both": _share(sum(map(all, zip(*right, strict=True))), n),
        "equal": _share(sum(a == b for a, b in zip(first, second, strict=True)), n),
        "kappa_False": kappas[0],
        "kappa_True": kappas[1],
        "kappa_average": sum(kappas) / 2,
        "kappa_agreement": cohen_kappa(_coded(first), _coded(second)),
    }


def _share(count: int, n: int) -> str:
    return f"{count} / {n} = {count / n * 100}%"


def _coded(winners: Sequence[str | None]) -> list[int]:
    """Code winners as LLMBar does: 1 for the first output, 0 for all else."""
    return [int(winner == "1") for winner in winners]


def _published_kappa(winners: Sequence[str | None], labels: Sequence[str]) -> float:
    return cohen_kappa(_coded(winners), [int(label) for label in labels])


NAMES = [f"{subset}/{style}" for subset in SUBSETS for style in STYLES]
FIGURES = (
    "correct_False",
    "correct_True",
    "correct_average",
    "correct_both",
    "equal",
    "kappa_False",
    "kappa_True",
    "kappa_average",
    "kappa_agreement",
)


def test_table_is_whole(published: Mapping[str, Mapping[str, Any]]) -> None:
    """Nothing that is published goes untested."""
    assert sorted(published) == sorted(NAMES)
    assert all(sorted(figures) == sorted(FIGURES) for figures in published.values())


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("name", NAMES)
def test_published_figure_comes_out(
    name: str,
    figure: str,
    replayed: Mapping[str, Replayed],
    published: Mapping[str, Mapping[str, Any]],
) -> None:
    """Counts and shares are equal to the letter, kappas to 12 decimals."""
    found, expected = _statistics(replayed[name])[figure], published[name][figure]
    if isinstance(expected, str):
        assert found == expected
    else:
        assert found == pytest.approx(expected, abs=1e-12)


def test_our_reading_is_the_recorded_one(replayed: Mapping[str, Replayed]) -> None:
    """Of 1,536 answers we read 1,534 as LLMBar did; two that it could not read are ties.

    One says that both outputs are equally good, the other that neither follows the
    instruction. To LLMBar they have no winner; a tie is none either.
    """
    unlike = [
        (name, index, before, now)
        for name, run in replayed.items()
        for order in ORDERS
        for index, (before, now) in enumerate(
            zip(run.recorded[order], run.found[order], strict=True)
        )
        if before != now
    ]
    answers = sum(2 * len(run.labels) for run in replayed.values())
    assert answers == 1536
    assert [(name, index) for name, index, *_ in unlike] == [
        ("Natural/ChatGPT/CoT", 17),
        ("Adversarial/GPTInst/ChatGPT/CoT", 32),
    ]
    assert all((before, now) == (None, "tie") for *_, before, now in unlike)


@pytest.mark.parametrize("name", list(RIGHT_KAPPA))
def test_kappa_as_meant(name: str, replayed: Mapping[str, Replayed]) -> None:
    """With winners and labels in one coding, kappa says how good the judge is."""
    run = replayed[name]
    for order, expected in zip(ORDERS, RIGHT_KAPPA[name], strict=True):
        assert round(cohen_kappa(run.found[order], run.labels), 3) == expected


@pytest.mark.parametrize("name", NAMES)
def test_both_orders_decide(name: str, replayed: Mapping[str, Replayed]) -> None:
    """A win or a loss holds in both orders; the flips are those that LLMBar's answers show."""
    run = replayed[name]
    pairs = [set(pair) for pair in zip(*(run.recorded[order] for order in ORDERS), strict=True)]
    expected = [1.0 if pair == {"1"} else 0.0 if pair == {"2"} else 0.5 for pair in pairs]
    assert run.column.values.tolist() == expected
    flips = sum(pair == {"1", "2"} for pair in pairs)
    assert run.column.flip_rate == pytest.approx(flips / len(pairs))
