"""What metrics keep in the cache, and that it changes no score."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalhub.config import load_settings
from evalhub.errors import MetricError
from evalhub.metrics.semantic.bertscore import BertScore
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.metrics.semantic.local_encoder import LocalEncoder
from evalhub.metrics.semantic.network import Floats
from evalhub.metrics.semantic.similarity import EmbeddingSimilarity
from evalhub.metrics.semantic.tokens import Encoded

Maker = Callable[..., Path]
Metric = type[BertScore] | type[EmbeddingSimilarity]

OUTPUTS = ["the cat sat", "a dog", "red house"]
REFERENCES = [["a cat", "the cat sat on the mat"], ["the dog"], ["a cat"]]
METRICS = [BertScore, EmbeddingSimilarity]


@pytest.fixture
def encoded_texts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of texts of each call of the encoder."""
    counts: list[int] = []
    hidden = LocalEncoder.hidden

    def counted(
        self: LocalEncoder, encoded: Sequence[Encoded], layer: int | None = None
    ) -> list[Floats]:
        counts.append(len(encoded))
        return hidden(self, encoded, layer)

    monkeypatch.setattr(LocalEncoder, "hidden", counted)
    return counts


def _values(metric: BertScore | EmbeddingSimilarity) -> np.ndarray:
    return metric.score_batch(OUTPUTS, REFERENCES)[metric.name].values


@pytest.mark.parametrize("metric", METRICS)
def test_references_are_encoded_once(
    make_model: Maker, encoded_texts: list[int], metric: Metric
) -> None:
    """Three outputs and three references at first, then outputs only; the scores stay."""
    scorer = metric(make_model("bert"))
    first = _values(scorer)
    second = _values(scorer)
    assert encoded_texts == [6, 3]
    np.testing.assert_allclose(second, first, atol=1e-6)
    assert (load_settings().home / "vectors.sqlite").is_file()


@pytest.mark.parametrize("metric", METRICS)
def test_outputs_are_kept_when_asked(
    make_model: Maker, encoded_texts: list[int], metric: Metric, tmp_path: Path
) -> None:
    """Nothing is computed the second time; the file is the one given."""
    scorer = metric(make_model("bert"), cache=tmp_path / "mine.sqlite", cache_outputs=True)
    first = _values(scorer)
    np.testing.assert_array_equal(_values(scorer), first)
    assert encoded_texts == [6, 0]
    assert (tmp_path / "mine.sqlite").is_file()


@pytest.mark.parametrize("metric", METRICS)
def test_without_a_cache_nothing_is_kept(
    make_model: Maker, encoded_texts: list[int], metric: Metric
) -> None:
    """No file, and each text is computed each time."""
    scorer = metric(make_model("bert"), cache=False)
    _values(scorer)
    _values(scorer)
    assert encoded_texts == [6, 6]
    assert list(load_settings().home.glob("*.sqlite")) == []


def test_what_makes_other_vectors_has_other_keys(
    make_model: Maker, encoded_texts: list[int]
) -> None:
    """Another layer, pooling, weights, description or greatest length never finds the wrong one."""
    folder = make_model("bert")
    scorers: list[BertScore | EmbeddingSimilarity] = [
        BertScore(folder),
        BertScore(folder, layer=1),
        EmbeddingSimilarity(folder),
        BertScore(make_model("bert", "weights", initializer_range=0.03)),
        BertScore(make_model("bert", "heads", num_attention_heads=2)),
    ]
    for scorer in scorers:
        uncached = replace(scorer, cache=False)
        np.testing.assert_allclose(_values(scorer), _values(uncached), atol=1e-6)
    assert encoded_texts == [6] * 10


def test_backends_share_their_vectors(make_model: Maker, encoded_texts: list[int]) -> None:
    """What torch computed is read by numpy: the weights are the same."""
    folder = make_model("bert")
    by_torch = _values(BertScore(folder, backend="torch"))
    by_numpy = _values(BertScore(folder, backend="numpy"))
    np.testing.assert_allclose(by_torch, by_numpy, atol=1e-5)
    assert encoded_texts == [6, 3]


def test_damaged_cache_changes_no_score(
    make_model: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    """It is dropped with one warning; the metric goes on."""
    scorer = BertScore(make_model("bert"))
    first = _values(scorer)
    path = load_settings().home / "vectors.sqlite"
    path.write_bytes(path.read_bytes()[:9_000])
    np.testing.assert_allclose(_values(scorer), first, atol=1e-6)
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        f"{path} is damaged"
    ]


def test_size_that_is_none_is_refused(make_model: Maker) -> None:
    """The message says what to set."""
    with pytest.raises(MetricError, match="cache_mb is 0"):
        _values(BertScore(make_model("bert"), cache_mb=0))


def test_many_pairs_do_not_hold_all_vectors(
    make_model: Maker, encoded_texts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts go through in parts of bounded length, and the scores do not depend on the parts."""
    outputs = [f"{'cat ' * (i % 30)} {'dog ' * (i % 7)} a" for i in range(600)]
    references = [[f"the {'mat ' * (i % 11)}", "it is"] for i in range(600)]
    scorer = BertScore(make_model("bert"), cache=False)
    whole = scorer.score_batch(outputs, references)["bertscore"].values
    assert len(encoded_texts) == 2  # 512 examples at a time
    encoded_texts.clear()
    monkeypatch.setattr("evalhub.metrics.semantic.reading._TOKENS_HELD", 500)
    parts = scorer.score_batch(outputs, references)["bertscore"].values
    assert max(encoded_texts) < 150
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert load_encoder(scorer.model).backend == "torch"
