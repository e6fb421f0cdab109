"""An encoder's layers by torch and transformers: any architecture that AutoModel knows."""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub._optional import require
from evalhub.errors import ModelError
from evalhub.metrics.semantic.folder import ModelFolder
from evalhub.metrics.semantic.network import Floats

__all__ = ["TorchNetwork"]

_HELD = 2
"""Models held at once: one for each layer asked for, since each is cut off at its layer."""

_UNUSED = ("pooler.", "decoder.")
"""Weights that hidden states of an encoder do not depend on."""


class TorchNetwork:
    """The encoder of a folder, in float32.

    Of an encoder-decoder the encoder is used. Layers above the one that is asked for are
    not loaded, so the result is what the model would give if it ended there: where a
    norm follows the last layer (T5, Pegasus) it is applied, as in bert-score.

    Args:
        folder: Holds the weights.
        device: As torch names it; CUDA when it is there, else the processor, when None.
        threads: Of the processor, while this network computes; torch's own when None.

    Raises:
        MissingExtraError: the ``torch`` extra is not installed.
        ModelError: transformers cannot load the folder, or there is no such device.
    """

    backend = "torch"
    masks = True

    def __init__(
        self, folder: ModelFolder, *, device: str | None = None, threads: int | None = None
    ) -> None:
        self._torch: Any = require("torch", extra="torch")
        self._transformers: Any = require("transformers", extra="torch")
        self._folder = folder
        self._threads = threads
        self._models: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()
        self.device = self._device(device)
        with self._reported("load"):
            self.layers = int(self._config().num_hidden_layers)

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_], layer: int) -> Floats:
        """Return the hidden states after *layer* layers."""
        torch = self._torch
        if self._process != os.getpid():
            self._begin_forked()
        with self._lock:
            model = self._model(layer)
        with torch.inference_mode(), self._threaded(), self._reported("compute"):
            states = model(
                input_ids=torch.from_numpy(ids).to(self.device),
                attention_mask=torch.from_numpy(mask.astype(np.int64)).to(self.device),
            )[0]
            hidden: Floats = states.float().cpu().numpy()
        return hidden

    def _begin_forked(self) -> None:
        # torch's threads are not forked along, and it would wait for them for ever; its own
        # DataLoader computes with one thread in forked workers for that reason.
        self._torch.set_num_threads(1)
        self._threads = None
        self._lock = threading.Lock()
        self._process = os.getpid()

    def _model(self, layer: int) -> Any:
        if layer not in self._models:
            while len(self._models) >= _HELD:
                del self._models[next(iter(self._models))]
            self._models[layer] = self._load(layer)
        return self._models[layer]

    def _load(self, layer: int) -> Any:
        with self._reported("load"), _quiet(self._transformers):
            config = self._config()
            config.num_hidden_layers = layer
            if hasattr(config, "encoder_layers"):  # BART and its kin count them twice
                config.encoder_layers = layer
            model, report = self._transformers.AutoModel.from_pretrained(
                self._folder.path,
                config=config,
                dtype=self._torch.float32,
                local_files_only=True,
                output_loading_info=True,
            )
        self._check_weights(report["missing_keys"])
        if hasattr(model, "encoder") and hasattr(model, "decoder"):
            model = model.encoder
        return model.eval().to(self.device)

    def _config(self) -> Any:
        return self._transformers.AutoConfig.from_pretrained(
            self._folder.path, local_files_only=True
        )

    def _check_weights(self, missing: Iterable[str]) -> None:
        # transformers fills in random numbers, which must not reach a hidden state.
        absent = sorted(name for name in missing if not name.startswith(_UNUSED))
        if absent:
            raise ModelError(
                f"{self._folder.path}: the weights lack {absent[0]!r}, and {len(absent) - 1} more; "
                "is the folder complete?"
            )

    def _device(self, name: str | None) -> Any:
        torch = self._torch
        try:
            device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
            torch.empty(1, device=device)
        except Exception as error:  # an unknown name, no driver, a CPU build of torch
            said = str(error).partition("\n")[0]
            raise ModelError(f"there is no device {name!r} ({said}); use device 'cpu'") from error
        return device

    @contextlib.contextmanager
    def _threaded(self) -> Iterator[None]:
        if self._threads is None:
            yield
            return
        before = self._torch.get_num_threads()
        self._torch.set_num_threads(self._threads)
        try:
            yield
        finally:
            self._torch.set_num_threads(before)

    @contextlib.contextmanager
    def _reported(self, doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # as many kinds as there are architectures
            said = str(error).partition("\n")[0]
            raise ModelError(f"transformers cannot {doing} {self._folder.path}: {said}") from error


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers from printing a progress bar and the list of the layers left out."""
    log = transformers.utils.logging
    verbosity, bar = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bar:
            log.enable_progress_bar()
