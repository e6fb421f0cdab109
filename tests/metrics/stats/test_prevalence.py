"""The corrected pass rate: the estimate, its interval's coverage, and where there is none."""

import numpy as np
import pytest

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.prevalence import Trials, corrected_rate, effective_trials


def test_estimate_is_that_of_rogan_and_gladen() -> None:
    """A judge that passes 60%, with 90% and 80% right, points to 4/7 of true passes."""
    found = corrected_rate(
        Trials(600, 1000), sensitivity=Trials(90, 100), specificity=Trials(80, 100)
    )
    assert found.value == pytest.approx((0.6 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert found.n == 1000


def test_interval_is_that_of_lang_and_reiczigel() -> None:
    """The ends follow the paper's formula, worked out here step by step for one case."""
    z = 1.959963984540054
    rate = (200 + z * z / 2) / (500 + z * z)
    passing, failing = 46 / 52, 55 / 62  # one success and one failure added to 45/50 and 54/60
    skill = passing + failing - 1
    centre = (rate + failing - 1) / skill
    doubt = passing * (1 - passing) / 52, failing * (1 - failing) / 62
    shift = 2 * z * z * (centre * doubt[0] - (1 - centre) * doubt[1])
    variance = rate * (1 - rate) / (500 + z * z)
    variance += centre**2 * doubt[0] + (1 - centre) ** 2 * doubt[1]
    margin = z * variance**0.5 / skill
    found = corrected_rate(Trials(200, 500), sensitivity=Trials(45, 50), specificity=Trials(54, 60))
    assert found.lower == pytest.approx(centre + shift - margin, abs=1e-12)
    assert found.upper == pytest.approx(centre + shift + margin, abs=1e-12)


@pytest.mark.parametrize("truth", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.9, 0.9), (0.95, 0.7), (0.7, 0.6)])
@pytest.mark.parametrize("labels", [20, 100])
def test_intervals_hold_the_truth(
    truth: float, sensitivity: float, specificity: float, labels: int
) -> None:
    """Of 400 simulated calibrations, 92% or more of the 95% intervals hold the true rate."""
    rng = np.random.default_rng(11)
    observed = truth * sensitivity + (1 - truth) * (1 - specificity)
    held = []
    for _ in range(400):
        found = corrected_rate(
            Trials(float(rng.binomial(300, observed)), 300),
            sensitivity=Trials(float(rng.binomial(labels, sensitivity)), labels),
            specificity=Trials(float(rng.binomial(labels, specificity)), labels),
        )
        if found.lower is not None and found.upper is not None:
            held.append(found.lower <= truth <= found.upper)
    assert len(held) > 360
    assert np.mean(held) >= 0.92


def test_plain_judge_rate_misses_the_truth() -> None:
    """What is corrected matters: Wilson's interval of the judge's own rate nearly never holds."""
    rng = np.random.default_rng(5)
    truth, observed = 0.9, 0.9 * 0.8 + 0.1 * 0.2
    raw, corrected = [], []
    for _ in range(200):
        passed = float(rng.binomial(300, observed))
        margin = 1.96 * (passed / 300 * (1 - passed / 300) / 300) ** 0.5
        raw.append(abs(passed / 300 - truth) <= margin)
        found = corrected_rate(
            Trials(passed, 300),
            sensitivity=Trials(float(rng.binomial(100, 0.8)), 100),
            specificity=Trials(float(rng.binomial(100, 0.8)), 100),
        )
        assert found.lower is not None
        assert found.upper is not None
        corrected.append(found.lower <= truth <= found.upper)
    assert np.mean(raw) < 0.05
    assert np.mean(corrected) > 0.92


def test_a_judge_that_tells_nothing_apart_has_no_corrected_rate() -> None:
    """It would be a division by nothing: there is no value, and the reason has both rates."""
    found = corrected_rate(Trials(50, 100), sensitivity=Trials(6, 10), specificity=Trials(4, 10))
    assert found.value is None
    assert "60% of the true passes" in (found.reason or "")


def test_few_labels_of_a_weak_judge_leave_everything_open() -> None:
    """Where the labels cannot rule out a useless judge, the interval is all of 0 to 1."""
    found = corrected_rate(Trials(50, 100), sensitivity=Trials(6, 10), specificity=Trials(6, 10))
    assert found.value == pytest.approx(0.5)
    assert (found.lower, found.upper) == (0.0, 1.0)
    assert "too few labels" in (found.reason or "")


@pytest.mark.parametrize(
    ("passes", "fails", "told"),
    [(Trials(0, 0), Trials(9, 10), "truly passes"), (Trials(9, 10), Trials(0, 0), "truly fails")],
)
def test_labels_of_one_kind_correct_nothing(passes: Trials, fails: Trials, told: str) -> None:
    """Without a labelled fail nobody knows what the judge does with fails."""
    found = corrected_rate(Trials(50, 100), sensitivity=passes, specificity=fails)
    assert found.value is None
    assert told in (found.reason or "")


def test_clusters_count_as_fewer_trials() -> None:
    """Outcomes that repeat within their clusters count once; independent ones as they are."""
    outcomes = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    repeated = effective_trials(outcomes * 5, list(range(8)) * 5)
    assert repeated.rate == pytest.approx(0.75)
    assert repeated.n == pytest.approx(8, abs=1.01)
    assert effective_trials(outcomes, None) == Trials(6, 8)
    assert effective_trials([1.0] * 9, [1, 1, 1, 2, 2, 2, 3, 3, 3]) == Trials(3, 3)


def test_more_successes_than_trials_are_refused() -> None:
    """The message has both numbers."""
    with pytest.raises(MetricInputError, match="5 successes in 4 trials"):
        Trials(5, 4)
