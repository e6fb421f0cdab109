"""An encoder's layers by onnxruntime, out of a ``model.onnx``."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub._optional import require
from evalhub.errors import ModelError
from evalhub.metrics.semantic.network import Floats

__all__ = ["OnnxNetwork"]

_HIDDEN = re.compile(r"hidden_states?[._](\d+)")
_LAST = ("last_hidden_state", "token_embeddings")
_KNOWN = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids"})
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class OnnxNetwork:
    """An exported encoder.

    The file gives the last layer, and others only where it was exported with outputs
    called ``hidden_states.N``.

    Args:
        file: The network; weights outside of it lie beside it.
        layers: How many layers it has, which the file itself does not tell.
        device: ``cpu``, or ``cuda`` where onnxruntime was built for it; ``cpu`` when None.
        threads: Of the processor; one per core when None.

    Raises:
        MissingExtraError: the ``onnx`` extra is not installed.
        ModelError: the file cannot be loaded, or is no encoder of texts.
    """

    backend = "onnx"
    masks = True

    def __init__(
        self, file: Path, layers: int, *, device: str | None = None, threads: int | None = None
    ) -> None:
        self._file = file
        self.layers = layers
        self.device = device or "cpu"
        self._threads = threads
        self._session = _session(file, self.device, threads)
        self._inherited: Any = None
        self._process = os.getpid()
        self._inputs = {item.name: item.type for item in self._session.get_inputs()}
        unknown = sorted(set(self._inputs) - _KNOWN)
        if unknown or "input_ids" not in self._inputs:
            raise ModelError(f"{file} asks for {unknown or 'no input_ids'}: no encoder of texts")
        self._outputs = _outputs(self._session, layers)

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_], layer: int) -> Floats:
        """Return the hidden states after *layer* layers."""
        if layer not in self._outputs:
            told = ", ".join(map(str, sorted(self._outputs))) or "none"
            raise ModelError(
                f"{self._file} gives no layer {layer}; it gives {told}: use backend 'torch', or "
                "export it with its hidden states"
            )
        columns = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
        }
        feed = {
            name: columns[name].astype(_TYPES.get(kind, np.int64), copy=False)
            for name, kind in self._inputs.items()
        }
        if self._process != os.getpid():
            self._begin_forked()
        states = self._session.run([self._outputs[layer]], feed)[0]
        hidden: Floats = np.asarray(states, dtype=np.float32)
        return hidden

    def _begin_forked(self) -> None:
        # The session's threads are not forked along: it would wait for them for ever, even to end.
        self._inherited = self._session
        self._session = _session(self._file, self.device, self._threads)
        self._process = os.getpid()


def _session(file: Path, device: str, threads: int | None) -> Any:
    onnxruntime: Any = require("onnxruntime", extra="onnx")
    provider = f"{device.partition(':')[0].upper()}ExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise ModelError(f"onnxruntime has no device {device!r} here; use device 'cpu'")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=[provider])
    except Exception as error:  # the package's kinds have no common parent but this
        said = str(error).partition("\n")[0]
        raise ModelError(f"onnxruntime cannot load {file}: {said}") from error


def _outputs(session: Any, layers: int) -> dict[int, str]:
    """Return which output is which layer."""
    # Hidden states have three axes: texts, tokens, width. A pooled output has two.
    names = [item.name for item in session.get_outputs() if len(item.shape or ()) == 3]
    found = {int(match[1]): match[0] for name in names if (match := _HIDDEN.fullmatch(name))}
    others = [name for name in names if not _HIDDEN.fullmatch(name)]
    last = next((name for name in _LAST if name in others), next(iter(others), None))
    return found if last is None else {**found, layers: last}
