"""Lengths, limits, compression and repetition."""

import math

import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics import load
from evalhub.metrics.text.units import count_sentences, split_words
from evalhub.model import ScoreState


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Don't stop - now!", 3),
        ("well-kept  libraries\nbeat\town code", 5),
        ("今天天气很好", 6),
        ("I love 北京 a lot", 6),
        ("カタカナ", 4),
        ("3.14 is 42% of it", 5),
        ("... !!! —", 0),
        ("नमस्ते दुनिया", 2),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    """Runs without white space that hold a letter or digit; ideographs one by one."""
    assert len(split_words(text)) == words
    assert load("words").score_batch([text])["words"].values.tolist() == [words]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("no stop", 1),
        ("One. Two! Three?", 3),
        ("Really?! Yes...", 2),
        ("He said “go.” She went.", 2),
        ("- first\n- second\n\n", 2),
        ("今天很好。你呢？", 2),
        ("Version 2.0 is 3.5 times faster.", 1),
        ("!!! ???", 0),
    ],
)
def test_sentences_end_at_stops_and_lines(text: str, sentences: int) -> None:
    """A stop within a number ends nothing, and no sentence is without a word."""
    assert count_sentences(text) == sentences
    assert load("sentences").score_batch([text])["sentences"].values.tolist() == [sentences]


def test_characters_are_code_points() -> None:
    """As Python counts; the bounds have no upper end."""
    column = load("characters").score_batch(["naïve 天", None])["characters"]
    assert column.values[0] == 7
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED)
    assert column.bounds == (0, math.inf)


def test_limits_are_inclusive() -> None:
    """Both ends are allowed, and the explanation gives the length."""
    outputs = ["a", "a b", "a b c", "a b c d"]
    column = load("length_limit", least=2, most=3).score_batch(outputs)["length_limit"]
    assert column.values.tolist() == [0, 1, 1, 0]
    assert column.score(3).explanation == "4 words"
    table = load("length_limit", most=5, unit="characters").score_batch(["12345", "123456"])
    assert table["length_limit"].values.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("length_limit", {}, "no limit"),
        ("length_limit", {"most": 1, "least": 2}, "most is 1 and least 2"),
        ("length_limit", {"most": -1}, "most is -1"),
        ("length_limit", {"most": 1, "unit": "tokens"}, "'tokens'.*words"),
        ("compression", {"unit": "tokens"}, "'tokens'.*words"),
        ("repetition", {"n": 0}, "n is 0"),
    ],
)
def test_bad_settings_are_refused(name: str, setting: dict[str, object], message: str) -> None:
    """Limits that nothing is within, and units that there are not."""
    with pytest.raises(MetricError, match=message):
        load(name, **setting)


def test_compression_is_output_over_input() -> None:
    """All inputs count, or the one that is named."""
    inputs = [{"document": "one two three four", "question": "five six"}]
    metric = load("compression")
    assert metric.score_batch(["a b c"], inputs)["compression"].values.tolist() == [0.5]
    metric = load("compression", key="document")
    assert metric.score_batch(["a b c"], inputs)["compression"].values.tolist() == [0.75]
    column = metric.score_batch(["a"], [{"document": "..."}])["compression"]
    assert column.states == (ScoreState.SKIPPED,)


def test_compression_names_the_input_that_it_lacks() -> None:
    """The message says which input has what."""
    with pytest.raises(MetricInputError, match="input 0 has no text 'document'; it has page"):
        load("compression", key="document").score_batch(["a"], [{"page": "b"}])
    with pytest.raises(MetricInputError, match="input 0 is 3"):
        load("compression").score_batch(["a"], [3])


def test_repetition_is_the_share_of_repeated_n_grams() -> None:
    """3 of 9 four-grams are new where a phrase of 4 words comes three times: 5 are repeated."""
    text = "a b c d a b c d A B C D"
    column = load("repetition").score_batch([text, "a b c d e", "a b"])["repetition"]
    assert column.values[:2].tolist() == pytest.approx([5 / 9, 0])
    assert column.states == (ScoreState.SCORED, ScoreState.SCORED, ScoreState.SKIPPED)
    assert load("repetition", n=1).score_batch(["no no no yes"])["repetition"].values[0] == 0.5
