"""Data sets keep their versions; scores are replaced by their natural key."""

from dataclasses import replace

from evalhub.model import Dataset, Example, Score, ScoreState
from evalhub.store import Store, StoredScore
from evalhub.store.datasets import get_dataset, list_datasets, put_dataset
from evalhub.store.scores import add_scores, get_scores

DATASET = Dataset(
    "papers",
    (
        Example("2", {"text": "über 🦉", "n": [1, None]}, ("one", "two"), {"k": 1.5}, "author"),
        Example("1", {}),
    ),
)
SCORE = Score("faithful", 0.5, "rubric|v:1", label="partly", explanation="half of it is there")


def test_a_dataset_comes_back_equal(store: Store) -> None:
    """Examples keep their order and all their fields, and so the version."""
    with store.begin() as connection:
        version = put_dataset(connection, DATASET)
    with store.read() as connection:
        found = get_dataset(connection, "papers", version)
    assert found == DATASET
    assert found.version == version == DATASET.version


def test_the_last_version_put_is_the_current_one(store: Store) -> None:
    """Older versions stay, and putting one again makes it current again."""
    shorter = replace(DATASET, examples=DATASET.examples[:1])
    with store.begin() as connection:
        for given in (DATASET, shorter, DATASET, shorter):
            put_dataset(connection, given)
            assert get_dataset(connection, "papers") == given
        assert get_dataset(connection, "papers", DATASET.version) == DATASET
        assert list_datasets(connection) == {"papers": shorter.version}


def test_an_empty_dataset_is_one(store: Store) -> None:
    """No examples is not the same as no data set."""
    with store.begin() as connection:
        put_dataset(connection, Dataset("empty", ()))
        assert get_dataset(connection, "empty") == Dataset("empty", ())
        assert get_dataset(connection, "none") is None
        assert get_dataset(connection, "empty", "no such version") is None


def test_scores_come_back_equal(store: Store) -> None:
    """On the trace and on a span, with and without a value, oldest first."""
    scores = [
        StoredScore(SCORE, "t", "judge", created_ns=1),
        StoredScore(SCORE, "t", "human", created_ns=2, span_id="a"),
        StoredScore(
            Score("other", None, "s", state=ScoreState.UNPARSED), "t", "judge", created_ns=3
        ),
    ]
    with store.begin() as connection:
        add_scores(connection, scores)
        add_scores(connection, [])
    with store.read() as connection:
        assert get_scores(connection, "t") == scores
        assert get_scores(connection, "u") == []


def test_a_later_score_replaces_the_earlier(store: Store) -> None:
    """The same source may change its mind; within one batch the last one counts."""
    first = StoredScore(SCORE, "t", "user", created_ns=1)
    second = replace(first, score=replace(SCORE, value=1.0), created_ns=2)
    third = replace(first, score=replace(SCORE, value=0.0, label=None), created_ns=3)
    with store.begin() as connection:
        add_scores(connection, [first])
        add_scores(connection, [second, third])
        assert get_scores(connection, "t") == [third]
