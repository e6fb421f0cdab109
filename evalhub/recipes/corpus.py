"""The papers that come with evalhub: short, invented research notes for the demo.

The studies, places, people and figures in them are fictional. Each paper has a
summary written by hand; the questions have an answer and the passage it rests on.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import orjson

from evalhub.recipes.papers import Paper
from evalhub.recipes.render import render_pdf

__all__ = ["install_corpus", "install_suite"]

_CORPUS = Path(__file__).parent / "corpus"


def install_corpus(folder: Path) -> Path:
    """Write the papers as PDFs, their summaries and the questions into *folder*.

    What lies there is replaced, other files are left alone. The folder then looks
    like one that a user brings along: see :func:`evalhub.recipes.papers.load_papers`
    and :func:`evalhub.recipes.rag.load_questions`.

    Returns:
        *folder*.

    Raises:
        MissingExtraError: fpdf2 is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for summary in sorted(_CORPUS.glob("*.summary.txt")):
        shutil.copyfile(summary, folder / summary.name)
        paper = summary.name.removesuffix(".summary.txt")
        text = (_CORPUS / f"{paper}.txt").read_text(encoding="utf-8")
        render_pdf(text, folder / f"{paper}.pdf")
    shutil.copyfile(_CORPUS / "questions.jsonl", folder / "questions.jsonl")
    return folder


def install_suite(papers: Sequence[Paper], folder: Path) -> Path:
    """Write *papers* as a data set into *folder*, with a suite file that runs on it.

    Returns:
        The suite file, for ``evalhub eval run``.
    """
    rows = [
        {"id": paper.id, "paper": paper.text, "summary": paper.summary or ""} for paper in papers
    ]
    (folder / "papers.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return Path(shutil.copyfile(_CORPUS / "summaries.yaml", folder / "summaries.yaml"))
