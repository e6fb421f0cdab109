"""Read model weights in the safetensors format, without the package of that name.

The format is eight bytes of length, a JSON header and the tensors end to end:
https://huggingface.co/docs/safetensors (section "Format").
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import ModelError

__all__ = ["read_weights"]

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "BF16": np.dtype("<u2"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_INTEGERS = frozenset({"BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64"})


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of real numbers in *path* by name, as float32.

    Raises:
        ModelError: the file is damaged, or its numbers have a type that is not read here.
    """
    content = np.fromfile(path, dtype=np.uint8)
    header, start = _header(path, content)
    return {
        name: _tensor(path, name, entry, content[start:])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] not in _INTEGERS
    }


def _header(path: Path, content: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:8].tobytes(), "little")
    try:
        header = json.loads(content[8 : 8 + length].tobytes())
    except ValueError as error:
        raise ModelError(f"{path} is not a safetensors file, or is damaged: {error}") from error
    return header, 8 + length


def _tensor(
    path: Path, name: str, entry: dict[str, Any], data: NDArray[np.uint8]
) -> NDArray[np.float32]:
    dtype = _DTYPES.get(entry["dtype"])
    if dtype is None:
        known = ", ".join(_DTYPES)
        raise ModelError(f"{path}: {name} has type {entry['dtype']}; convert it to one of {known}")
    begin, end = entry["data_offsets"]
    if end > len(data) or end - begin != math.prod(entry["shape"]) * dtype.itemsize:
        raise ModelError(f"{path} is damaged: {name} is cut short; pull or copy the model again")
    flat = np.frombuffer(data[begin:end].tobytes(), dtype=dtype)
    if entry["dtype"] == "BF16":  # the upper half of a float32
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    tensor: NDArray[np.float32] = flat.reshape(entry["shape"]).astype(np.float32, copy=False)
    return tensor
