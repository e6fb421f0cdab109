"""Encoders by torch, onnxruntime and numpy, against transformers and bert-score's own model."""

import importlib.util
import json
import multiprocessing
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from bert_score.utils import get_model
from transformers import AutoModel, T5EncoderModel

from evalhub.errors import MissingExtraError, ModelError
from evalhub.llm.models import find
from evalhub.metrics.semantic.encoder import Encoder, load_encoder

Maker = Callable[..., Path]

TEXTS = ["The cat sat", "", "a", "今天天气很好", "  two  spaces ", "dog " * 100]


def _hidden(encoder: Encoder, layer: int | None = None) -> list[np.ndarray]:
    return list(encoder.hidden(encoder.tokenize(TEXTS), layer))


def _assert_alike(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("albert", 0),
        ("bart", 0),
        ("bert", 0),
        ("deberta-v2", 1),  # transformers itself cannot give its layer 0
        ("distilbert", 0),
        ("roberta", 0),
        ("t5", 0),
    ],
)
def test_layers_equal_the_model_that_bert_score_makes(
    make_model: Maker, kind: str, first: int
) -> None:
    """Each layer of each architecture, padded in batches here and one text at a time there."""
    folder = make_model(kind)
    encoder = load_encoder(folder, backend="torch")
    ids = [torch.tensor(item.ids)[None] for item in encoder.tokenize(TEXTS)]
    for layer in range(first, encoder.layers + 1):
        oracle = get_model(str(folder), layer)
        with torch.no_grad():
            theirs = [oracle(one)[0][0].numpy() for one in ids]
        _assert_alike(_hidden(encoder, layer), theirs)


def test_numpy_and_torch_agree_on_a_bert(make_model: Maker) -> None:
    """Every layer, with the same tokens and the same fingerprint."""
    folder = make_model("bert")
    one, other = (load_encoder(folder, backend=backend) for backend in ("numpy", "torch"))
    for layer in range(one.layers + 1):
        _assert_alike(_hidden(one, layer), _hidden(other, layer))
    assert one.fingerprint == other.fingerprint
    assert one.namespace == other.namespace
    assert (one.backend, other.backend) == ("numpy", "torch")


@pytest.mark.model
@pytest.mark.parametrize("batch_tokens", [1, 300, 100_000])
def test_batches_do_not_change_vectors(batch_tokens: int) -> None:
    """However many texts go through together, and in the order given."""
    encoder = load_encoder("minilm", backend="torch", batch_tokens=batch_tokens)
    _assert_alike(_hidden(encoder, 3), _hidden(load_encoder("minilm", backend="numpy"), 3))


def test_onnx_equals_torch_and_shares_its_fingerprint(onnx_model: Path) -> None:
    """A file seen to compute what the weights do has scores that may be compared with theirs."""
    one, other = (load_encoder(onnx_model, backend=backend) for backend in ("onnx", "torch"))
    for layer in range(one.layers + 1):
        _assert_alike(_hidden(one, layer), _hidden(other, layer))
    assert (one.backend, one.layers) == ("onnx", 3)
    assert one.fingerprint == other.fingerprint


def test_onnx_of_other_weights_has_its_own_fingerprint(onnx_model: Path, make_model: Maker) -> None:
    """A quantised or an old file computes something else, and is not taken for the weights."""
    weights = make_model("bert", "other", initializer_range=0.03) / "model.safetensors"
    (onnx_model / "model.safetensors").write_bytes(weights.read_bytes())
    one, other = (load_encoder(onnx_model, backend=backend) for backend in ("onnx", "numpy"))
    assert one.fingerprint != other.fingerprint


def test_onnx_alone_is_an_encoder(onnx_model: Path) -> None:
    """A folder with nothing but a network and a tokenizer; layers that it lacks are told."""
    theirs = _hidden(load_encoder(onnx_model, backend="torch"))
    (onnx_model / "model.safetensors").unlink()
    file = onnx_model / "model.onnx"
    network = onnx.load(file)
    del network.graph.output[1:]
    onnx.save(network, file)
    load_encoder.cache_clear()
    encoder = load_encoder(onnx_model)
    assert encoder.backend == "onnx"
    _assert_alike(_hidden(encoder), theirs)
    with pytest.raises(ModelError, match="gives no layer 2; it gives 3: use backend 'torch'"):
        _hidden(encoder, 2)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_auto_takes_what_is_installed(
    make_model: Maker, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Torch first; without it numpy, which knows BERT only and says so."""
    folder = make_model(kind)
    assert load_encoder(folder).backend == "torch"
    load_encoder.cache_clear()
    _uninstall(monkeypatch, "torch")
    if kind == "bert":
        assert load_encoder(folder).backend == "numpy"
    else:
        with pytest.raises(ModelError, match=r"'roberta'.*evalhub\[torch\]"):
            load_encoder(folder)


def test_backend_that_is_not_installed_names_its_extra(
    make_model: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the pip command."""
    folder = make_model("bert")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"evalhub\[torch\]"):
        load_encoder(folder, backend="torch")


def _uninstall(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else found(name)
    )


def test_weights_that_are_incomplete_are_refused(make_model: Maker) -> None:
    """Transformers would fill the gaps with random numbers, and the scores would be noise."""
    folder = make_model("bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    encoder = load_encoder(folder, backend="torch")
    with pytest.raises(ModelError, match=r"the weights lack 'encoder\.layer\.3"):
        _hidden(encoder)


def test_encoder_of_an_encoder_decoder_may_be_alone(make_model: Maker) -> None:
    """A folder without the decoder, as T5EncoderModel saves it, lacks nothing that is used."""
    folder = make_model("t5")
    theirs = _hidden(load_encoder(folder))
    T5EncoderModel.from_pretrained(folder).save_pretrained(folder)
    load_encoder.cache_clear()
    _assert_alike(_hidden(load_encoder(folder)), theirs)


def test_pickled_weights_are_read(make_model: Maker) -> None:
    """A folder from before safetensors, by torch; numpy says what it lacks."""
    folder = make_model("bert")
    theirs = _hidden(load_encoder(folder, backend="torch"))
    state = AutoModel.from_pretrained(folder).state_dict()
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    load_encoder.cache_clear()
    _assert_alike(_hidden(load_encoder(folder)), theirs)
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        load_encoder(folder, backend="numpy")


def test_half_precision_is_computed_in_float32(make_model: Maker) -> None:
    """Weights of 16 bits give vectors of 32, the same by torch and by numpy."""
    folder = make_model("bert")
    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    one, other = (load_encoder(folder, backend=backend) for backend in ("numpy", "torch"))
    assert _hidden(other)[0].dtype == np.float32
    _assert_alike(_hidden(one), _hidden(other))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backend": "jax"}, "backend is 'jax'; use one of auto, torch, onnx, numpy"),
        ({"backend": "torch", "device": "tpu-9"}, "no device 'tpu-9'"),
        ({"backend": "numpy", "device": "cuda"}, "numpy computes on the processor"),
        ({"backend": "onnx"}, "neither model.onnx"),
        ({"batch_tokens": 0}, "batch_tokens is 0"),
        ({"threads": 0}, "threads is 0; use 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    make_model: Maker, settings: dict[str, Any], said: str
) -> None:
    """The message has the value and what to use."""
    with pytest.raises(ModelError, match=said):
        load_encoder(make_model("bert"), **settings)


def test_description_with_gaps_means_what_transformers_takes(make_model: Maker) -> None:
    """An old ``config.json`` names no epsilon; numpy and torch take the same one."""
    folder = make_model("bert")
    config = json.loads((folder / "config.json").read_text())
    del config["layer_norm_eps"]
    (folder / "config.json").write_text(json.dumps(config))
    one, other = (load_encoder(folder, backend=backend) for backend in ("numpy", "torch"))
    _assert_alike(_hidden(one), _hidden(other))


def test_description_of_another_model_is_told(make_model: Maker) -> None:
    """Heads that do not divide the weights' width are an error with the number."""
    folder = make_model("bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_attention_heads": 5}))
    with pytest.raises(ModelError, match="num_attention_heads is 5, which does not divide"):
        load_encoder(folder, backend="numpy")


@pytest.mark.parametrize("backend", ["numpy", "torch", "onnx"])
def test_forked_process_computes_too(onnx_model: Path, backend: str) -> None:
    """Threads of the network are not forked along; the child does not wait for them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    encoder = load_encoder(onnx_model, backend=backend)
    texts = encoder.tokenize(["the cat sat on the mat"] * 200)
    encoder.hidden(texts)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=encoder.hidden, args=(texts,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the point
        child.start()
    child.join(30)
    if child.exitcode is None:
        child.kill()
    torch.set_num_threads(before)
    assert child.exitcode == 0


def test_onnx_file_that_is_none_is_told(make_model: Maker) -> None:
    """A damaged file, and a device that onnxruntime was not built for."""
    folder = make_model("bert")
    (folder / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="onnxruntime cannot load"):
        load_encoder(folder, backend="onnx")
    with pytest.raises(ModelError, match="no device 'cuda'"):
        load_encoder(folder, backend="onnx", device="cuda")


def test_threads_hold_for_the_call_only(make_model: Maker) -> None:
    """The program's own number of threads is what it was."""
    before = torch.get_num_threads()
    folder = make_model("bert")
    encoder = load_encoder(folder, backend="torch", threads=before + 1)
    _assert_alike(_hidden(encoder), _hidden(load_encoder(folder, backend="numpy")))
    assert torch.get_num_threads() == before


def test_loading_is_silent(make_model: Maker, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a progress bar nor a report of the layers left out; and transformers' own stays."""
    folder = make_model("bert")
    capfd.readouterr()
    _hidden(load_encoder(folder, backend="torch"), 1)
    assert capfd.readouterr() == ("", "")
    AutoModel.from_pretrained(folder)
    assert "Loading weights" in capfd.readouterr().err


@pytest.mark.model
def test_embed_equals_mean_pooling_by_torch() -> None:
    """The same unit vectors by numpy and by torch, for more texts than are held at once."""
    texts = [*TEXTS[:5], *(f"text number {i}" for i in range(50))]
    one, other = (load_encoder("minilm", backend=backend) for backend in ("numpy", "torch"))
    np.testing.assert_allclose(one.embed(texts), other.embed(texts), atol=1e-5)
    model = AutoModel.from_pretrained(find("minilm")).eval()
    with torch.no_grad():
        states = model(torch.tensor(one.tokenize(texts[:1])[0].ids)[None])[0][0].mean(dim=0)
    pooled = states / states.norm()
    np.testing.assert_allclose(other.embed(texts[:1])[0], pooled.numpy(), atol=1e-5)
