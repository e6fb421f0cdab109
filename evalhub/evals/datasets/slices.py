"""Which parts of the data an example belongs to.

A slice is a column and, for numbers, the places where it is cut into bins. The cuts are found
once over the whole data set, so that an example has the same label under every target, with every
``--limit`` and on every machine that has the same version.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evalhub.errors import DatasetError
from evalhub.evals.suites.explain import nearest
from evalhub.evals.suites.spec import Name, Spec, Text
from evalhub.model import Example

__all__ = ["Role", "Slice", "SliceSpec", "cut_slices", "slice_of"]


class SliceSpec(Spec):
    """A column to report by; a bare name is one that is not cut into bins."""

    column: Text
    bins: Annotated[int, Field(ge=2, le=99)] | None = None
    """How many parts of about as many examples each; for columns of numbers."""
    name: Name | None = None
    """What reports and gates call it; the column's name when left out."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value


Role = Literal["cluster", "reference"]
"""What a column may have become: the example's cluster, or its first reference."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A column whose bins, if any, were cut."""

    name: str
    column: str
    cuts: tuple[float, ...] | None = None
    """Highest value of each bin but the last; None where the column is not cut."""
    role: Role | None = None
    """What the column became, where it is no metadata and no input."""

    def label(self, example: Example) -> str | None:
        """Return the part that *example* is in; None where it has no value in the column.

        Raises:
            DatasetError: the value is a list or a mapping, or is to be cut and is no number.
        """
        value = _value(example, self.column, self.role)
        if value is None:
            return None
        if self.cuts is None:
            return _plain_label(value, self.column, example.id)
        return self._bin(_number(value, self.column, example.id))

    def _bin(self, number: float) -> str:
        cuts = self.cuts or ()
        index = bisect_left(cuts, number)
        digits = len(str(len(cuts) + 1))  # labels sort as the bins do
        place = f"{index + 1:0{digits}}/{len(cuts) + 1}"
        if index == len(cuts):
            return f"{place}: above {cuts[-1]:g}" if cuts else place
        return f"{place}: to {cuts[index]:g}"


def cut_slices(
    examples: Sequence[Example],
    specs: Sequence[SliceSpec],
    roles: Mapping[str, Role] | None = None,
) -> tuple[Slice, ...]:
    """Return the slices that *specs* ask for, cut at the quantiles of *examples*.

    Equal numbers are never parted, so that there are fewer bins where many are equal.

    Args:
        examples: All of them.
        specs: The columns.
        roles: Which columns are the cluster or the reference, so that these can be sliced by.

    Raises:
        DatasetError: no example has the column, a value cannot be a label, or two slices have
            the same name.
    """
    slices: dict[str, Slice] = {}
    for spec in specs:
        found = _cut(examples, spec, (roles or {}).get(spec.column))
        if found.name in slices:
            raise DatasetError(f"two slices are called {found.name!r}; give one another 'name'")
        slices[found.name] = found
    return tuple(slices.values())


def slice_of(example: Example, slices: Sequence[Slice]) -> Mapping[str, str]:
    """Return the label of *example* in each of *slices*, by the slice's name.

    A slice in whose column the example has no value is left out.

    Raises:
        DatasetError: a value cannot be a label.
    """
    labels = ((one.name, one.label(example)) for one in slices)
    return {name: label for name, label in labels if label is not None}


def _cut(examples: Sequence[Example], spec: SliceSpec, role: Role | None) -> Slice:
    name = spec.name or spec.column
    values = [(example, _value(example, spec.column, role)) for example in examples]
    given = [(example, value) for example, value in values if value is not None]
    if not given:
        raise DatasetError(_absent(examples, spec.column))
    if spec.bins is None:
        for example, value in given:
            _plain_label(value, spec.column, example.id)
        return Slice(name, spec.column, role=role)
    numbers = sorted(_number(value, spec.column, example.id) for example, value in given)
    return Slice(name, spec.column, _cuts(numbers, spec.bins), role)


def _cuts(numbers: Sequence[float], bins: int) -> tuple[float, ...]:
    """Return the least numbers with 1/bins, 2/bins, ... of *numbers* at or below them."""
    # Values of the data and not between them: the same on every platform.
    found = {numbers[math.ceil(len(numbers) * part / bins) - 1] for part in range(1, bins)}
    return tuple(sorted(found - {numbers[-1]}))


def _absent(examples: Sequence[Example], column: str) -> str:
    there = list(dict.fromkeys(name for one in examples for name in (*one.metadata, *one.inputs)))
    if column in there:
        return f"the slice {column!r} is empty: no example has a value in that column"
    return f"there is no column {column!r} to slice by; {nearest(column, there)}"


def _value(example: Example, column: str, role: Role | None) -> Any:
    """Return the example's value, None where there is none."""
    value = example.metadata.get(column, example.inputs.get(column))
    if value is None and role == "cluster":
        value = example.cluster
    elif value is None and role == "reference":
        value = example.references[0] if example.references else None
    is_nothing = value == "" or (isinstance(value, float) and math.isnan(value))
    return None if is_nothing else value


def _plain_label(value: object, column: str, example_id: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise DatasetError(
        f"example {example_id!r} has {value!r} under {column!r}; a slice takes a text or a number"
    )


def _number(value: object, column: str, example_id: str) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        number = math.nan
    if math.isnan(number) or isinstance(value, bool):
        raise DatasetError(
            f"example {example_id!r} has {value!r} under {column!r}, which is no number; "
            "leave out 'bins'"
        )
    return number
