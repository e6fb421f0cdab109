"""Language identification by the real py3langid."""

import pytest

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.model import ScoreState

TEXTS = {
    "de": "Der Zug nach Hamburg fährt heute leider erst um halb neun ab.",
    "en": "The train to the coast leaves half an hour later than it should today.",
    "es": "El tren de la costa sale hoy con media hora de retraso.",
    "fr": "Le train de la côte part aujourd'hui avec une demi-heure de retard.",
    "ru": "Сегодня поезд на побережье отправляется с опозданием на полчаса.",
    "zh": "今天开往海边的火车晚点半个小时。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_found_in_its_language(language: str) -> None:
    """1 for the asked language, 0 for others, and the label is what was found."""
    column = load("language", language=language).score_batch(list(TEXTS.values()))["language"]
    assert column.values.tolist() == [float(code == language) for code in TEXTS]
    assert list(column.labels or ()) == list(TEXTS)


def test_no_letters_are_no_language() -> None:
    """Numbers are skipped, a missing output is errored."""
    column = load("language", language="en").score_batch(["42!", "", None])["language"]
    assert column.states == (ScoreState.SKIPPED, ScoreState.SKIPPED, ScoreState.ERRORED)


def test_unsure_texts_are_unparsed() -> None:
    """Below the asked confidence there is no score, and the explanation gives the confidence."""
    metric = load("language", language="en", least_confidence=0.9)
    column = metric.score_batch(["Hi da", TEXTS["en"]])["language"]
    assert column.states == (ScoreState.UNPARSED, ScoreState.SCORED)
    assert "0.9 is asked for" in (column.score(0).explanation or "")


def test_the_signature_names_the_identifier() -> None:
    """Another version of the model is another metric."""
    assert (
        "|language:en|least_confidence:0.0|py3langid:" in load("language", language="en").signature
    )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"language": "english"}, "'english'.*en"),
        ({"language": "en", "least_confidence": 2.0}, "least_confidence is 2.0"),
    ],
)
def test_bad_settings_are_refused(setting: dict[str, object], message: str) -> None:
    """The message names the value and what there is."""
    with pytest.raises(MetricError, match=message):
        load("language", **setting)
