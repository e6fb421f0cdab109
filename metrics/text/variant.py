"""The variants of ROUGE, by name."""

import re
from dataclasses import dataclass
from typing import Literal

from evalhub.errors import MetricError

__all__ = ["Variant", "parse_variant"]

Kind = Literal["n", "L", "Lsum", "W", "S", "SU"]

_NAME = re.compile(
    r"rouge(?:(?P<order>[1-9])|(?P<L>L(?:sum)?)|W-?(?P<weight>\d+(?:\.\d+)?)"
    r"|(?P<S>SU?)(?P<gap>\d+|\*))"
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: ``rouge2``, ``rougeL``, ``rougeLsum``, ``rougeW-1.2``, ``rougeSU4``."""

    name: str
    """The one way to write it: ``rougeW-1.2`` for ``rougeW1.2`` and ``rougeW-1.20`` as well."""
    kind: Kind
    order: int = 1
    weight: float = 1.0
    gap: int | None = None
    """Most words between the two of a skip bigram; None for any number (``rougeS*``)."""

    @property
    def root(self) -> float:
        """The power that shares are raised to: the inverse of the weight of runs."""
        return 1 / self.weight


def parse_variant(name: str) -> Variant:
    """Return the variant called *name*.

    Raises:
        MetricError: there is no such variant.
    """
    match = _NAME.fullmatch(name)
    if match is None or (match["weight"] and float(match["weight"]) < 1):
        raise MetricError(
            f"{name!r} is no variant of ROUGE; "
            "use rouge1 to rouge9, rougeL, rougeLsum, rougeW-1.2, rougeS4, rougeSU4 or rougeS*"
        )
    if match["order"]:
        return Variant(name, "n", order=int(match["order"]))
    if match["weight"]:
        weight = float(match["weight"])
        return Variant(f"rougeW-{weight:g}", "W", weight=weight)
    if match["L"]:
        return Variant(name, "Lsum" if match["L"] == "Lsum" else "L")
    gap = None if match["gap"] == "*" else int(match["gap"])
    kind: Kind = "SU" if match["S"] == "SU" else "S"
    return Variant(f"rouge{kind}{'*' if gap is None else gap}", kind, gap=gap)
