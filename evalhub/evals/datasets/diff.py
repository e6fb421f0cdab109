"""What changed between two versions of a data set."""

from dataclasses import dataclass

from evalhub.model import Dataset, Example

__all__ = ["ChangedExample", "DatasetDiff", "diff_datasets"]

_PARTS = ("inputs", "references", "metadata", "cluster")


@dataclass(frozen=True, slots=True)
class ChangedExample:
    """An example that both versions have, with unlike content."""

    id: str
    parts: tuple[str, ...]
    """What differs: ``inputs``, ``references``, ``metadata`` or ``cluster``."""


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """The way from one version to another."""

    before: str
    after: str
    """Versions."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Ids, in the order of the version that has them."""
    changed: tuple[ChangedExample, ...]
    unchanged: int
    is_reordered: bool
    """Whether examples that both have stand in another order."""

    @property
    def is_empty(self) -> bool:
        """Whether the versions are the same."""
        return self.before == self.after


def diff_datasets(before: Dataset, after: Dataset) -> DatasetDiff:
    """Return which examples were added, removed and changed from *before* to *after*.

    Examples are known by their ids.
    """
    old = {example.id: example for example in before.examples}
    new = {example.id: example for example in after.examples}
    common = [example_id for example_id in new if example_id in old]
    changes = (
        ChangedExample(example_id, _unlike(old[example_id], new[example_id]))
        for example_id in common
    )
    changed = tuple(change for change in changes if change.parts)
    return DatasetDiff(
        before=before.version,
        after=after.version,
        added=tuple(example_id for example_id in new if example_id not in old),
        removed=tuple(example_id for example_id in old if example_id not in new),
        changed=changed,
        unchanged=len(common) - len(changed),
        is_reordered=common != [example_id for example_id in old if example_id in new],
    )


def _unlike(one: Example, other: Example) -> tuple[str, ...]:
    return tuple(part for part in _PARTS if getattr(one, part) != getattr(other, part))
