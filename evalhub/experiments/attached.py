"""Names of the files that are kept with a run: no two alike, and none that is the record's."""

from collections.abc import Sequence
from pathlib import Path

from evalhub.experiments.document import HEADER, RESULTS

__all__ = ["RESERVED", "TABLE", "named_apart"]

TABLE = "results.json"
"""The table of MLflow's pages."""
RESERVED = frozenset({HEADER, RESULTS, TABLE, "artifacts"})


def named_apart(files: Sequence[Path]) -> dict[str, Path]:
    """Return *files* by the names to keep them under.

    Two files of different folders may be called the same, as ``v1/plain.j2`` and ``v2/plain.j2``
    are: the second becomes ``plain-2.j2``. So does one that is called as a file of the record.
    """
    named: dict[str, Path] = {}
    for file in dict.fromkeys(files):
        name, number = file.name, 1
        while name in named or name in RESERVED:
            number += 1
            name = f"{file.stem}-{number}{file.suffix}"
        named[name] = file
    return named
