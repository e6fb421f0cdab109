"""BERTScore against the bert-score package (0.3.13) on the same local encoder."""

import math
import subprocess
import sys
from collections.abc import Sequence

import bert_score
import numpy as np
import pytest

from evalhub.errors import MetricError, MetricInputError, ModelError
from evalhub.llm.models import find
from evalhub.metrics.semantic.bertscore import BertScore, BertScoreColumn
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.model import ScoreState

pytestmark = pytest.mark.model

OUTPUTS = [
    "The cat sat on the mat.",
    "Nobody knows.",
    "  A Café in Zürich, 1999!  ",
    "word",
    "今天天气很好",
]
REFERENCES = [
    ["A cat was sitting on a rug.", "The cat sat on the mat."],
    ["It is unknown, says everybody who was asked about the matter at the time."],
    ["A café in Zurich", "Ein Haus am See", "1999"],
    ["words"],
    ["今天下雨"],
]


@pytest.fixture(autouse=True)
def _fresh_encoder() -> None:
    """Forget encoders that other tests loaded from another home."""
    load_encoder.cache_clear()


def _score(
    outputs: Sequence[str | None], references: Sequence[str | Sequence[str]], metric: BertScore
) -> BertScoreColumn:
    column = metric.score_batch(outputs, references)["bertscore"]
    assert isinstance(column, BertScoreColumn)
    return column


def _oracle(idf: bool, layer: int) -> list[np.ndarray]:
    parts = bert_score.score(
        OUTPUTS,
        REFERENCES,
        model_type=str(find("minilm")),
        num_layers=layer,
        idf=idf,
        nthreads=0,
        device="cpu",
    )
    return [part.numpy() for part in parts]


@pytest.mark.parametrize("layer", [3, 6])
@pytest.mark.parametrize("idf", [False, True])
def test_equals_the_bert_score_package(idf: bool, layer: int) -> None:
    """Precision, recall and F agree to 1e-5, with several references and idf weights."""
    column = _score(OUTPUTS, REFERENCES, BertScore(idf=idf, layer=layer))
    got = (column.precision, column.recall, column.fmeasure)
    for ours, theirs in zip(got, _oracle(idf, layer), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_text_against_itself_is_1() -> None:
    """Equal texts score 1, whatever their script."""
    column = _score(OUTPUTS, OUTPUTS, BertScore())
    np.testing.assert_allclose(column.values, 1, atol=1e-6)


def test_empty_texts_have_a_state_and_no_value() -> None:
    """Nothing to compare is skipped, a failed target errored; neither is 0."""
    outputs = ["", "  ", None, "x", "x", "x"]
    column = _score(outputs, ["a", "a", "a", "", [], ["", "x"]], BertScore())
    skipped, errored = ScoreState.SKIPPED, ScoreState.ERRORED
    assert column.states == (skipped, skipped, errored, skipped, skipped, ScoreState.SCORED)
    assert np.isnan(column.values[:5]).all()
    assert np.isnan(column.precision[:5]).all()
    assert column.score(5).value == pytest.approx(1)


def test_tokens_of_every_reference_weigh_nothing() -> None:
    """With idf and one reference all of its weights are ln(1): skipped instead of 0 / 0."""
    assert _score(["a"], ["b"], BertScore(idf=True)).score(0).state is ScoreState.SKIPPED


def test_neighbours_do_not_change_a_score() -> None:
    """A pair scores alone what it scores in a batch of other lengths."""
    together = _score(OUTPUTS, REFERENCES, BertScore()).values
    alone = [
        _score([output], [row], BertScore()).values[0]
        for output, row in zip(OUTPUTS, REFERENCES, strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_more_examples_than_are_held_at_once() -> None:
    """Batches beyond the chunk keep their order."""
    outputs = [f"number {i}" for i in range(300)]
    column = _score(outputs, [outputs[i % 7] for i in range(300)], BertScore(layer=1))
    assert list(np.flatnonzero(column.values > 1 - 1e-6)) == list(range(7))


def test_baseline_rescales_each_part() -> None:
    """Scores become (x - b) / (1 - b), so that unrelated texts are near 0."""
    plain = _score(OUTPUTS, REFERENCES, BertScore())
    rescaled = _score(OUTPUTS, REFERENCES, BertScore(baseline=(0.1, 0.2, 0.3)))
    np.testing.assert_allclose(rescaled.recall, (plain.recall - 0.2) / 0.8)
    np.testing.assert_allclose(rescaled.values, (plain.values - 0.3) / 0.7)
    assert plain.bounds == (-1.0, 1.0)
    assert rescaled.bounds is None


def test_truncation_is_counted_and_told() -> None:
    """A text beyond the encoder's length is scored by its beginning, and this is said."""
    column = _score(["word " * 1000, "x"], ["word", "x"], BertScore(layer=1))
    assert math.isclose(column.truncated_share, 1 / 3)
    assert column.explanations == ["cut at the encoder's 512 tokens", None]


def test_signature_names_what_decides_the_number() -> None:
    """Encoder, weights, layer, idf, baseline and references are in the signature."""
    assert BertScore().signature == (
        "bertscore|model:minilm|weights:53aa51172d14|layer:6|idf:no|baseline:no|refs:max|v:1"
    )
    assert BertScore(idf=True).signature != BertScore().signature


@pytest.mark.parametrize("layer", [-1, 7])
def test_layer_that_is_not_there_is_refused(layer: int) -> None:
    """The message says which layers there are."""
    with pytest.raises(ModelError, match="layers 0 to 6"):
        BertScore(layer=layer).score_batch(["a"], ["a"])


def test_wrong_input_is_refused() -> None:
    """Columns of unlike length, and a baseline that divides by zero."""
    with pytest.raises(MetricInputError, match="differ in length"):
        BertScore().score_batch(["a"], ["a", "b"])
    with pytest.raises(MetricError, match="baseline"):
        BertScore(baseline=(0.5, 0.5, 1.0))


def test_empty_batch() -> None:
    """No examples give an empty column."""
    assert len(_score([], [], BertScore())) == 0


def test_torch_is_not_loaded() -> None:
    """The default encoder needs neither torch nor transformers."""
    program = (
        "import sys\nfrom evalhub.metrics import BertScore\n"
        "BertScore(layer=1).score_batch(['a'], ['b'])\n"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
