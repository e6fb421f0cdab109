"""Whether the output is JSON that keeps to a schema (https://json-schema.org)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Scored, Unscored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.structure.json_text import NotJsonError, read_json
from evalhub.metrics.structure.schema import Schema, SchemaSource, TooDeepError, make_schema
from evalhub.model import ScoreState

__all__ = ["JsonSchema"]


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """1 where the output is JSON that keeps to *schema*, else 0; the explanation says where not.

    Args:
        schema: The schema itself, or the path of its file. Nothing it refers to is fetched.
        fences: Whether JSON in a code block counts, with text around it.

    Raises:
        MetricError: *schema* is no JSON schema, or its file cannot be read.
        MissingExtraError: the ``metrics`` extra is not installed.
    """

    schema: SchemaSource
    fences: bool = False
    _schema: Schema = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    name: ClassVar[str] = "json_schema"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_schema", make_schema(self.schema))

    @property
    def signature(self) -> str:
        """Name, the schema's hash, settings and version."""
        return signature(
            self.name, version=self.version, schema=self._schema.fingerprint, fences=self.fences
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*.

        Raises:
            MetricError: the schema refers to another that is not in it.
        """
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        try:
            wrong = self._schema.first_error(read_json(output, fences=self.fences))
        except NotJsonError as error:
            wrong = str(error)
        except TooDeepError as error:
            return Unscored(ScoreState.ERRORED, str(error))
        return 1.0 if wrong is None else Scored(0.0, wrong)
