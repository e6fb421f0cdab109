"""Prompts of this room, and the blocks of material that fill them.

The prompts are versioned files beside this one, kept as those of the judges are
(:mod:`evalhub.metrics.judge.prompt`): a released one is never edited.
"""

import re
from collections.abc import Sequence

from evalhub.metrics.judge import prompt

__all__ = ["ask_about", "block", "named_hash", "numbered_block", "passage_blocks"]

_FOLDER = "evalhub.metrics.rag/prompts"
_TAGS = ("answer", "checks", "passage", "question", "reference", "statements", "text")
_TAG = re.compile(rf"<(?=\s*+(?:/\s*+)?(?:{'|'.join(_TAGS)}))", re.IGNORECASE)


def ask_about(name: str, blocks: Sequence[str], n: int = 0) -> str:
    """Return the prompt file *name* with *blocks* as its material; *n* is what it asks for."""
    template = prompt.load_prompt(name, _FOLDER)
    return prompt.fill(template, material="\n\n".join(blocks), n=n)


def named_hash(name: str) -> str:
    """Return the prompt's name and eight hexadecimal digits over its text."""
    return f"{name}:{prompt.fingerprint(prompt.load_prompt(name, _FOLDER))}"


def block(tag: str, text: str) -> str:
    """Return *text* as the block *tag*.

    No tag of these prompts can stand in it: a passage could else go on as another one.
    """
    return prompt.block(tag, _TAG.sub("< ", text.strip()))


def passage_blocks(contexts: Sequence[str]) -> list[str]:
    """Return a block for each of *contexts*, counted from 1."""
    return [block(f"passage_{number}", text) for number, text in enumerate(contexts, start=1)]


def numbered_block(tag: str, items: Sequence[str]) -> str:
    """Return *items* as one block of numbered lines, one line an item."""
    lines = (f"{number}. {' '.join(item.split())}" for number, item in enumerate(items, start=1))
    return block(tag, "\n".join(lines))
