"""Irregular forms and stop words out of files."""

from pathlib import Path

import pytest

from evalhub.errors import MetricError
from evalhub.metrics.text.lexicon import Lexicon, read_exceptions, read_stopwords
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.tokenize import stemmer


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    """Write a folder with the four files that WordNet has."""
    lines = {
        "adj": "better good well\nworst bad\n",
        "adv": "better well\n",
        "noun": "children child\nmen man\n",
        "verb": "# irregular verbs\n\nate eat\nthought think\n",
    }
    for part, text in lines.items():
        (tmp_path / f"{part}.exc").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_is_read_as_wordnets(wordnet: Path) -> None:
    """The first base form of a line counts, and that of an adjective before an adverb's."""
    bases = read_exceptions(wordnet)
    assert bases is not None
    assert bases[b"better"] == b"good"
    assert bases[b"children"] == b"child"
    assert len(bases) == 6


def test_of_files_the_last_one_wins(wordnet: Path) -> None:
    """They are read in the order in which they are given."""
    bases = read_exceptions([wordnet / "adj.exc", str(wordnet / "adv.exc")])
    assert bases is not None
    assert bases[b"better"] == b"well"


def test_base_forms_are_looked_up_before_stemming(wordnet: Path) -> None:
    """Only words of more than three letters; the base form itself is not stemmed."""
    lexicon = Lexicon(stemmer("martin"), read_exceptions(wordnet))
    words = [b"children", b"men", b"ate", b"thought", b"running"]
    assert [lexicon(word) for word in words] == [b"child", b"men", b"ate", b"think", b"run"]


def test_stop_words_are_dropped_before_stemming(tmp_path: Path) -> None:
    """A word whose stem is a stop word stays, and case does not matter in the file."""
    path = tmp_path / "stop.txt"
    path.write_text("# a comment\nThe\n\nhave\n", encoding="utf-8")
    lexicon = Lexicon(stemmer("nltk"), stopwords=read_stopwords(str(path)))
    assert [lexicon(word) for word in (b"the", b"have", b"having")] == [None, None, b"have"]


def test_scores_use_both_lists(wordnet: Path, tmp_path: Path) -> None:
    """In both modes, and a text of stop words alone has no token."""
    stop = tmp_path / "stop.txt"
    stop.write_text("the\na\n", encoding="utf-8")
    for compat in ("rouge_score", "perl155"):
        rouge = Rouge(["rouge1"], compat=compat, exceptions=wordnet, stopwords=stop)
        outputs, references = ["the children", "the a"], ["a child", "child"]
        column = rouge.score_batch(outputs, references)["rouge1"]
        assert column.values[0] == 1.0
        assert "stop words" in (column.score(1).explanation or "")


def test_signature_holds_a_hash_of_what_the_files_say(wordnet: Path, tmp_path: Path) -> None:
    """Not of where they are, nor of their comments; another word is another hash."""
    stop, same, other = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    stop.write_text("the\na\n", encoding="utf-8")
    same.write_text("# words\na\nThe\n", encoding="utf-8")
    other.write_text("the\nan\n", encoding="utf-8")
    signatures = [Rouge(stopwords=path).signature for path in (stop, same, other)]
    assert signatures[0] == signatures[1] != signatures[2]
    assert "|stopwords:" in signatures[0]
    assert "|exceptions:" not in signatures[0]
    assert "|exceptions:" in Rouge(exceptions=wordnet).signature


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """With the line that is wrong."""
    lone = tmp_path / "verb.exc"
    lone.write_text("ate\n", encoding="utf-8")
    with pytest.raises(MetricError, match="has the line 'ate'; give a form and its base"):
        read_exceptions(lone)
    with pytest.raises(MetricError, match=r"cannot read .*adv\.exc"):
        read_exceptions(tmp_path)
    binary = tmp_path / "stop.txt"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(MetricError, match=r"stopwords: cannot read .*stop\.txt"):
        read_stopwords(binary)
    with pytest.raises(MetricError, match="cannot read"):
        read_stopwords(tmp_path)
