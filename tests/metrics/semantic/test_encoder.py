"""The numpy encoder against transformers' BertModel with the same weights."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from evalhub.errors import ModelError
from evalhub.llm.models import find
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.metrics.semantic.safetensors import read_weights

TEXTS = ["A short one.", "", "Something longer, with Ünïcödé and 今天天气很好.", "word " * 600]


@pytest.mark.model
def test_hidden_states_equal_transformers() -> None:
    """Each layer's output agrees to 1e-4, for empty, foreign and cut texts."""
    folder = find("minilm")
    encoder = load_encoder(folder, backend="numpy")
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ours = [encoder.hidden(encoder.tokenize(TEXTS), layer) for layer in range(encoder.layers + 1)]
    for row, text in enumerate(TEXTS):
        with torch.no_grad():
            tokens = tokenizer(text, return_tensors="pt", truncation=True)
            states = model(**tokens, output_hidden_states=True).hidden_states
        for layer, state in enumerate(states):
            np.testing.assert_allclose(ours[layer][row], state[0].numpy(), atol=1e-4)


@pytest.mark.model
def test_embeddings_are_unit_vectors_that_know_meaning() -> None:
    """Vectors have length 1, and a paraphrase is nearer than another subject."""
    vectors = load_encoder("minilm", backend="numpy").embed(
        ["How old are you?", "What is your age?", "The stock market fell."]
    )
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.7
    assert vectors[0] @ vectors[2] < 0.3


@pytest.mark.model
def test_no_texts_give_no_rows() -> None:
    """An empty list has the right width and no rows."""
    assert load_encoder("minilm", backend="numpy").embed([]).shape == (0, 384)


@pytest.mark.model
def test_truncation_is_told() -> None:
    """A text over the limit is cut to it and says so; one below is whole."""
    long, short = load_encoder("minilm", backend="numpy").tokenize(["word " * 600, "word"])
    assert (long.truncated, len(long.ids)) == (True, 512)
    assert (short.truncated, len(short.ids)) == (False, 3)


@pytest.mark.model
def test_architecture_that_cannot_be_computed_is_refused(tmp_path: Path) -> None:
    """A model of another kind is an error, not wrong numbers."""
    folder = Path(shutil.copytree(find("minilm"), tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "deberta"}))
    with pytest.raises(ModelError, match="model is a 'deberta'"):
        load_encoder(folder, backend="numpy")


def test_unknown_encoder_says_what_can_be_given() -> None:
    """Neither a known name nor a folder."""
    with pytest.raises(ModelError, match="no encoder 'bert-huge'"):
        load_encoder("bert-huge")


def test_folder_without_a_model_names_the_missing_file(tmp_path: Path) -> None:
    """The message is the path that should be there."""
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_encoder(tmp_path)


def test_half_precision_is_read(tmp_path: Path) -> None:
    """F16 becomes float32, integers are left out."""
    header = {
        "w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "i": {"dtype": "I64", "shape": [1], "data_offsets": [4, 12]},
    }
    _write(tmp_path / "m", header, np.array([1.5, -2], np.float16).tobytes() + bytes(8))
    weights = read_weights(tmp_path / "m")
    assert list(weights) == ["w"]
    assert weights["w"].tolist() == [1.5, -2]


def test_brain_floats_are_read(tmp_path: Path) -> None:
    """BF16, which most models are kept in, is the upper half of a float32."""
    header = {"w": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
    halves = (np.array([1.5, -2, 0], np.float32).view(np.uint32) >> 16).astype("<u2")
    _write(tmp_path / "m", header, halves.tobytes())
    assert read_weights(tmp_path / "m")["w"].tolist() == [1.5, -2, 0]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_damaged_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    """What is not safetensors is told as that."""
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelError, match="not a safetensors file"):
        read_weights(tmp_path / "m")


@pytest.mark.parametrize(
    ("dtype", "end", "said"), [("F8_E4M3", 8, "type F8_E4M3"), ("F32", 8, "cut short")]
)
def test_unreadable_tensor_is_an_error(tmp_path: Path, dtype: str, end: int, said: str) -> None:
    """A type that numpy lacks, and a file that ends too soon."""
    _write(tmp_path / "m", {"w": {"dtype": dtype, "shape": [2], "data_offsets": [0, end]}}, b"1234")
    with pytest.raises(ModelError, match=said):
        read_weights(tmp_path / "m")


def _write(path: Path, header: Mapping[str, object], data: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
