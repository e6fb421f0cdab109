"""The judge's prompts: versioned files beside this one, filled in with the example.

A prompt's file is never edited once it was released: a better one gets the next
number. Its hash is part of the signature, so that scores of unlike prompts are
not compared.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

__all__ = ["RUBRICS", "Prompt", "load_prompt"]

RUBRICS: Mapping[str, str] = {
    "concise": "concise_v1",
    "faithful": "faithful_v1",
    "relevant": "relevant_v1",
}
"""Ready criteria by name, and the prompt file each is kept in."""

_TAGS = {"outputs": "answer", "inputs": "input", "references": "reference", "contexts": "context"}


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
        content = f"{self.template}\0{self.criteria}"
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    def fill(self, example: Mapping[str, object]) -> str:
        """Return the prompt for one *example*: its values by column name."""
        return Template(self.template).substitute(
            criteria=self.criteria.strip(),
            lowest=self.lowest,
            highest=self.highest,
            material="\n\n".join(_blocks(example)),
        )


@cache
def load_prompt(name: str) -> str:
    """Return the text of the prompt file *name*."""
    folder = resources.files("evalhub.metrics.judge") / "prompts"
    return (folder / f"{name}.txt").read_text(encoding="utf-8")


def _blocks(example: Mapping[str, object]) -> Iterator[str]:
    """Yield tagged blocks, the answer last, where a model remembers it best."""
    for column in ("inputs", "contexts", "references", "outputs"):
        for text in _texts(example.get(column)):
            yield _block(_TAGS[column], text)


def _block(tag: str, text: str) -> str:
    # The material must not be able to close its own block and go on as the prompt.
    return f"<{tag}>\n{text.replace(f'</{tag}', f'< /{tag}')}\n</{tag}>"


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return ["\n".join(f"{key}: {item}" for key, item in value.items())]
    if isinstance(value, Sequence):
        return [str(item) for item in value]
    return [str(value)]
