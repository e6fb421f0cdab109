"""Keep only the rows whose columns have certain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalhub.errors import DatasetError
from evalhub.evals.datasets.spec import Condition, Scalar
from evalhub.evals.suites.explain import nearest

__all__ = ["Where"]

_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on columns, all of which must hold; it remembers which columns it has seen."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    _seen: dict[str, None] = field(default_factory=dict, init=False, repr=False)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* has the values; a row without the column has none of them.

        A text equals a number that is written so, and an empty one null, since CSV knows texts
        only.
        """
        if not self.conditions:
            return True
        if len(self._seen) < _REMEMBERED:
            self._seen.update(dict.fromkeys(row))
        return all(
            name in row and _is_one_of(row[name], wanted)
            for name, wanted in self.conditions.items()
        )

    def check(self, title: str) -> None:
        """Refuse a column that no row had; the error begins with *title*.

        Raises:
            DatasetError: names the nearest column.
        """
        for name in self.conditions:
            if self._seen and name not in self._seen:
                raise DatasetError(
                    f"{title}: 'where' asks for the column {name!r}; "
                    f"{nearest(name, list(self._seen))}"
                )


def _is_one_of(value: Any, wanted: Condition) -> bool:
    values = wanted if isinstance(wanted, list) else [wanted]
    return any(_is(value, one) for one in values)


def _is(value: Any, wanted: Scalar) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):  # True == 1
        return value is wanted or str(value).lower() == str(wanted).lower()
    if wanted is None:
        return value is None or value == ""  # a cell of a table that holds nothing
    if isinstance(value, str) and isinstance(wanted, int | float):
        return value == str(wanted)
    return bool(value == wanted)
