"""The judge's prompts: versioned files beside this one, filled in with the example.

A prompt's file is never edited once it was released: a better one gets the next
number. Its hash is part of the signature, so that scores of unlike prompts are
not compared.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from string import Template

from evalhub.errors import MetricError

__all__ = [
    "RUBRICS",
    "SHOWN",
    "Prompt",
    "block",
    "fill",
    "fingerprint",
    "load_prompt",
    "material",
    "numbered",
    "ready_criteria",
]

RUBRICS: Mapping[str, str] = {
    "coherent": "coherent_v1",
    "concise": "concise_v1",
    "correct": "correct_v1",
    "faithful": "faithful_v1",
    "fluent": "fluent_v1",
    "harmless": "harmless_v1",
    "helpful": "helpful_v1",
    "relevant": "relevant_v1",
}
"""Ready criteria by name, and the prompt file each is kept in."""

_TAGS = {
    "inputs": "input",
    "contexts": "context",
    "references": "reference",
    "expected_tool_calls": "expected_tool_call",
    "tool_calls": "tool_call",
    "outputs": "answer",
}
_BLOCKS = "|".join([*_TAGS.values(), "answer_a", "answer_b"])
SHOWN = tuple(_TAGS)
"""Columns that a judge can be shown, in the prompt's order."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One rubric's prompt, to be filled in for each example."""

    template: str
    criteria: str
    lowest: int
    highest: int

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits over the template and the criteria."""
        return fingerprint(self.template, self.criteria)

    def fill(self, example: Mapping[str, object]) -> str:
        """Return the prompt for one *example*: its values by column name."""
        return fill(
            self.template,
            criteria=self.criteria.strip(),
            lowest=self.lowest,
            highest=self.highest,
            material=material(example),
        )


@cache
def load_prompt(name: str, folder: str = "evalhub.metrics.judge/prompts") -> str:
    """Return the text of the prompt file *name*; *folder* is ``package/directory``."""
    package, _, directory = folder.partition("/")
    file = resources.files(package) / directory / f"{name}.txt"
    return file.read_text(encoding="utf-8")


def ready_criteria(criteria: str) -> str:
    """Return the text of the ready rubric called *criteria*, or *criteria* itself.

    Raises:
        MetricError: it is empty or no text, or a word that is nearly such a name.
    """
    if not isinstance(criteria, str) or not criteria.strip():
        ready = ", ".join(RUBRICS)
        raise MetricError(f"criteria is {criteria!r}; describe them, or use one of: {ready}")
    meant = get_close_matches(criteria.strip().lower(), RUBRICS, n=1, cutoff=0.75)
    if meant and criteria not in RUBRICS:
        raise MetricError(
            f"criteria is {criteria!r}, no ready rubric; use {meant[0]!r}, or more words"
        )
    return load_prompt(RUBRICS[criteria]) if criteria in RUBRICS else criteria


def fingerprint(*texts: str) -> str:
    """Return eight hexadecimal digits over *texts*, for signatures."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]


def fill(template: str, **values: object) -> str:
    """Return *template* with its ``$name`` places filled; the values may hold anything."""
    return Template(template).substitute(values)


def block(tag: str, text: str) -> str:
    """Return *text* as tagged material, which it cannot leave by closing the tag itself.

    Nor can it pass a part of itself for other material: an answer could bring along its own
    reference.
    """
    own = rf"<(?=/\s*{re.escape(tag)})"
    tags = re.compile(rf"{own}|<(?=\s*/?\s*(?:{_BLOCKS})\s*>)", re.IGNORECASE)
    return f"<{tag}>\n{tags.sub('< ', text)}\n</{tag}>"


def material(example: Mapping[str, object]) -> str:
    """Return *example*'s values by column as blocks, the answer last: it is remembered best."""
    return "\n\n".join(
        block(tag, text) for column, tag in _TAGS.items() for text in _texts(example.get(column))
    )


def numbered(items: Sequence[str]) -> str:
    """Return *items* as numbered lines, one line an item."""
    lines = (f"{number}. {' '.join(item.split())}" for number, item in enumerate(items, start=1))
    return "\n".join(lines)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return ["\n".join(f"{key}: {item}" for key, item in value.items())]
    if isinstance(value, Sequence):
        return [item if isinstance(item, str) else _json(item) for item in value]
    return [str(value)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
