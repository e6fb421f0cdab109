"""What a suite file says of its data set."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalhub.evals.suites.spec import Spec, Text

__all__ = ["ROLES", "Condition", "DatasetSpec", "SampleSpec", "Scalar"]

Scalar = str | int | float | bool | None
Condition = Scalar | list[Scalar]
"""A value that a column must have, or a list of values of which it must have one."""

_SOURCES = ("path", "sql", "huggingface", "stored")
_PARTNERS = {"url": "sql", "split": "huggingface", "version": "stored"}
ROLES = (
    *("id", "inputs", "reference", "cluster"),
    *("relevant_ids", "expected_tool_calls", "contexts"),
)
"""Keys that say what columns mean."""


class SampleSpec(Spec):
    """A random part of the data set, the same for the same rows and seed."""

    n: Annotated[int, Field(ge=1)]
    """How many examples; all of them when there are fewer."""
    seed: int = 0


class DatasetSpec(Spec):
    """Where a data set is and what its columns mean.

    Exactly one of ``path``, ``sql``, ``huggingface`` and ``stored`` says where. Columns that have
    no role here are kept as the examples' metadata; so ``relevant_ids``, which retrieval metrics
    read, needs no mention when it is called that.
    """

    path: Text | None = None
    """A ``.jsonl``, ``.ndjson``, ``.json``, ``.csv``, ``.tsv`` (each also ``.gz``) or ``.parquet``
    file, relative to the suite file."""
    sql: Text | None = None
    """A query that only reads; each row is an example."""
    url: Text | None = None
    """SQLAlchemy's address of the database that *sql* is asked of."""
    huggingface: Text | None = None
    """A folder that ``datasets`` saved, or one of files that it can load; nothing is fetched."""
    split: Text | None = None
    """Which split of it; may be left out when there is one."""
    stored: Text | None = None
    """Name under which ``evalhub datasets import`` keeps one; it brings its roles along."""
    version: Text | None = None
    """``latest``, or the beginning of a version's hash."""
    id: Text | None = None
    """Column of the ids; left out it is ``id`` or, where there is no such column, each row gets a
    hash of its content."""
    inputs: Annotated[list[Text], Field(min_length=1)] | None = None
    """Columns that the target is given; left out for files that evalhub exported."""
    reference: Text | Annotated[list[Text], Field(min_length=1)] | None = None
    """Column with a right answer or with a list of them; or several such columns. What is no text
    becomes JSON."""
    cluster: Text | None = None
    """Column naming what makes examples depend on each other, such as an author."""
    relevant_ids: Text | None = None
    """Column with the ids of the documents that ought to be found."""
    expected_tool_calls: Text | None = None
    """Column with the tool calls that ought to be made."""
    contexts: Text | None = None
    """Column with the texts that an answer may rest on."""
    where: dict[str, Condition] = Field(default_factory=dict)
    """Only rows whose columns have these values."""
    sample: SampleSpec | None = None

    @model_validator(mode="after")
    def _says_where(self) -> "DatasetSpec":
        given = [key for key in _SOURCES if getattr(self, key) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "nothing"
            raise ValueError(f"give exactly one of {', '.join(_SOURCES)}; there is {said}")
        for key, partner in _PARTNERS.items():
            if getattr(self, key) is not None and partner not in given:
                raise ValueError(f"{key!r} goes with {partner!r}, and there is {given[0]!r}")
        if self.sql is not None and self.url is None:
            raise ValueError("'sql' needs 'url': the address of the database")
        self._check_roles()
        return self

    def _check_roles(self) -> None:
        roles = [key for key in ROLES if getattr(self, key) is not None]
        if self.stored is not None and roles:
            raise ValueError(
                f"{roles[0]!r} was said when {self.stored!r} was imported; leave it out"
            )
        if self.inputs is None and self.path is None and self.stored is None:
            raise ValueError("lacks 'inputs': the columns that the target is given")

    @property
    def sliceable(self) -> dict[str, Literal["cluster", "reference"]]:
        """The columns that are no metadata any more and can be sliced by, and what they are."""
        found: dict[str, Literal["cluster", "reference"]] = {}
        if len(self.reference_columns) == 1:
            found[self.reference_columns[0]] = "reference"
        if self.cluster is not None:
            found[self.cluster] = "cluster"
        return found

    @property
    def reference_columns(self) -> list[str]:
        """The columns of reference texts, in the file's order."""
        if isinstance(self.reference, str):
            return [self.reference]
        return list(self.reference or ())
