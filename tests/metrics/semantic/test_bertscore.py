"""BERTScore against the bert-score package (0.3.13) on the same local encoder."""

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bert_score
import numpy as np
import pytest
from bert_score.utils import get_idf_dict, get_tokenizer, model2layers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.config import load_settings
from evalhub.errors import MetricError, MetricInputError, ModelError
from evalhub.llm.models import find
from evalhub.metrics import load
from evalhub.metrics.semantic.bertscore import BertScore, BertScoreColumn
from evalhub.metrics.semantic.layers import TUNED, tuned_layer
from evalhub.model import ScoreState

pytestmark = pytest.mark.model

Maker = Callable[..., Path]
BACKENDS = ["torch", "numpy"]

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


def _score(
    outputs: Sequence[str | None], references: Sequence[str | Sequence[str]], metric: BertScore
) -> BertScoreColumn:
    column = metric.score_batch(outputs, references)["bertscore"]
    assert isinstance(column, BertScoreColumn)
    return column


def _parts(column: BertScoreColumn) -> np.ndarray:
    return np.stack([column.precision, column.recall, column.fmeasure])


def _oracle(
    outputs: Sequence[str],
    references: Sequence[Sequence[str]],
    model: Path,
    layer: int,
    **settings: Any,
) -> np.ndarray:
    """Return what bert-score gives: precision, recall and F."""
    parts = bert_score.score(
        list(outputs),
        [list(row) for row in references],
        model_type=str(model),
        num_layers=layer,
        nthreads=0,
        device="cpu",
        **settings,
    )
    return np.stack([part.numpy() for part in parts])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layer", [3, 6])
@pytest.mark.parametrize("idf", [False, True])
def test_equals_the_bert_score_package(idf: bool, layer: int, backend: str) -> None:
    """Precision, recall and F agree to 1e-5, with several references and idf weights."""
    column = _score(OUTPUTS, REFERENCES, BertScore(idf=idf, layer=layer, backend=backend))
    theirs = _oracle(OUTPUTS, REFERENCES, find("minilm"), layer, idf=idf)
    np.testing.assert_allclose(_parts(column), theirs, atol=1e-5)


_texts = st.text(st.sampled_from("abcdefgh  .,!?éß今天气🙂\u0301"), min_size=1, max_size=40).map(
    lambda text: f"a {text}"
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(_texts, st.lists(_texts, min_size=1, max_size=3)), min_size=1, max_size=6)
)
def test_equals_the_bert_score_package_on_any_text(
    pairs: list[tuple[str, list[str]]],
) -> None:
    """Random texts of several scripts with one reference or more, at a middle layer."""
    outputs, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    column = _score(outputs, references, BertScore(layer=2, cache=False))
    theirs = _oracle(outputs, references, find("minilm"), 2)
    np.testing.assert_allclose(_parts(column), theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("roberta", {"prefix": True}), ("distilbert", {}), ("bert", {}), ("deberta-v2", {})],
)
@pytest.mark.parametrize("idf", [False, True])
def test_equals_the_bert_score_package_on_other_encoders(
    make_model: Maker, kind: str, settings: dict[str, Any], idf: bool
) -> None:
    """Encoders of other shapes, with texts longer than they take, by a declared maximum."""
    folder = make_model(kind, declared=40, **settings)
    outputs, references = [*OUTPUTS, "the cat " * 60], [*REFERENCES, ["a dog " * 60, "it is"]]
    column = _score(outputs, references, BertScore(folder, layer=2, idf=idf))
    theirs = _oracle(outputs, references, folder, 2, idf=idf)
    np.testing.assert_allclose(_parts(column), theirs, atol=1e-5)
    assert column.truncated_share > 0


def test_first_word_of_roberta_is_as_bert_score_meant_it(make_model: Maker) -> None:
    """The package's own switch is ignored by transformers 5; the scores are those with it."""
    plain = make_model("roberta", declared=40)
    prefixed = make_model("roberta", "prefixed", declared=40, prefix=True)
    ours = _parts(_score(OUTPUTS, REFERENCES, BertScore(plain, layer=2)))
    meant = _oracle(OUTPUTS, REFERENCES, prefixed, 2)
    np.testing.assert_allclose(ours, meant, atol=1e-5)
    assert np.abs(_oracle(OUTPUTS, REFERENCES, plain, 2) - meant).max() > 1e-3


@pytest.mark.parametrize(
    ("output", "reference"), [("", "a cat"), ("a cat", " "), ("the cat " * 60, "a cat")]
)
def test_scores_where_the_package_raises(make_model: Maker, output: str, reference: str) -> None:
    """An empty text is a state; a long one of an encoder without a maximum is cut."""
    folder = make_model("bert")
    with pytest.raises(Exception, match=r".*"):  # of whatever kind: there is no score
        _oracle([output], [[reference]], folder, 2)
    column = _score([output, "a cat"], [[reference], ["a cat"]], BertScore(folder, layer=2))
    assert column.score(1).value == pytest.approx(1)
    if output.strip() and reference.strip():
        whole = BertScore(make_model("bert", declared=40), layer=2)
        assert column.score(0).value == pytest.approx(
            _score([output], [reference], whole).values[0]
        )
        assert column.truncated_share == 0.5
    else:
        assert column.score(0).state is ScoreState.SKIPPED


@pytest.mark.parametrize("backend", BACKENDS)
def test_idf_of_a_corpus(tmp_path: Path, backend: str) -> None:
    """Weights of given texts equal bert-score's with the same counts; a list or a file."""
    corpus = ["the cat sat", "a mat", "the mat", "nobody knows it"]
    counted = get_idf_dict(corpus, get_tokenizer(str(find("minilm"))), nthreads=0)
    theirs = _oracle(OUTPUTS, REFERENCES, find("minilm"), 6, idf=counted)
    listed = BertScore(idf=corpus, backend=backend)
    np.testing.assert_allclose(_parts(_score(OUTPUTS, REFERENCES, listed)), theirs, atol=1e-5)
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join([*corpus, "", " "]), encoding="utf-8")
    filed = BertScore(idf=path, backend=backend)
    np.testing.assert_allclose(_parts(_score(OUTPUTS, REFERENCES, filed)), theirs, atol=1e-5)
    assert filed.signature == listed.signature
    assert "idf:corpus-" in filed.signature


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")  # bert-score's own
@pytest.mark.parametrize("layer", [2, 6])
def test_baseline_of_a_file(tmp_path: Path, layer: int) -> None:
    """The line of the layer, as bert-score reads the same file."""
    path = tmp_path / "baseline.tsv"
    lines = [f"{i},0.1{i},0.2{i},0.3{i}" for i in range(7)]
    path.write_text("\n".join(["LAYER,P,R,F", *lines]))
    theirs = _oracle(
        OUTPUTS,
        REFERENCES,
        find("minilm"),
        layer,
        lang="en",
        rescale_with_baseline=True,
        baseline_path=str(path),
    )
    metric = BertScore(layer=layer, baseline=str(path))
    np.testing.assert_allclose(_parts(_score(OUTPUTS, REFERENCES, metric)), theirs, atol=2e-5)
    assert f"baseline:0.1{layer},0.2{layer},0.3{layer}" in metric.signature


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read the baseline"),
        ("", "begins with"),
        ("LAYER,P\n6,1", "begins with"),
        ("LAYER,P,R,F\n5,.1,.2,.3", "no baseline for layer 6"),
        ("LAYER,P,R,F\n6,.1,x,.3", "give precision, recall and F"),
        ("LAYER,P,R,F\n6,.1,1,.3", "each part must be"),
    ],
)
def test_baseline_that_cannot_be_used_is_told(
    tmp_path: Path, content: str | None, said: str
) -> None:
    """A file that is not there, is none, or lacks the layer."""
    path = tmp_path / "baseline.tsv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MetricError, match=said):
        BertScore(baseline=str(path)).score_batch(["a"], ["a"])


@pytest.mark.parametrize(
    ("idf", "said"),
    [([], "give true, a list"), ([1], "give true, a list"), ("/nowhere.txt", "cannot read idf")],
)
def test_idf_that_cannot_be_used_is_told(idf: Any, said: str) -> None:
    """No texts, no text, and a file that is not there."""
    with pytest.raises(MetricError, match=said):
        BertScore(idf=idf).score_batch(["a"], ["a"])


def test_layers_are_those_of_bert_score() -> None:
    """Every name of the table has the layer that the package takes for it."""
    theirs = {name.rpartition("/")[2]: layer for name, layer in model2layers.items()}
    assert {name: theirs[name] for name in TUNED} == TUNED
    assert TUNED["roberta-large"] == 17
    assert tuned_layer("microsoft/deberta-xlarge-mnli") == 40
    assert tuned_layer("minilm") is None


def test_layer_is_known_by_name_or_the_last(make_model: Maker) -> None:
    """And it is said where it is from."""
    known = BertScore(make_model("bert", "bert-base-chinese", num_hidden_layers=9))
    assert known.describe()["layer"] == 8
    assert known.describe()["layer_from"] == "tuned on WMT16 (bert-score)"
    assert "|layer:8|" in known.signature
    assert BertScore().describe() == {
        "model": "minilm",
        "backend": "torch",
        "layer": 6,
        "layer_from": "the last: none is known to be best for 'minilm'",
        "max_tokens": 512,
        "cache": str(load_settings().home / "vectors.sqlite"),
    }
    asked = BertScore(layer=2, cache=False).describe()
    assert (asked["layer"], asked["layer_from"], asked["cache"]) == (2, "setting", "no")


def test_suites_give_plain_settings() -> None:
    """As YAML has them: a list for a triple, and the number is that of the class."""
    metric = load("bertscore", baseline=[0.1, 0.2, 0.3], idf=False, backend="numpy", layer=1)
    ours = metric.score_batch(OUTPUTS, REFERENCES)["bertscore"].values
    plain = _score(OUTPUTS, REFERENCES, BertScore(layer=1, backend="numpy")).values
    np.testing.assert_allclose(ours, (plain - 0.3) / 0.7, atol=1e-6)


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
    np.testing.assert_allclose(rescaled.recall, (plain.recall - 0.2) / 0.8, atol=1e-6)
    np.testing.assert_allclose(rescaled.values, (plain.values - 0.3) / 0.7, atol=1e-6)
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
        "bertscore|model:minilm|weights:53aa51172d14|layer:6|max_tokens:512|"
        "idf:no|baseline:no|refs:max_of_each_of_prf|v:1"
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
    """By numpy the encoder needs neither torch nor transformers."""
    program = (
        "import sys\nfrom evalhub.metrics import BertScore\n"
        "BertScore(layer=1, backend='numpy').score_batch(['a'], ['b'])\n"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
