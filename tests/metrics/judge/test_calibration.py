"""A judge against people: figures, thresholds, held-out labels, several raters, warnings."""

import math
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix, recall_score

from evalhub.errors import MetricInputError
from evalhub.metrics.judge.calibration import calibrate
from evalhub.metrics.judge.calibration_labels import Kind, read_label, split
from evalhub.metrics.stats.ratings import Label


def _verdicts(
    n: int, *, base: float = 0.7, tpr: float = 0.9, tnr: float = 0.8, seed: int = 0
) -> tuple[list[float], list[float]]:
    """Return a judge's verdicts and people's, with these true rates."""
    rng = np.random.default_rng(seed)
    human = rng.random(n) < base
    judge = np.where(human, rng.random(n) < tpr, rng.random(n) >= tnr)
    return judge.astype(float).tolist(), human.astype(float).tolist()


def _grades(n: int, *, seed: int = 0) -> tuple[list[float], list[float]]:
    """Return a judge's grades, mostly one too high, and people's."""
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 6, n)
    judge = np.clip(human + rng.integers(0, 2, n), 1, 5)
    return judge.astype(float).tolist(), human.astype(float).tolist()


def test_figures_of_verdicts_are_those_of_scikit_learn() -> None:
    """Confusion, accuracy, kappa and both rates equal scikit-learn's."""
    judge, human = _verdicts(120)
    found = calibrate(judge, human)
    assert found.kind is Kind.VERDICT
    assert [list(row) for row in found.confusion] == confusion_matrix(human, judge).tolist()
    assert found.accuracy.value == pytest.approx(np.mean(np.equal(judge, human)))
    assert found.kappa.value == pytest.approx(cohen_kappa_score(judge, human))
    assert found.verdicts is not None
    assert found.verdicts.true_pass_rate.value == pytest.approx(recall_score(human, judge))
    fails = recall_score(human, judge, pos_label=0)
    assert found.verdicts.true_fail_rate.value == pytest.approx(fails)
    assert found.verdicts.base_rate.value == pytest.approx(np.mean(human))
    assert found.verdicts.judge_rate.value == pytest.approx(np.mean(judge))
    assert found.verdicts.corrected_rate is None


def test_words_are_verdicts() -> None:
    """Pass, True, yes and 1 are one label to both sides, in any case."""
    judge: list[Label] = ["Pass", "fail", True, "no", 1, "correct", "FALSE", None]
    found = calibrate(judge, [1, 0, 1, 0, 1, 1, 0, 1])
    assert found.accuracy.value == 1.0
    assert (found.n, found.unjudged) == (7, 1)


@pytest.mark.parametrize(
    ("judge", "human"),
    [
        (["Y", "n", "y "] * 9, ["Yes", "NO", "yes"] * 9),
        (["1", "0", "1"] * 9, [1, 0, True] * 9),
        (["accept", "reject", "OK"] * 9, np.array([True, False, True] * 9)),
        (pd.Series([1, 0, 1] * 9, dtype="Int64"), ["right", "wrong", "right"] * 9),
    ],
)
def test_verdicts_are_known_however_they_are_put(judge: Any, human: Any) -> None:
    """Short words, digits as texts, truth values and pandas' columns."""
    found = calibrate(judge, human)
    assert found.kind is Kind.VERDICT
    assert found.confusion == ((9, 0), (0, 18))


def test_case_parts_no_categories() -> None:
    """A judge that writes "Billing" agrees with people who write "billing"."""
    found = calibrate(["Billing", "SALES", "other"] * 9, ["billing", "Sales", "other"] * 9)
    assert found.categories == ("billing", "other", "sales")
    assert found.kappa.value == 1


def test_figures_of_grades() -> None:
    """Grades have quadratic kappa on the whole scale, and the judge's leniency."""
    judge, human = _grades(150)
    found = calibrate(judge, human, scale=(1.0, 5.0))
    assert found.kind is Kind.GRADE
    assert found.categories == (1.0, 2.0, 3.0, 4.0, 5.0)
    expected = cohen_kappa_score(judge, human, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert found.kappa.value == pytest.approx(expected)
    assert found.grades is not None
    assert found.verdicts is None
    bias = found.grades.bias
    assert bias.value == pytest.approx(np.mean(np.subtract(judge, human)))
    assert bias.lower is not None
    assert bias.lower > 0


def test_categories_are_compared_by_name() -> None:
    """Other words are names without order."""
    found = calibrate(["a", "b", "c", "a"], ["a", "b", "b", "c"])
    assert found.kind is Kind.CATEGORY
    assert found.categories == ("a", "b", "c")
    assert found.accuracy.value == 0.5
    assert found.confusion == ((1, 0, 0), (0, 1, 1), (1, 0, 0))


def test_threshold_makes_verdicts_of_grades() -> None:
    """The judge passes from 4; people gave verdicts, or grades with a threshold of their own."""
    judge: list[Label] = [1, 3, 4, 5]
    by_words = calibrate(judge, ["fail", "pass", "pass", "pass"], threshold=4)
    assert by_words.confusion == ((1, 0), (1, 2))
    by_grades = calibrate(judge, [1, 3, 4, 5], threshold=4, human_threshold=3)
    assert by_grades.confusion == ((1, 0), (1, 2))
    assert by_grades.human_threshold == 3
    assert calibrate(judge, [1, 3, 4, 5], threshold=4).confusion == ((2, 0), (0, 2))


def test_people_who_all_gave_one_are_graders_with_a_threshold() -> None:
    """Ones on a scale of 1 to 5 are the lowest grade, not passes, once a threshold is told."""
    found = calibrate([1, 2, 4], [1, 1, 1], threshold=4, human_threshold=4, scale=(1.0, 5.0))
    assert found.verdicts is not None
    assert found.verdicts.base_rate.value == 0.0


def test_chosen_threshold_is_measured_on_other_labels() -> None:
    """``auto`` takes the grade of greatest kappa on the choosing half, and tells the other's."""
    judge, human = _grades(200, seed=3)
    truth = [float(grade >= 3) for grade in human]
    found = calibrate(judge, truth, threshold="auto", held_out=0.5, seed=4)
    chosen, measured = split(range(200), 0.5, 4)
    kappas = {
        grade: cohen_kappa_score([judge[i] >= grade for i in chosen], [truth[i] for i in chosen])
        for grade in (2, 3, 4, 5)
    }
    assert found.threshold == max(kappas, key=lambda grade: kappas[grade])
    assert found.threshold_chosen
    assert found.n == len(measured)
    assert found.split is not None
    assert found.split.chosen_on == len(chosen) == 200 - len(measured)
    held = [judge[i] >= found.threshold for i in measured]
    assert found.kappa.value == pytest.approx(cohen_kappa_score(held, [truth[i] for i in measured]))


def test_choosing_and_measuring_on_the_same_labels_flatters() -> None:
    """A judge that grades at random has kappa near 0 on held-out labels, whatever is chosen."""
    rng = np.random.default_rng(1)
    flattered, honest = [], []
    for seed in range(60):
        judge = rng.integers(1, 11, 60).astype(float).tolist()
        human = (rng.random(60) < 0.5).astype(float).tolist()
        found = calibrate(judge, human, threshold="auto", held_out=0.5, seed=seed)
        honest.append(found.kappa.value or 0.0)
        best = [
            cohen_kappa_score([grade >= mark for grade in judge], human) for mark in range(2, 11)
        ]
        flattered.append(max(best))
    assert np.mean(flattered) > 0.1
    assert abs(np.mean(honest)) < 0.06


def test_split_keeps_clusters_and_earlier_labels_together() -> None:
    """A cluster is on one side whole, and labels that are added later move no other one."""
    clusters = [f"c{i // 4}" for i in range(80)]
    chosen, aside = split(clusters, 0.4, seed=2)
    assert {clusters[i] for i in chosen}.isdisjoint({clusters[i] for i in aside})
    later, _ = split([*clusters, "c90", "c91"], 0.4, seed=2)
    assert [i for i in later if i < 80] == chosen
    assert split(clusters, 0.4, seed=3)[0] != chosen


def test_clusters_of_the_calibration_are_held_out_whole() -> None:
    """The figures rest on whole clusters, and their number is told."""
    judge, human = _verdicts(90)
    clusters = [i // 3 for i in range(90)]
    found = calibrate(judge, human, clusters=clusters, held_out=0.5)
    _, measured = split(clusters, 0.5, 0)
    assert found.n == len(measured)
    assert found.clusters == len({clusters[i] for i in measured})


def test_clusters_widen_every_interval() -> None:
    """Labels that repeat within clusters give the interval of the clusters."""
    judge, human = _verdicts(50)
    new = _verdicts(3000, seed=2)[0]
    blind = calibrate(judge * 4, human * 4, unlabelled=new)
    told = calibrate(judge * 4, human * 4, unlabelled=new, clusters=list(range(50)) * 4)
    assert blind.verdicts is not None
    assert told.verdicts is not None
    pairs = [
        (blind.accuracy, told.accuracy),
        (blind.kappa, told.kappa),
        (blind.alpha, told.alpha),
        (blind.verdicts.true_pass_rate, told.verdicts.true_pass_rate),
        (blind.verdicts.corrected_rate, told.verdicts.corrected_rate),
    ]
    for narrow, wide in pairs:
        assert narrow is not None
        assert wide is not None
        assert wide.value == pytest.approx(narrow.value)
        assert _width(wide) > 1.3 * _width(narrow)


def _width(figure: Any) -> float:
    return float(figure.upper - figure.lower)


def test_corrected_rate_is_near_the_truth() -> None:
    """A lenient judge passes too many; the corrected rate's interval holds the true one."""
    judge, human = _verdicts(400, base=0.5, tpr=0.95, tnr=0.6)
    new, truth = _verdicts(2000, base=0.3, tpr=0.95, tnr=0.6, seed=9)
    found = calibrate(judge, human, unlabelled=new).verdicts
    assert found is not None
    assert found.observed_rate is not None
    assert found.corrected_rate is not None
    assert found.observed_rate.lower is not None
    assert found.corrected_rate.lower is not None
    assert found.corrected_rate.upper is not None
    assert found.observed_rate.lower > np.mean(truth)
    assert found.corrected_rate.lower < np.mean(truth) < found.corrected_rate.upper


def test_several_people_are_the_ceiling() -> None:
    """People's own agreement stands beside the judge's; ties count in theirs, not in its."""
    judge, human = _verdicts(200)
    second = [label if i % 10 else 1 - label for i, label in enumerate(human)]
    found = calibrate(judge, human, further_raters=[second])
    assert (found.n, found.unlabelled) == (180, 20)
    assert found.humans is not None
    assert found.humans.raters == 2
    assert found.humans.alpha.n == 200
    assert found.humans.pair_kappa == pytest.approx(cohen_kappa_score(human, second))
    expected = [cohen_kappa_score(judge, labels) for labels in (human, second)]
    assert found.humans.judge_pair_kappa == pytest.approx(np.mean(expected))


def test_most_of_three_people_are_right() -> None:
    """What most people say is the truth; who did not label an output does not count."""
    people: list[list[Label]] = [[1, 1, 0, None], [1, 0, 0, 0], [0, 1, None, 0]]
    found = calibrate([1, 1, 0, 0], people[0], further_raters=people[1:])
    assert found.accuracy.value == 1.0
    assert found.n == 4


def test_two_graders_give_their_middle() -> None:
    """The truth between 3 and 4 is 3.5: neither a lenient nor a strict judge looks unbiased."""
    found = calibrate([4, 3, 2], [3, 2, 2], further_raters=[[4, 3, 3]])
    assert found.grades is not None
    assert found.grades.human_mean.value == pytest.approx((3.5 + 2.5 + 2.5) / 3)
    assert found.grades.bias.value == pytest.approx(1 / 6)
    assert found.categories == (2.0, 2.5, 3.0, 3.5, 4.0)


@pytest.mark.parametrize(
    ("judge", "human", "told"),
    [
        ([1, 0] * 10, [1, 0] * 10, "20 labels give wide intervals"),
        ([1] * 100, [1] * 95 + [0] * 5, "only 5 labelled outputs fail"),
        ([1] * 100, [1] * 95 + [0] * 5, "95% of the labelled outputs pass"),
        ([1] * 60, [1] * 60, "kappa cannot be told: all 60 units"),
        ([1, 0] * 30 + [None] * 10, [1, 0] * 35, "no verdict on 10 of 70"),
    ],
)
def test_weak_labels_are_told(judge: list[Label], human: list[Label], told: str) -> None:
    """What makes the figures weaker than they look is said in words."""
    assert any(told in warning for warning in calibrate(judge, human).warnings)


def test_few_clusters_are_told() -> None:
    """Ten conversations are ten trials, however many labels they hold."""
    judge, human = _verdicts(100, base=0.6)
    found = calibrate(judge, human, clusters=[i % 10 for i in range(100)])
    assert found.warnings == ("10 clusters are few: the intervals are somewhat too narrow",)


def test_sound_labels_have_no_warning() -> None:
    """A hundred labels of both kinds raise none."""
    assert calibrate(*_verdicts(100, base=0.6)).warnings == ()


def test_labels_of_one_kind_have_no_figure_for_the_other() -> None:
    """Without a single fail the true-fail rate is unknown, with its reason; nothing is NaN."""
    found = calibrate([1, 1, 0], [1, 1, 1], unlabelled=[1, 0])
    assert found.verdicts is not None
    rate = found.verdicts.true_fail_rate
    assert (rate.value, rate.reason) == (None, "no labelled output fails")
    corrected = found.verdicts.corrected_rate
    assert corrected is not None
    assert corrected.value is None
    assert "truly fails" in (corrected.reason or "")


def test_no_common_label_is_no_figure() -> None:
    """Where judge and people labelled different outputs, every figure says so."""
    found = calibrate([1, None], [None, 0])
    assert (found.n, found.unjudged, found.unlabelled) == (0, 1, 1)
    for figure in (found.accuracy, found.kappa, found.alpha):
        assert figure.value is None
        assert figure.reason


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: calibrate([1, 0], [1]), "2 judge_labels, 1 human_labels_1"),
        (lambda: calibrate([1, 3, 5], [1, 0, 1]), "of the kind grade, people's verdict"),
        (lambda: calibrate([1, 0], ["a", "b"]), "people's category"),
        (lambda: calibrate(["fair", 3], [1, 0]), "words ('fair') and numbers (3)"),
        (lambda: calibrate(["fair", "x"], [1, 0], threshold=3), "'fair' is a word"),
        (lambda: calibrate([1, 5], [1, 0], threshold=math.nan), "threshold is nan"),
        (lambda: calibrate([1, 5], [1, 0], human_threshold=math.inf), "human_threshold is inf"),
        (lambda: calibrate([1, 5], [1, 0], threshold="auto"), "hold some out"),
        (
            lambda: calibrate([1, 5] * 9, [2, 5] * 9, threshold="auto", held_out=0.5),
            "human_threshold",
        ),
        (
            lambda: calibrate([3] * 9, [1, 0, 1] * 3, threshold="auto", held_out=0.5),
            "no threshold tells",
        ),
        (lambda: calibrate([1, 0], [1, 0], held_out=1.5), "share is 1.5"),
        (lambda: calibrate([1], [1], held_out=0.5), "do not split in two"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(call: Any, told: str) -> None:
    """The message names what is wrong and what to give."""
    with pytest.raises(MetricInputError) as caught:
        call()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        (" 4 ", 4.0),
        ("4.5", 4.5),
        (True, 1.0),
        ("pass ", "pass"),
        ("", None),
        (None, None),
        (math.nan, None),
        ("nan", None),
        (np.int64(4), 4.0),
        (np.bool_(True), 1.0),
        (pd.NA, None),
    ],
)
def test_cells_are_read_as_labels(cell: object, label: object) -> None:
    """CSV has texts only: numbers in it are numbers, and empty cells are no label."""
    assert read_label(cell) == label


def test_cell_that_is_no_label_is_refused() -> None:
    """A list in a JSON line is named."""
    with pytest.raises(MetricInputError, match=r"\[1\]"):
        read_label([1])


def test_grades_between_the_steps_are_rounded_to_people() -> None:
    """A judge of 3.6 says 4 beside people's whole grades; its leniency is of the 3.6."""
    found = calibrate([3.6, 1.2, 4.5, 2.0], [4, 1, 5, 3], scale=(1.0, 5.0))
    assert found.rounded
    assert found.categories == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert found.accuracy.value == 0.75
    assert found.grades is not None
    assert found.grades.judge_mean.value == pytest.approx(11.3 / 4)
    assert not calibrate([4, 1, 5, 3], [4, 1, 5, 3]).rounded


def test_grades_without_steps_have_alpha_alone() -> None:
    """Shares of one are never quite alike: there is no kappa, with a reason, but alpha is."""
    rng = np.random.default_rng(0)
    human = rng.random(60)
    judge = np.clip(human + rng.normal(0, 0.1, 60), 0, 1)
    found = calibrate(judge.tolist(), human.tolist())
    assert found.kappa.value is None
    assert "no steps" in (found.kappa.reason or "")
    assert found.confusion == ()
    assert found.alpha.value == pytest.approx(
        krippendorff.alpha([judge, human], level_of_measurement="interval")
    )
