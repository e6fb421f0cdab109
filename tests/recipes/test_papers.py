"""The papers recipe: what is bundled, and how a folder becomes a data set."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import ConfigError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.suites.spec_targets import PromptSpec
from evalhub.evals.suites.suite import load_suite
from evalhub.recipes import corpus
from evalhub.recipes.corpus import install_corpus, install_suite
from evalhub.recipes.papers import PROMPTS, fit, load_papers, summary_dataset
from evalhub.recipes.render import render_pdf

_SOURCES = Path(corpus.__file__).parent / "corpus"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bundled papers as PDFs."""
    return install_corpus(tmp_path_factory.mktemp("papers"))


def test_every_word_survives_the_pdf(installed: Path) -> None:
    """What is extracted from each PDF is, word by word, what was rendered."""
    for paper in load_papers(installed):
        source = (_SOURCES / f"{paper.id}.txt").read_text(encoding="utf-8")
        written = [word for word in source.split() if word not in {"#", "##"}]
        assert paper.text.split() == written, paper.id
        assert paper.left_out_words == 0


def test_the_papers_are_eight_and_short(installed: Path) -> None:
    """Each fits the embedded model's window and has a summary of the length asked for."""
    papers = load_papers(installed)
    assert len(papers) == 8
    for paper in papers:
        assert 500 <= len(paper.text.split()) <= 800, paper.id
        assert paper.summary is not None
        assert 120 <= len(paper.summary.split()) <= 155, paper.id


def test_papers_say_that_they_are_fictional(installed: Path) -> None:
    """Nobody can take one for a real study."""
    assert all("Fictional research note" in paper.text for paper in load_papers(installed))


def test_installing_twice_changes_nothing_else(installed: Path, tmp_path: Path) -> None:
    """A second run replaces the bundled files and leaves a user's own alone."""
    folder = tmp_path / "papers"
    shutil.copytree(installed, folder)
    (folder / "mine.txt").write_text("mine")
    before = [(paper.id, paper.text) for paper in load_papers(folder)]
    install_corpus(folder)
    assert [(paper.id, paper.text) for paper in load_papers(folder)] == before
    assert (folder / "mine.txt").read_text() == "mine"
    assert not list(folder.glob("*.part"))


def test_the_dataset_is_the_same_every_time(installed: Path, tmp_path: Path) -> None:
    """Rendering again gives the same data set version, so runs can be compared."""
    first = summary_dataset(load_papers(installed))
    second = summary_dataset(load_papers(install_corpus(tmp_path)))
    assert first.version == second.version


def test_the_suite_to_copy_fits_its_data_set(installed: Path, tmp_path: Path) -> None:
    """The suite file is valid, and asks for columns that the data set has."""
    papers = load_papers(installed)
    suite = load_suite(install_suite(papers, tmp_path))
    examples = load_dataset(suite.spec.dataset, folder=suite.folder).examples
    assert [example.references for example in examples] == [(p.summary,) for p in papers]
    assert [example.inputs["paper"] for example in examples] == [p.text for p in papers]


def test_the_suite_compares_the_prompts_of_the_recipe(tmp_path: Path) -> None:
    """The suite file and the recipe say the same."""
    suite = load_suite(install_suite([], tmp_path))
    for name, prompt in PROMPTS.items():
        spec = suite.spec.targets[name]
        assert isinstance(spec, PromptSpec)
        assert (spec.template or "").strip() == prompt.question
        assert spec.system == prompt.system


def test_a_paper_without_a_summary_has_no_reference(tmp_path: Path) -> None:
    """A user's PDF needs no summary; an empty one counts as none."""
    render_pdf("# Mine\n\nIt was found.", tmp_path / "mine.pdf")
    (tmp_path / "mine.summary.txt").write_text(" \n")
    (example,) = summary_dataset(load_papers(tmp_path)).examples
    assert example.references == ()


def test_an_absent_folder_is_refused(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        load_papers(tmp_path / "nowhere")


def test_a_folder_without_pdfs_is_refused(tmp_path: Path) -> None:
    """The message says what belongs there."""
    with pytest.raises(ConfigError, match=r"holds no PDF; put the papers there as NAME\.pdf"):
        load_papers(tmp_path)


def test_a_summary_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 name their file."""
    render_pdf("It was found.", tmp_path / "mine.pdf")
    (tmp_path / "mine.summary.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.summary\.txt as UTF-8"):
        load_papers(tmp_path)


def test_a_long_paper_keeps_its_beginning_and_its_end() -> None:
    """The middle goes, and a note says how much of it."""
    cut, left_out = fit(" ".join(map(str, range(1_000))), 30)
    assert left_out == 970
    assert cut.startswith("0 1 2 ")
    assert cut.endswith(" 998 999")
    assert "[970 words left out]" in cut


def test_the_list_of_references_goes_first() -> None:
    """References are no part of what a summary is about."""
    cut, left_out = fit("It was found.\n\nReferences\n\nSomebody, 1999.", 100)
    assert (cut, left_out) == ("It was found.", 3)


@given(count=st.integers(0, 400), most=st.integers(3, 200))
def test_fitting_counts_every_word(count: int, most: int) -> None:
    """Words kept and words left out add up, and no more than the limit are kept."""
    words = [f"w{number}" for number in range(count)]
    cut, left_out = fit(" ".join(words), most)
    kept = [word for word in cut.split() if word.startswith("w") and word != "words"]
    assert len(kept) + left_out == count
    assert len(kept) == min(count, most)
