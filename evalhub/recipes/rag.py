"""Recipe: answer questions about the papers, with two depths of retrieval to compare.

Papers are cut into chunks of whole sentences, embedded by the local encoder and
searched by cosine. A question quotes the passages that hold its answer, so the chunks
that should be found are known however the papers are cut.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from evalhub.errors import DatasetError
from evalhub.evals.targets.base import TargetOutput
from evalhub.metrics.semantic.encoder import Encoder
from evalhub.model import Dataset, Example
from evalhub.recipes.chat import Chat
from evalhub.recipes.papers import Paper
from evalhub.tracing import traceable

__all__ = [
    "DEPTHS",
    "Chunk",
    "Hit",
    "Index",
    "Question",
    "answerer",
    "build_index",
    "chunk_paper",
    "load_questions",
    "question_dataset",
    "relevant_ids",
]

DEPTHS: Mapping[str, int] = {"baseline": 2, "candidate": 4}
"""The two variants of the demo: how many chunks the model is shown."""

_CHUNK_WORDS = 60
_MAX_TOKENS = 60
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n\n")
_SYSTEM = "Answer the question in one sentence, with facts from the passages only."


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some sentences of one paper; ``id`` is the paper's and their place in it."""

    id: str
    paper: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk and its cosine with the question."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question on one paper, its answer, and the passages of the paper that hold it."""

    id: str
    paper: str
    question: str
    answer: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Chunks and their unit vectors, shape (chunks, dimensions)."""

    chunks: tuple[Chunk, ...]
    vectors: NDArray[np.float32]
    encoder: Encoder

    def search(self, question: str, depth: int) -> list[Hit]:
        """Return the *depth* chunks nearest to *question*, best first."""
        scores = self.vectors @ self.encoder.embed([question])[0]
        best = np.argsort(-scores, kind="stable")[:depth]
        return [Hit(self.chunks[place], float(scores[place])) for place in best]


def chunk_paper(paper: Paper, *, words: int = _CHUNK_WORDS) -> list[Chunk]:
    """Cut *paper* into chunks of whole sentences, about *words* words each."""
    texts: list[str] = []
    current: list[str] = []
    for sentence in _SENTENCE_END.split(paper.text):
        if current and sum(len(part.split()) for part in [*current, sentence]) > words:
            texts.append(" ".join(current))
            current = []
        current.append(sentence)
    texts.append(" ".join(current))
    return [Chunk(f"{paper.id}:{place}", paper.id, text) for place, text in enumerate(texts)]


def build_index(papers: Sequence[Paper], encoder: Encoder) -> Index:
    """Chunk and embed *papers*."""
    chunks = tuple(chunk for paper in papers for chunk in chunk_paper(paper))
    return Index(chunks, encoder.embed([chunk.text for chunk in chunks]), encoder)


def load_questions(path: Path) -> list[Question]:
    """Return the questions in the JSONL file *path*.

    Raises:
        DatasetError: the file cannot be read, or a line is not an object with the
            fields of :class:`Question`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path} as UTF-8 text: {error}") from error
    return [_question(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def relevant_ids(question: Question, chunks: Sequence[Chunk]) -> list[str]:
    """Return the ids of the chunks that hold one of the question's quotes.

    Raises:
        DatasetError: no chunk of its paper holds one of them.
    """
    own = [chunk for chunk in chunks if chunk.paper == question.paper]
    for quote in question.quotes:
        if not any(quote in chunk.text for chunk in own):
            raise DatasetError(
                f"question {question.id!r}: no chunk of {question.paper!r} holds {quote!r}; "
                "quote words of one sentence as the PDF has them"
            )
    return [chunk.id for chunk in own if any(quote in chunk.text for quote in question.quotes)]


def question_dataset(
    questions: Sequence[Question], index: Index, *, name: str = "questions"
) -> Dataset:
    """Return *questions* as examples; those on one paper form a cluster."""
    return Dataset(
        name,
        tuple(
            Example(
                id=question.id,
                inputs={"question": question.question},
                references=(question.answer,),
                metadata={"relevant_ids": relevant_ids(question, index.chunks)},
                cluster=question.paper,
            )
            for question in questions
        ),
    )


def answerer(chat: Chat, index: Index, depth: int) -> Callable[[str], TargetOutput]:
    """Return a traced function from a question to an answer and what it rests on."""

    @traceable("retriever", name="retrieve")
    def retrieve(query: str) -> dict[str, list[dict[str, Any]]]:
        hits = index.search(query, depth)
        return {
            "documents": [
                {"id": hit.chunk.id, "content": hit.chunk.text, "score": hit.score} for hit in hits
            ]
        }

    @traceable(name="answer_question")
    def answer(question: str) -> TargetOutput:
        documents = retrieve(question)["documents"]
        passages = "\n\n".join(document["content"] for document in documents)
        text = chat.ask(f"{passages}\n\n{question}", system=_SYSTEM, max_tokens=_MAX_TOKENS)
        return TargetOutput(
            text,
            contexts=tuple(document["content"] for document in documents),
            retrieved_ids=tuple(document["id"] for document in documents),
        )

    return answer


def _question(path: Path, number: int, line: str) -> Question:
    try:
        fields = orjson.loads(line)
        return Question(**{**fields, "quotes": tuple(fields["quotes"])})
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}:{number}: not a question ({error!r}); "
            "give id, paper, question, answer and a list of quotes"
        ) from error
