"""Finding an encoder's files, its limits, and saying what is wrong with them."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from evalhub.errors import ModelError
from evalhub.metrics import BertScore
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.metrics.semantic.folder import ModelFolder, open_folder
from evalhub.metrics.semantic.similarity import EmbeddingSimilarity

Maker = Callable[..., Path]


def _folder(path: Path, config: dict[str, object], declared: object = None) -> ModelFolder:
    if declared is not None:
        (path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": declared}))
    return ModelFolder(path, "x", config)


@pytest.mark.parametrize(
    ("config", "declared", "expected"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, None, 512),
        ({"model_type": "bert", "max_position_embeddings": 512}, 256, 256),
        ({"model_type": "bert", "max_position_embeddings": 512}, 10**30, 512),
        (
            {"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1},
            10**30,
            512,
        ),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 1}, 514, 512),
        ({"model_type": "t5", "n_positions": 512}, None, 512),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, None, 512),
        ({"model_type": "xlnet"}, 2048, 2048),
    ],
)
def test_longest_text(
    tmp_path: Path, config: dict[str, object], declared: object, expected: int
) -> None:
    """What the tokenizer declares, but never more than there are positions for."""
    assert _folder(tmp_path, config, declared).max_tokens == expected


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_tokenizer_without_a_maximum_does_not_overflow(make_model: Maker, kind: str) -> None:
    """A very long text is cut at the positions there are, and says so."""
    encoder = load_encoder(make_model(kind))
    (long,) = encoder.tokenize(["cat " * 500])
    assert (len(long.ids), long.truncated, encoder.max_tokens) == (40, True, 40)
    assert encoder.hidden([long])[0].shape == (40, 32)


@pytest.mark.parametrize("model", [None, b"minilm", "", 3])
def test_what_is_no_name_is_refused(model: object) -> None:
    """The message has the value."""
    with pytest.raises(ModelError, match="the encoder is"):
        open_folder(model)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("model", ["/nowhere/at/all", "./here", "a/b/c", Path("/nowhere")])
def test_path_that_is_not_there_is_not_looked_for_on_the_hub(model: str | Path) -> None:
    """What looks like a path is a path."""
    with pytest.raises(ModelError, match="there is no folder"):
        open_folder(model)


def test_model_that_was_not_pulled_says_how() -> None:
    """The home of a test is empty."""
    with pytest.raises(ModelError, match="evalhub models pull minilm"):
        open_folder("minilm")


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("config.json", "config.json is missing"),
        ("model.safetensors", "has no weights"),
        ("tokenizer.json", "tokenizer.json is missing"),
    ],
)
def test_missing_file_is_named(make_model: Maker, absent: str, said: str) -> None:
    """A folder without weights, without a tokenizer, without a description."""
    folder = make_model("bert")
    for name in (absent, "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(ModelError, match=said):
        load_encoder(folder)


@pytest.mark.parametrize("content", ["{", "[]", '"x"'])
def test_description_that_is_none_is_told(make_model: Maker, content: str) -> None:
    """Not JSON, or no object."""
    folder = make_model("bert")
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json (is not JSON|holds no JSON object)"):
        load_encoder(folder)


def test_damaged_tokenizer_is_told(make_model: Maker) -> None:
    """The message is the file."""
    folder = make_model("bert")
    (folder / "tokenizer.json").write_text('{"model": 1}')
    with pytest.raises(ModelError, match=r"tokenizer\.json is not a tokenizer"):
        load_encoder(folder)


def test_architecture_that_transformers_does_not_know(make_model: Maker) -> None:
    """One line instead of its advice to upgrade."""
    folder = make_model("bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "nobert"}))
    with pytest.raises(ModelError, match=r"transformers cannot load .*nobert") as caught:
        load_encoder(folder, backend="torch")
    assert "\n" not in str(caught.value)


_ASK = """
import sys
from evalhub.errors import ModelError
from evalhub.metrics.semantic.encoder import load_encoder
for name in sys.argv[1:]:
    try:
        encoder = load_encoder(name, backend="numpy")
        print(encoder.name, encoder.layers, encoder.embed(["a cat"]).shape)
    except ModelError as error:
        print(error)
"""


def _ask(tmp_path: Path, *names: str, **environment: str) -> list[str]:
    """Return what a program says of *names*; the hub's client reads its settings at import."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *names],
        env={**os.environ, "HF_HOME": str(tmp_path / "hub"), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_hub_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    """Offline, and with a name that no model can have."""
    offline, wrong = _ask(tmp_path, "bert-huge", "no such--name", HF_HUB_OFFLINE="1")
    assert offline == (
        "there is no encoder 'bert-huge': it is no folder and no pulled model, and HF_HUB_OFFLINE "
        "is set and it was not fetched before; use 'minilm' (evalhub models pull minilm), a "
        "folder, or a name on the hub"
    )
    assert "the hub can have no model of that name" in wrong


def test_hub_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """Nobody listens at the address."""
    (said,) = _ask(tmp_path, "bert-huge", HF_ENDPOINT="http://127.0.0.1:9")
    assert "and the hub cannot be reached" in said


def test_model_fetched_from_the_hub_before_is_found(tmp_path: Path, make_model: Maker) -> None:
    """The layout of the hub's own cache, without a network."""
    made = make_model("bert")
    commit = "a" * 40
    repository = tmp_path / "hub" / "hub" / "models--me--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    made.rename(repository / "snapshots" / commit)
    (said,) = _ask(tmp_path, "me/tiny", HF_HUB_OFFLINE="1")
    assert said == "me/tiny 3 (1, 32)"


class _FakeHub(BaseHTTPRequestHandler):
    """Stands in for the hub, which cannot be reached here: one model, in its wire protocol.

    The list of files at ``/api/models``, and each file at ``/resolve`` with the headers that
    the real client asks for (ETag, X-Repo-Commit).
    """

    folder: Path
    asked: ClassVar[list[str]] = []
    commit = "b" * 40

    def do_HEAD(self) -> None:
        """Answer as to GET, without the content."""
        self._answer(with_content=False)

    def do_GET(self) -> None:
        """Answer with the list of files, or with a file."""
        self._answer(with_content=True)

    def _answer(self, *, with_content: bool) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if path == "/api/models/me/tiny/revision/main":
            files = [{"rfilename": file.name} for file in self.folder.iterdir()]
            content = json.dumps({"id": "me/tiny", "sha": self.commit, "siblings": files}).encode()
        elif path.startswith("/api/models/me/tiny/tree/"):
            listed = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "c" * 40}
                for file in self.folder.iterdir()
            ]
            content = json.dumps(listed).encode()
        elif path == f"/me/tiny/resolve/{self.commit}/{name}":
            content = (self.folder / name).read_bytes()
            self.asked.append(name)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.commit)
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_model_is_fetched_from_the_hub(tmp_path: Path, make_model: Maker) -> None:
    """By the real client: what is needed and nothing else, once; another name is told."""
    _FakeHub.folder = make_model("bert")
    (_FakeHub.folder / "tf_model.h5").write_bytes(b"of no use here")
    with ThreadingHTTPServer(("127.0.0.1", 0), _FakeHub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        said, other = _ask(tmp_path, "me/tiny", "me/other", HF_ENDPOINT=address)
        server.shutdown()
    assert said == "me/tiny 3 (1, 32)"
    assert "the hub has no model of that name" in other
    wanted = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert set(_FakeHub.asked) == wanted
    assert _ask(tmp_path, "me/tiny", HF_HUB_OFFLINE="1") == [said]


@pytest.mark.parametrize(
    ("kept", "row"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "first"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls", "include_prompt": True}, "first"),
    ],
)
def test_sentence_encoders_pool_as_they_were_trained(
    make_model: Maker, kept: dict[str, object], row: str
) -> None:
    """BGE and others take the first token's vector; their folder says so."""
    folder = make_model("bert")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(kept))
    encoder = load_encoder(folder, backend="numpy")
    hidden = encoder.hidden(encoder.tokenize(["the cat sat"]))[0]
    pooled = hidden[0] if row == "first" else hidden.mean(axis=0)
    expected = pooled / np.linalg.norm(pooled)
    np.testing.assert_allclose(encoder.embed(["the cat sat"])[0], expected, atol=1e-6)
    metric = EmbeddingSimilarity(folder, backend="numpy", cache=False)
    assert f"|pooling:{encoder.pooling}|" in metric.signature
    other = encoder.hidden(encoder.tokenize(["a dog"]))[0]
    pooled = other[0] if row == "first" else other.mean(axis=0)
    found = metric.score_batch(["the cat sat"], ["a dog"])["embedding_similarity"].values[0]
    assert found == pytest.approx(expected @ pooled / np.linalg.norm(pooled), abs=1e-6)


def test_pooling_that_cannot_be_computed_is_told(make_model: Maker) -> None:
    """Where a model pools in another way, a mean would be another model; BERTScore needs none."""
    folder = make_model("bert")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_lasttoken": true}')
    with pytest.raises(ModelError, match="asks for the pooling pooling_mode_lasttoken; only mean"):
        load_encoder(folder, backend="numpy").embed(["the cat"])
    assert BertScore(folder, backend="numpy", cache=False).score_batch(["the cat"], ["a dog"])
