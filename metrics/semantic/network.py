"""What computes an encoder's hidden states."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Network"]

Floats: TypeAlias = NDArray[np.float32]


class Network(Protocol):
    """The layers of an encoder; safe to use from several threads."""

    @property
    def backend(self) -> str:
        """``torch``, ``onnx`` or ``numpy``."""

    @property
    def layers(self) -> int:
        """How many layers there are; layer 0 is what goes into the first of them."""

    @property
    def masks(self) -> bool:
        """Whether texts of unlike length may go through together, the shorter ones padded."""

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_], layer: int) -> Floats:
        """Return hidden states (n, tokens, width) of *ids* (n, tokens) after *layer* layers.

        ``mask`` has the shape of *ids* and is false where they are padding.
        """
