"""Classification against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics import load
from evalhub.metrics.structure.classification import ClassificationReport, LabelColumn
from evalhub.metrics.structure.confusion import measure
from evalhub.model import ScoreState

CLASSES = ("ham", "spam", "eggs")
PAIRS = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1)


def _score(
    outputs: list[str | None], references: list[str], **options: object
) -> tuple[ClassificationReport, LabelColumn]:
    metric = ClassificationReport(**options)  # type: ignore[arg-type]  # options of the tests
    return metric, metric.score_batch(outputs, references)["classification"]


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_the_report_is_scikit_learn_s(pairs: list[tuple[str, str]]) -> None:
    """Counts, accuracy, per-class numbers and averages; what is not defined is None."""
    true, found = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    metric, column = _score(list(found), true, labels=CLASSES)
    summary = metric.report({"classification": column})
    expected = sklearn.classification_report(
        true, found, labels=CLASSES, output_dict=True, zero_division=np.nan
    )
    for label in CLASSES:
        ours = summary.classes[label]
        for number in ("precision", "recall"):
            theirs = expected[label][number]
            assert getattr(ours, number) == (None if np.isnan(theirs) else pytest.approx(theirs))
        assert ours.support == expected[label]["support"]
    assert summary.accuracy == pytest.approx(sklearn.accuracy_score(true, found))
    assert summary.weighted.f1 == pytest.approx(expected["weighted avg"]["f1-score"])
    table = sklearn.confusion_matrix(true, found, labels=CLASSES)
    assert summary.confusion.tolist() == table.tolist()
    if len(set(true)) > 1 and len(set(found)) > 1:
        assert summary.mcc == pytest.approx(sklearn.matthews_corrcoef(true, found))
    else:
        assert summary.mcc is None


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_resampled_numbers_have_the_report_s_definitions(pairs: list[tuple[str, str]]) -> None:
    """What intervals are made of is what the report gives, on any confusion matrix."""
    metric, column = _score(
        [pair[1] for pair in pairs], [pair[0] for pair in pairs], labels=CLASSES
    )
    summary = metric.report({"classification": column})
    found = measure(summary.confusion[np.newaxis].astype(np.float64))
    for name, value in (
        ("accuracy", summary.accuracy),
        ("macro_f1", summary.macro.f1),
        ("weighted_f1", summary.weighted.f1),
        ("mcc", summary.mcc),
    ):
        assert found[name][0] == pytest.approx(np.nan if value is None else value, nan_ok=True)
    for place, label in enumerate(CLASSES):
        value = summary.classes[label].f1
        expected = np.nan if value is None else value
        assert found["f1"][0, place] == pytest.approx(expected, nan_ok=True)


def test_labels_are_read_without_case_and_punctuation() -> None:
    """Quotes, stars and full stops around a class do not change it."""
    outputs: list[str | None] = ["Spam", " **spam**.", "“SPAM”", "ｓｐａｍ", "not  spam!"]
    _, column = _score(outputs, ["spam", "spam", "spam", "spam", "Not Spam"])
    assert column.values.tolist() == [1] * 5
    assert list(column.labels or ()) == ["spam"] * 4 + ["not spam"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("-1", "1"), ("C++", "C"), ("C#", "C"), (">50K", "<=50K"), ("A+", "A"), ("👍", "👎")],
)
def test_signs_are_part_of_a_class(first: str, second: str) -> None:
    """Two classes that differ in a sign are two; one taken for the other is wrong."""
    _, column = _score([first, f"{second}.", f"**{first}**"], [second, second, first])
    assert column.values.tolist() == [0, 1, 1]
    assert len(column.classes) == 2


@pytest.mark.parametrize(
    "text", ["- spam", "<spam>", "`spam`,", "# Spam", "-> spam", "spam 🙂", "~~spam~~"]
)
def test_what_is_put_around_a_class_does_not_count(text: str) -> None:
    """Bullets, headings, arrows, code marks and emoji beside it."""
    _, column = _score([text], ["spam"])
    assert column.values.tolist() == [1]


def test_marks_of_other_scripts_are_part_of_a_class() -> None:
    """A vowel sign is no punctuation: the word would be another one without it."""
    _, column = _score(["हाँ।", "ह"], ["हाँ", "ह"])
    assert list(column.labels or ()) == ["हाँ", "ह"]
    _, found = _score(["कला", "यह कल है"], ["कल", "कल"], labels=("कल", "आज"), find=True)
    assert list(found.labels or ()) == [None, "कल"]


def test_classes_are_found_where_words_have_no_spaces() -> None:
    """In Chinese a class stands between other characters."""
    _, column = _score(["这是正面评价。"], ["正面"], labels=("正面", "负面"), find=True)
    assert column.values.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "found"),
    [("Score: 4.", "4"), ("4.2", None), ("-4", None), ("14", None), ("4/5", None)],
)
def test_a_number_is_not_found_in_another(text: str, found: str | None) -> None:
    """A grade of 4.2 is no 4."""
    _, column = _score([text], ["4"], labels=("4", "5", "2"), find=True)
    assert (column.labels or [None])[0] == found


def test_what_is_no_class_is_unparsed() -> None:
    """It counts in no number, and the explanation shows it."""
    metric, column = _score(["spam", "I cannot say", None, "ham"], ["spam"] * 4, labels=CLASSES)
    assert column.states == (
        *(ScoreState.SCORED, ScoreState.UNPARSED, ScoreState.ERRORED, ScoreState.SCORED),
    )
    assert column.score(1).explanation == "the output is no class: 'I cannot say'"
    assert metric.report({"classification": column}).n == 2


def test_a_class_can_be_found_in_a_sentence() -> None:
    """One class in the text is taken, two are not; a class within another is not meant."""
    outputs: list[str | None] = [
        "This is spam, I think.",
        "spam or ham?",
        "It is not spam.",
        "spammer",
        "spam, or not spam?",
    ]
    _, column = _score(outputs, ["spam"] * 5, labels=("spam", "ham", "not spam"), find=True)
    assert list(column.labels or ()) == ["spam", None, "not spam", None, None]
    assert column.score(1).explanation == "the output names 2 classes: 'spam or ham?'"


def test_without_labels_the_references_give_them() -> None:
    """An output that no reference has is no class."""
    _, column = _score(["a", "b", "c"], ["a", "a", "b"])
    assert column.classes == ("a", "b")
    assert column.states == (ScoreState.SCORED, ScoreState.SCORED, ScoreState.UNPARSED)


def test_references_have_to_be_one_class() -> None:
    """Two references, and one that is no label, are errors of their examples."""
    metric = ClassificationReport(labels=("a", "b"))
    column = metric.score_batch(["a", "a", "a"], [["a", "b"], "c", None])["classification"]
    assert column.states == (ScoreState.ERRORED, ScoreState.ERRORED, ScoreState.SKIPPED)
    assert column.score(0).explanation == "there are 2 references; an example is of one class"
    assert column.score(1).explanation == "the reference 'c' is not among the labels"


def test_nothing_scored_has_no_numbers() -> None:
    """None everywhere, and not 0."""
    metric, column = _score([None], ["ham"], labels=CLASSES)
    summary = metric.report({"classification": column})
    assert (summary.accuracy, summary.mcc, summary.macro.f1, summary.n) == (None, None, None, 0)
    scores = metric.corpus({"classification": column})
    assert {score.value for score in scores.values()} == {None}
    assert {score.lower for score in scores.values()} == {None}


def _many(n: int) -> tuple[ClassificationReport, dict[str, LabelColumn]]:
    rng = np.random.default_rng(0)
    true = rng.choice(CLASSES, n, p=[0.6, 0.3, 0.1])
    found = np.where(rng.random(n) < 0.7, true, rng.choice(CLASSES, n))
    metric = ClassificationReport(labels=CLASSES)
    return metric, metric.score_batch(found.tolist(), true.tolist())


def test_intervals_are_seeded_and_hold_the_values() -> None:
    """Every average and every class has its own; the mean of the column is the accuracy."""
    metric, table = _many(300)
    scores = metric.corpus(table)
    assert set(scores) == {
        *("accuracy", "macro_f1", "weighted_f1", "mcc"),
        *("f1[ham]", "f1[spam]", "f1[eggs]"),
    }
    assert scores == metric.corpus(table)
    assert scores != metric.corpus(table, seed=1)
    assert scores["accuracy"].value == table["classification"].values.mean()
    for score in scores.values():
        assert score.value is not None
        assert score.lower is not None
        assert score.upper is not None
        assert score.lower < score.value < score.upper


def test_intervals_of_accuracy_have_the_width_of_a_rate_s() -> None:
    """The bootstrap of a share of 300 is near its normal interval."""
    metric, table = _many(300)
    score = metric.corpus(table, bootstrap=4000)["accuracy"]
    assert score.value is not None
    assert score.lower is not None
    assert score.upper is not None
    expected = 2 * 1.96 * np.sqrt(score.value * (1 - score.value) / 300)
    assert score.upper - score.lower == pytest.approx(expected, rel=0.1)


def test_clusters_are_drawn_whole() -> None:
    """A cluster an example is as no cluster; large ones widen the interval."""
    metric, table = _many(300)
    plain = metric.corpus(table, bootstrap=4000)["macro_f1"]
    alone = metric.corpus(table, bootstrap=4000, clusters=range(300))["macro_f1"]
    assert plain.lower is not None
    assert alone.lower == pytest.approx(plain.lower, abs=0.02)
    right = table["classification"].values.astype(int).tolist()
    whole = metric.corpus(table, clusters=right)["accuracy"]
    assert (whole.lower, whole.upper) == (0, 1)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("Spam", "spam!"), "'spam' is there twice"),
        (("a", "!"), "'!' is no label"),
        ("spam", "'spam'; give a list"),
        ((True, False), "labels holds True, which is no text; put it in quotes"),
    ],
)
def test_bad_labels_are_refused(labels: object, message: str) -> None:
    """The message has the label."""
    with pytest.raises(MetricError, match=message):
        load("classification", labels=labels)


def test_a_label_that_is_no_text_is_refused_by_the_class_too() -> None:
    """Where it is not made by ``load``, which checks all settings."""
    with pytest.raises(MetricError, match="the label True is no text; put it in quotes"):
        ClassificationReport(labels=(True,))  # type: ignore[arg-type]  # what it is about


def test_one_draw_is_refused() -> None:
    """0 asks for no interval, 1 says nothing."""
    metric, table = _many(10)
    assert metric.corpus(table, bootstrap=0)["mcc"].seed is None
    with pytest.raises(MetricInputError, match="bootstrap is 1"):
        metric.corpus(table, bootstrap=1)
