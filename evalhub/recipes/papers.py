"""Recipe: summarise papers, with two prompts to compare.

A folder holds ``NAME.pdf`` and, where somebody wrote a good summary,
``NAME.summary.txt`` beside it. Papers become a data set, a prompt becomes a target.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalhub.errors import ConfigError
from evalhub.model import Dataset, Example
from evalhub.recipes.chat import Chat
from evalhub.recipes.pdf import extract_text
from evalhub.tracing import traceable

__all__ = ["PROMPTS", "Paper", "Prompt", "fit", "load_papers", "summariser", "summary_dataset"]

MAX_WORDS = 900
"""Words of a paper that are sent: the embedded model's window, less prompt and answer."""
_MAX_TOKENS = 220  # 150 words, and some for the model that counts badly
_REFERENCES = re.compile(r"\n\n(references|bibliography|literature)\n\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper's text, cut to what the model can read, and its written summary."""

    id: str
    text: str
    summary: str | None = None
    left_out_words: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told (*system*) and asked; ``{paper}`` is the text."""

    question: str
    system: str | None = None


PROMPTS: Mapping[str, Prompt] = {
    "baseline": Prompt(
        "Summarise this paper in about 150 words. Cover the findings, the method and the "
        "conclusion.\n\n{paper}"
    ),
    "candidate": Prompt(
        "{paper}",
        system="You summarise research papers. Answer with one paragraph of about 150 words: "
        "what was asked, how it was studied, what was found with its numbers, and what the "
        "authors conclude. Use only facts from the paper.",
    ),
}
"""The two variants of the demo."""


def load_papers(folder: Path, *, max_words: int = MAX_WORDS) -> list[Paper]:
    """Return the papers in *folder*, by name.

    Raises:
        ConfigError: there is no such folder, no PDF in it, or one cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder; name one that holds PDFs")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".pdf")
    if not paths:
        raise ConfigError(f"{folder} holds no PDF; put the papers there as NAME.pdf")
    return [_load(path, max_words) for path in paths]


def fit(text: str, max_words: int) -> tuple[str, int]:
    """Cut *text* to *max_words* words, and say how many were left out.

    A list of references goes first. Then the middle goes: a paper says at its
    beginning and at its end what it found.
    """
    body = _REFERENCES.split(text)[0]
    words = body.split()
    dropped = len(words) - max_words
    if dropped <= 0:
        return body, len(text.split()) - len(words)
    head = max_words * 2 // 3
    tail = words[len(words) - (max_words - head) :]
    cut = f"{' '.join(words[:head])}\n\n[{dropped} words left out]\n\n{' '.join(tail)}"
    return cut, len(text.split()) - max_words


def summary_dataset(papers: Sequence[Paper], *, name: str = "papers") -> Dataset:
    """Return *papers* as examples; a written summary is the reference."""
    return Dataset(
        name,
        tuple(
            Example(
                id=paper.id,
                inputs={"paper": paper.text},
                references=(paper.summary,) if paper.summary else (),
                metadata={"left_out_words": paper.left_out_words},
            )
            for paper in papers
        ),
    )


def summariser(chat: Chat, prompt: Prompt) -> Callable[[str], str]:
    """Return a traced function from a paper's text to its summary."""

    @traceable(name="summarise_paper")
    def summarise(paper: str) -> str:
        # Not str.format: a paper may hold braces.
        question = prompt.question.replace("{paper}", paper)
        return chat.ask(question, system=prompt.system, max_tokens=_MAX_TOKENS)

    return summarise


def _load(path: Path, max_words: int) -> Paper:
    text, left_out = fit(extract_text(path), max_words)
    summary = path.with_suffix(".summary.txt")
    try:
        reference = summary.read_text(encoding="utf-8").strip() if summary.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {summary} as UTF-8 text: {error}") from error
    return Paper(path.stem, text, reference or None, left_out)
