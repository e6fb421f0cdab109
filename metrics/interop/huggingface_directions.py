"""Which numbers of Hugging Face ``evaluate``'s own modules are the better ones.

A module says it in its prose alone. Listed are those of evaluate 0.4 of which less is better, or
neither; of what is not listed nothing is known.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from evalhub.errors import MetricError
from evalhub.model import Direction

__all__ = ["direction_of"]

_LOWER = (
    "brier_score",
    "cer",
    "character",
    "charcut_mt",
    "honest",
    "mae",
    "mape",
    "mase",
    "mse",
    "perplexity",
    "smape",
    "ter",
    "text_duplicates",
    "toxicity",
    "wer",
)
_NEITHER = ("label_distribution", "ref_length", "word_count", "word_length")
_KNOWN: Mapping[str, Direction] = {
    **dict.fromkeys(_LOWER, Direction.LOWER),
    **dict.fromkeys(_NEITHER, Direction.NEITHER),
}


def direction_of(module: str, result: str | None, said: str | None) -> Direction | None:
    """Return which numbers under *result* of *module* are better; None where it is not known.

    What was *said* counts before all; then the key, as ``wer`` of a module of many; then the name
    of the module, which may be a path or have its owner before it.

    Raises:
        MetricError: what was said is no direction.
    """
    if said is not None:
        return _direction(said)
    # The last part of a path, of a name on the hub, or of a file.
    own = PurePosixPath(module.replace("\\", "/")).name.removesuffix(".py")
    return _KNOWN.get(result or "") or _KNOWN.get(own)


def _direction(said: str) -> Direction:
    try:
        return Direction(said)
    except ValueError:
        told = ", ".join(Direction)
        raise MetricError(f"better is {said!r}; give one of {told}") from None
