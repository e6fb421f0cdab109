"""The rag recipe: chunks, the index, the questions, and what is traced."""

from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import DatasetError
from evalhub.metrics import load
from evalhub.metrics.semantic.encoder import load_encoder
from evalhub.recipes.corpus import install_corpus
from evalhub.recipes.papers import Paper, load_papers
from evalhub.recipes.rag import (
    Question,
    build_index,
    chunk_paper,
    load_questions,
    question_dataset,
    relevant_ids,
)

_RECALL_FLOOR = 0.75  # measured: 0.81 at a depth of 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bundled papers and questions."""
    return install_corpus(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def papers(folder: Path) -> list[Paper]:
    """Return the bundled papers."""
    return load_papers(folder)


@pytest.fixture(scope="module")
def questions(folder: Path) -> list[Question]:
    """Return the bundled questions."""
    return load_questions(folder / "questions.jsonl")


def test_chunks_are_the_paper(papers: list[Paper]) -> None:
    """No word is lost or doubled, and none is cut out of its sentence."""
    for paper in papers:
        chunks = chunk_paper(paper)
        assert " ".join(chunk.text for chunk in chunks).split() == paper.text.split()
        assert [chunk.id for chunk in chunks] == [f"{paper.id}:{n}" for n in range(len(chunks))]


def test_a_long_sentence_is_a_chunk_of_its_own() -> None:
    """A sentence longer than a chunk is kept whole."""
    paper = Paper("p", f"Short one. {'Word ' * 99}end. Last one.")
    assert [len(chunk.text.split()) for chunk in chunk_paper(paper, words=20)] == [2, 100, 2]


@pytest.mark.parametrize("words", [40, 60, 100])
def test_every_question_has_its_chunk_however_papers_are_cut(
    papers: list[Paper], questions: list[Question], words: int
) -> None:
    """Each quote is found at any length of chunk."""
    chunks = [chunk for paper in papers for chunk in chunk_paper(paper, words=words)]
    for question in questions:
        found = relevant_ids(question, chunks)
        assert 1 <= len(found) <= len(question.quotes), question.id


def test_the_questions_cover_every_paper(papers: list[Paper], questions: list[Question]) -> None:
    """Each paper has three, and no id is used twice."""
    assert sorted(question.paper for question in questions) == sorted(
        paper.id for paper in papers for _ in range(3)
    )
    assert len({question.id for question in questions}) == len(questions)


def test_a_quote_that_is_nowhere_is_refused(papers: list[Paper], questions: list[Question]) -> None:
    """The message names the question and the quote."""
    chunks = chunk_paper(papers[0])
    wrong = replace(questions[0], paper=papers[0].id, quotes=("the moon is made of cheese",))
    with pytest.raises(DatasetError, match=r"trees-globe.*the moon is made of cheese"):
        relevant_ids(wrong, chunks)


@pytest.mark.parametrize(
    "line", ["not json", '{"id": "a"}', "[]", '{"id": "a", "quotes": [], "nothing": 1}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """File and line number are in the message, with the fields that are needed."""
    path = tmp_path / "questions.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(DatasetError, match=r"questions\.jsonl:2: not a question .*give id"):
        load_questions(path)


@pytest.mark.model
def test_retrieval_finds_most_passages(papers: list[Paper], questions: list[Question]) -> None:
    """Recall at 4 with the real encoder stays above what was measured, less a little."""
    index = build_index(papers, load_encoder("minilm"))
    examples = question_dataset(questions, index).examples
    table = load("recall_at_k", k=4).score_batch(
        retrieved_ids=[
            [hit.chunk.id for hit in index.search(question.question, 4)] for question in questions
        ],
        relevant_ids=[example.metadata["relevant_ids"] for example in examples],
    )
    (column,) = table.values()
    assert column.values.mean() >= _RECALL_FLOOR


@pytest.mark.model
def test_hits_are_best_first(papers: list[Paper]) -> None:
    """Scores are cosines and fall; a chunk's own text finds that chunk."""
    index = build_index(papers[:2], load_encoder("minilm"))
    hits = index.search(index.chunks[3].text, 4)
    scores = [hit.score for hit in hits]
    assert hits[0].chunk == index.chunks[3]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(1.0, abs=1e-4)
