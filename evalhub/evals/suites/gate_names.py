"""Which targets the gates of a suite name, with ``*`` for many at once."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalhub.evals.gates.demand import Gate
from evalhub.evals.suites.explain import nearest
from evalhub.evals.suites.yaml_lines import Loc

__all__ = ["PlacedGate", "place_gates"]

Refuse = Callable[..., Exception]
"""Makes the error of a message at a place."""


@dataclass(frozen=True, slots=True)
class PlacedGate:
    """A gate, and where in the suite it is written."""

    gate: Gate
    loc: Loc


def place_gates(
    gates: Sequence[Gate], targets: Sequence[str], *, others: Sequence[str], refuse: Refuse
) -> tuple[PlacedGate, ...]:
    """Return *gates*, those with a ``*`` once for each target that they mean.

    A ``*`` in what a target is held against stands for what the one in ``of`` stood for.

    Args:
        gates: As written.
        targets: Names of all targets, in order; the last is judged where none is named.
        others: What a target may be held against beside targets.
        refuse: Makes the error of a gate that names no target.
    """
    placed = []
    for index, written in enumerate(gates):
        loc = ("gates", index)
        for gate in _multiplied(written, targets, loc, refuse):
            _check(gate, targets, others, loc, refuse)
            placed.append(PlacedGate(gate, loc))
    return tuple(placed)


def _multiplied(gate: Gate, targets: Sequence[str], loc: Loc, refuse: Refuse) -> Iterator[Gate]:
    if gate.of is None or "*" not in gate.of:
        yield gate
        return
    pattern = re.compile("(.*)".join(map(re.escape, gate.of.split("*"))))
    found = [match for match in map(pattern.fullmatch, targets) if match]
    if not found:
        raise refuse(f"no target is like {gate.of!r}; there are {', '.join(targets)}", *loc, "of")
    for match in found:
        one = replace(
            gate,
            of=match[0],
            not_worse_than=_same(gate.not_worse_than, match.groups()),
            better_than=_same(gate.better_than, match.groups()),
        )
        if one.other != one.of:  # a pattern may mean the baseline itself as well
            yield one


def _same(name: str | None, parts: Sequence[str]) -> str | None:
    """Return *name* with *parts* for its stars."""
    for part in parts:
        name = None if name is None else name.replace("*", part, 1)
    return name


def _check(
    gate: Gate, targets: Sequence[str], others: Sequence[str], loc: Loc, refuse: Refuse
) -> None:
    for key in ("of", "not_worse_than", "better_than"):
        name = getattr(gate, key)
        known = [*targets] if key == "of" else [*targets, *others]
        if name is not None and name not in known:
            multiplied = any(other.startswith(f"{name}[") for other in known)
            hint = f"{name}[*] is all of its matrix" if multiplied else nearest(name, known)
            raise refuse(f"no target is called {name!r}; {hint}", *loc, key)
    judged = gate.of or targets[-1]
    if judged == gate.other:
        raise refuse(f"{judged!r} is held against itself", *loc)
