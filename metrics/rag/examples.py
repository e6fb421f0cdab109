"""Make one record an example out of columns, or say why it cannot be scored."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.errors import MetricInputError
from evalhub.metrics.columns import (
    References,
    Unscored,
    column_lists,
    reference_lists,
    unscored_rows,
)
from evalhub.metrics.rag.question import question_texts
from evalhub.model import ScoreState

__all__ = ["Contexts", "Inputs", "rag_examples", "text_lists"]

Contexts = Sequence[Sequence[str] | None]
"""Texts of the retrieved chunks, best first, per output; None where the target failed."""
Inputs = Sequence[Mapping[str, Any] | str]
"""What the target was given; the question is one of its texts, or the text."""


def rag_examples(
    *,
    outputs: Sequence[str | None] | None = None,
    inputs: Inputs | None = None,
    contexts: Contexts | None = None,
    references: References | None = None,
    question: str | None = None,
) -> list[dict[str, Any] | Unscored]:
    """Return one record an example, with ``question``, ``contexts``, ``references``, ``output``.

    A record has what columns were given. *question* names the input that is the question.

    Raises:
        MetricInputError: the columns differ in length, hold something else than texts, or
            an example's inputs have no question.
    """
    given = {"outputs": outputs, "inputs": inputs, "contexts": contexts, "references": references}
    present = {name: column for name, column in given.items() if column is not None}
    columns = dict(zip(present, column_lists(**present), strict=True))
    n = len(next(iter(columns.values())))
    fields: dict[str, Sequence[Any]] = {}
    if "inputs" in columns:
        fields["question"] = question_texts(columns["inputs"], question)
    if "contexts" in columns:
        fields["contexts"] = text_lists(columns["contexts"], "contexts")
    if "references" in columns:
        fields["references"] = _told(reference_lists(columns["references"]))
    if "outputs" in columns:
        fields["output"] = columns["outputs"]
    unscored = unscored_rows(columns.get("outputs", [""] * n), fields.get("references"))
    records = [{name: column[i] for name, column in fields.items()} for i in range(n)]
    return [unscored.get(i) or _lacking(record) or record for i, record in enumerate(records)]


def text_lists(column: Sequence[Sequence[str] | None], name: str) -> list[list[str] | None]:
    """Return each item of *column* as a list of texts, None where there is none.

    Raises:
        MetricInputError: an item is a bare text, or holds something else than texts.
    """
    for index, item in enumerate(column):
        if item is None:
            continue
        if isinstance(item, str) or not isinstance(item, Sequence):
            raise MetricInputError(f"{name} {index} are {item!r}; give a list of texts")
        wrong = [text for text in item if not isinstance(text, str)]
        if wrong:
            raise MetricInputError(f"{name} {index} hold {wrong[0]!r}; give texts")
    return [None if item is None else list(item) for item in column]


def _told(references: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the references that say something."""
    return [[text for text in row if text.strip()] for row in references]


def _lacking(record: Mapping[str, Any]) -> Unscored | None:
    if "contexts" in record and record["contexts"] is None:
        return Unscored(ScoreState.ERRORED, "the target gave no contexts")
    if not record.get("output", "text").strip():
        return Unscored(ScoreState.SKIPPED, "the output is empty")
    if not record.get("question", "text").strip():
        return Unscored(ScoreState.SKIPPED, "the question is empty")
    return None
