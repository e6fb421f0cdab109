"""Load language models and adapters from local folders, one at a time."""

import gc
import threading
from pathlib import Path
from typing import Any, ClassVar

from evalhub._optional import require
from evalhub.errors import ConfigError

__all__ = ["LocalModel", "load_tokenizer"]

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


class LocalModel:
    """A model in a folder, loaded when it is first needed.

    A suite runs its targets one after the other, so only one model is in memory: another's
    weights make room when this one is loaded.

    Args:
        folder: Of the model.
        adapter: Folder of an adapter made by ``peft``.
        device: Where; None is a GPU where there is one.
        dtype: Type of the weights; None is that of the files.

    Raises:
        ConfigError: a folder is not there or lacks files, or the device cannot be used.
        MissingExtraError: torch, transformers or peft is not installed.
    """

    _held: ClassVar["LocalModel | None"] = None
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self, folder: Path, adapter: Path | None, device: str | None, dtype: str | None
    ) -> None:
        require("transformers", extra="torch")
        self._folder, self._adapter, self._dtype = folder, adapter, dtype
        self.device = _device(device)
        _check_type(dtype)
        self._model: Any = None
        _check_folder(folder, "config.json", "huggingface")
        if not any(path for kind in _WEIGHTS for path in folder.glob(kind)):
            raise ConfigError(f"{folder} holds no weights; 'huggingface' needs a saved model")
        if adapter is not None:
            require("peft", extra="peft")
            _check_folder(adapter, "adapter_config.json", "adapter")

    @property
    def is_loaded(self) -> bool:
        """Whether its weights are in memory."""
        return self._model is not None

    def load(self) -> Any:
        """Return the model, ready to generate.

        Raises:
            ConfigError: the files hold no language model, or the adapter does not fit it.
        """
        with LocalModel._loading:
            if self._model is None:
                LocalModel._make_room()
                self._model = _model(self._folder, self._adapter, self.device, self._dtype)
                LocalModel._held = self
            return self._model

    @classmethod
    def _make_room(cls) -> None:
        if cls._held is not None:
            cls._held._model = None
            cls._held = None
            gc.collect()
            require("torch", extra="torch").cuda.empty_cache()  # nothing without a GPU


def _device(wanted: str | None) -> Any:
    torch = require("torch", extra="torch")
    try:
        device = torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise ConfigError(f"the device {wanted!r} cannot be used: {reason}") from None
    return device


def _check_type(wanted: str | None) -> None:
    torch = require("torch", extra="torch")
    if wanted is not None and not isinstance(getattr(torch, wanted, None), torch.dtype):
        raise ConfigError(f"the type {wanted!r} is none of torch; use float32 or bfloat16")


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer in *folder*, which pads on the left.

    Raises:
        ConfigError: there is none.
    """
    transformers = require("transformers", extra="torch")
    _check_folder(folder, "config.json", "huggingface")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, padding_side="left"
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{folder} holds no tokenizer: {_first_line(error)}") from error
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ConfigError(f"the tokenizer in {folder} has no token that ends a text")
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _model(folder: Path, adapter: Path | None, device: Any, dtype: str | None) -> Any:
    transformers = require("transformers", extra="torch")
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=dtype or "auto"
        )
    except Exception as error:  # each of the many loaders raises its own
        raise ConfigError(f"cannot load the model in {folder}: {_first_line(error)}") from error
    if adapter is not None:
        model = _adapted(model, adapter)
    return model.to(device).eval()


def _adapted(model: Any, adapter: Path) -> Any:
    peft = require("peft", extra="peft")
    _check_folder(adapter, "adapter_config.json", "adapter")
    try:
        return peft.PeftModel.from_pretrained(model, adapter, local_files_only=True)
    except Exception as error:  # the same
        raise ConfigError(f"the adapter {adapter} does not fit: {_first_line(error)}") from error


def _check_folder(folder: Path, file: str, key: str) -> None:
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; check {key!r}")
    if not (folder / file).is_file():
        raise ConfigError(f"{folder} has no {file}; {key!r} needs a folder that has one")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
