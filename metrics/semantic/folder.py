"""Find an encoder's files: a pulled model, a folder, or a name on the Hugging Face hub."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import MissingExtraError, ModelError
from evalhub.llm.models import CATALOG, find

__all__ = ["ModelFolder", "file_digest", "open_folder", "read_json"]

_POSITION_KEYS = ("max_position_embeddings", "n_positions")
_LAYER_KEYS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers")
_AFTER_PADDING = frozenset(
    {
        *("camembert", "data2vec-text", "ibert", "longformer", "mpnet", "roberta"),
        *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
    }
)
"""Models that number positions from the padding's number on: two of 514 are never used."""
_UNDECLARED = 512
"""Longest text for models with relative positions whose tokenizer names no maximum."""
_POOLING = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
_WEIGHTS = ("model.safetensors", "model-*.safetensors", "pytorch_model.bin", "pytorch_model-*.bin")
_ONNX = ("model.onnx", "onnx/model.onnx")
_HUB_FILES = ("*.json", "*.txt", "*.model", *_WEIGHTS[:2])


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder in Hugging Face's layout."""

    path: Path
    name: str
    """For signatures."""
    config: Mapping[str, Any]
    """The content of ``config.json``."""

    @property
    def model_type(self) -> str:
        """The architecture's name, such as ``bert``."""
        return str(self.config.get("model_type", ""))

    @property
    def layers(self) -> int:
        """How many layers ``config.json`` tells of."""
        return int(self._first(_LAYER_KEYS) or 0)

    @property
    def padding(self) -> int:
        """Number of the padding token."""
        return int(self.config.get("pad_token_id") or 0)

    @property
    def max_tokens(self) -> int:
        """Longest text: what the tokenizer declares, at most what there are positions for."""
        limits = [limit for limit in (self._positions(), self._declared()) if limit]
        return min(limits, default=_UNDECLARED)

    @property
    def weights(self) -> list[Path]:
        """The files of the weights, safetensors before pickles; empty when there is none."""
        for pattern in _WEIGHTS:
            found = sorted(self.path.glob(pattern))
            if found:
                return found
        return []

    @property
    def onnx(self) -> Path | None:
        """The file of the network in ONNX, when there is one."""
        return next((self.path / name for name in _ONNX if (self.path / name).is_file()), None)

    @property
    def pooling(self) -> str:
        """How a sentence encoder makes one vector of a text's: ``mean``, or ``cls``, the first.

        That is what sentence-transformers keeps beside the model; ``mean`` without it.

        Raises:
            ModelError: it is another way.
        """
        path = self.path / "1_Pooling" / "config.json"
        if not path.is_file():
            return "mean"
        kept = read_json(path)
        ways = {_POOLING.get(key, key) for key, value in kept.items() if value is True}
        ways = {way for way in ways if way != "include_prompt"} or {str(kept.get("pooling_mode"))}
        if ways in ({"mean"}, {"cls"}):
            return ways.pop()
        told = " and ".join(sorted(ways))
        raise ModelError(f"{path} asks for the pooling {told}; only mean and cls can be computed")

    def _positions(self) -> int | None:
        positions = self._first(_POSITION_KEYS)
        if not positions or positions < 0:
            return None
        return positions - 1 - self.padding if self.model_type in _AFTER_PADDING else positions

    def _declared(self) -> int | None:
        path = self.path / "tokenizer_config.json"
        declared = read_json(path).get("model_max_length") if path.is_file() else None
        # 10^30 is how transformers writes that nobody declared anything.
        return int(declared) if declared and 0 < declared < 1e9 else None

    def _first(self, keys: Sequence[str]) -> int | None:
        return next((self.config[key] for key in keys if self.config.get(key) is not None), None)


def open_folder(model: str | Path) -> ModelFolder:
    """Return the folder of *model*: pulled, on disk, or fetched from the hub.

    Raises:
        ModelError: there is no such model, it was not pulled, the hub cannot be
            reached, or its folder has no usable ``config.json``.
    """
    if not isinstance(model, str | Path) or not str(model):
        raise ModelError(f"the encoder is {model!r}; give the name of a model, or a folder")
    if model in CATALOG:
        path = find(str(model))
    elif Path(model).expanduser().is_dir():
        path = Path(model).expanduser()
    else:
        path = _from_hub(str(model))
    name = str(model) if isinstance(model, str) and not Path(model).is_dir() else path.name
    return ModelFolder(path, name, read_json(path / "config.json"))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in the file *path*.

    Raises:
        ModelError: the file is missing, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; an encoder's folder must hold {path.name}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content


def file_digest(paths: Sequence[Path]) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of the files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def _from_hub(name: str) -> Path:
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise ModelError(f"there is no folder {name!r}; {_choices()}")
    try:
        hub = require("huggingface_hub", extra="torch")
    except MissingExtraError as error:
        raise ModelError(
            f"there is no encoder {name!r}: it is no folder and no pulled model, and for the "
            f"hub {error}"
        ) from error
    try:
        path = Path(hub.snapshot_download(name, allow_patterns=list(_HUB_FILES)))
        if not any(path.glob("*.safetensors")):
            path = Path(hub.snapshot_download(name, allow_patterns=[*_HUB_FILES, *_WEIGHTS]))
    except Exception as error:  # names, network, rights: each has kinds of its own
        raise ModelError(_not_there(name, hub, error)) from error
    return path


def _not_there(name: str, hub: Any, error: Exception) -> str:
    errors = hub.errors
    if isinstance(error, errors.GatedRepoError):
        why = "the hub wants an account for it; accept its terms and run: hf auth login"
    elif isinstance(error, errors.RepositoryNotFoundError):
        why = f"the hub has no model of that name; {_choices()}"
    elif isinstance(error, errors.HFValidationError):
        why = f"the hub can have no model of that name; {_choices()}"
    elif hub.constants.HF_HUB_OFFLINE:
        why = f"HF_HUB_OFFLINE is set and it was not fetched before; {_choices()}"
    elif isinstance(error, errors.LocalEntryNotFoundError):
        why = f"the hub cannot be reached; {_choices()}"
    else:
        why = f"the hub failed ({str(error).partition(chr(10))[0]}); {_choices()}"
    return f"there is no encoder {name!r}: it is no folder and no pulled model, and {why}"


def _choices() -> str:
    return "use 'minilm' (evalhub models pull minilm), a folder, or a name on the hub"
