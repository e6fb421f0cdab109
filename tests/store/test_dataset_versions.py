"""Versions of data sets: the same content is the same version, in either database."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import DatasetError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec, SampleSpec
from evalhub.evals.datasets.stored import load_stored, remove_stored, store_dataset
from evalhub.model import Dataset, Example, Score, Span
from evalhub.store import Store, StoredScore, TraceFilter
from evalhub.store.datasets import find_versions, iter_examples, list_datasets, list_versions
from evalhub.store.queries import ScoreCondition, iter_heads, list_traces
from evalhub.store.scores import add_scores
from evalhub.store.spans import add_spans

PAPERS = Dataset(
    "papers",
    tuple(
        Example(str(n), {"text": f"über {n} \0 🦉"}, ("r",), {"year": 2020 + n % 3}, "a")
        for n in range(2500)
    ),
)
SHORTER = replace(PAPERS, examples=PAPERS.examples[:6])


def test_storing_is_idempotent(store: Store) -> None:
    """The same content is stored once; what was stored last is the latest."""
    assert store_dataset(PAPERS)
    assert store_dataset(SHORTER)
    assert not store_dataset(PAPERS)
    with store.read() as connection:
        found = list_versions(connection)
    assert {(one.name, one.version, one.examples, one.is_current) for one in found} == {
        ("papers", PAPERS.version, 2500, True),
        ("papers", SHORTER.version, 6, False),
    }
    assert load_stored("papers") == load_stored("papers", "latest") == PAPERS
    assert load_stored("papers", SHORTER.version[:8].upper()) == SHORTER


def test_versions_are_listed_by_name_and_newest_first(store: Store) -> None:
    """Another data set may hold the same version under its own name."""
    for given in (PAPERS, SHORTER, replace(SHORTER, name="a few")):
        store_dataset(given)
    with store.read() as connection:
        every = [(one.name, one.version) for one in list_versions(connection)]
        papers = [one.version for one in list_versions(connection, "papers")]
        assert list_versions(connection, "none") == []
    assert papers == [SHORTER.version, PAPERS.version]
    assert every == [("a few", SHORTER.version), *(("papers", version) for version in papers)]


def test_a_removed_version_leaves_nothing_behind(store: Store) -> None:
    """Its examples go, the newest that is left becomes current; the last takes the name along."""
    for given in (PAPERS, SHORTER, replace(SHORTER, name="a few")):
        store_dataset(given)
    assert remove_stored(f"papers@{SHORTER.version[:8]}").latest == PAPERS.version
    assert load_stored("papers") == PAPERS
    with store.read() as connection:
        assert list(iter_examples(connection, "papers", SHORTER.version)) == []
        assert len(list(iter_examples(connection, "a few", SHORTER.version))) == 6
    assert remove_stored("papers").latest is None
    with store.read() as connection:
        assert list(iter_examples(connection, "papers", PAPERS.version)) == []
        assert list_datasets(connection) == {"a few": SHORTER.version}


def test_the_latest_stays_the_latest_when_another_goes(store: Store) -> None:
    """Even where it is older than a version that is left."""
    other = replace(PAPERS, examples=PAPERS.examples[:3])
    for given in (PAPERS, SHORTER, other, PAPERS):
        store_dataset(given)
    assert remove_stored(f"papers@{SHORTER.version[:8]}").latest == PAPERS.version
    with store.read() as connection:
        assert list_datasets(connection) == {"papers": PAPERS.version}


@pytest.mark.usefixtures("store")
def test_a_version_that_cannot_be_meant_is_one_line() -> None:
    """An unknown name, an unknown hash, a beginning that several have."""
    for given in (PAPERS, SHORTER):
        store_dataset(given)
    for name, version, message in (
        ("paper", None, "no data set is stored as 'paper'; did you mean 'papers'?"),
        ("papers", "xyz", "no version that begins with 'xyz'; see evalhub datasets show papers"),
        ("papers", "%", "no version that begins with '%'"),
        ("papers", "", "2 versions of 'papers' begin with ''"),
    ):
        with pytest.raises(DatasetError) as caught:
            load_stored(name, version)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_prefix_finds_the_versions_that_begin_so(store: Store) -> None:
    """Of another data set's versions none is found."""
    store_dataset(PAPERS)
    store_dataset(replace(SHORTER, name="other"))
    with store.read() as connection:
        assert find_versions(connection, "papers", PAPERS.version[:3]) == [PAPERS.version]
        assert find_versions(connection, "papers", SHORTER.version) == []
        assert list(iter_examples(connection, "papers", SHORTER.version)) == []


@pytest.mark.usefixtures("store")
def test_a_suite_reads_a_stored_version() -> None:
    """Whole it has the stored version; conditions and samples take a part, and say so."""
    store_dataset(PAPERS)
    assert load_dataset(DatasetSpec(stored="papers")).version == PAPERS.version
    found = load_dataset(DatasetSpec(stored="papers", where={"year": [2020, 2021], "cluster": "a"}))
    assert len(found.examples) == 1667
    part = DatasetSpec(stored="papers", version=PAPERS.version[:10], sample=SampleSpec(n=5))
    assert len(load_dataset(part).examples) == 5
    with pytest.raises(DatasetError, match="'papers': there is no example left by where"):
        load_dataset(DatasetSpec(stored="papers", where={"year": 1999}))
    with pytest.raises(DatasetError, match="'where' asks for the column 'yaer'; did you mean"):
        load_dataset(DatasetSpec(stored="papers", where={"yaer": 2020}))


def test_a_large_import_from_a_file_comes_back_equal(store: Store, tmp_path: Path) -> None:
    """From the file to the store and back, in many statements."""
    lines = (f'{{"id": {n}, "q": "q{n}", "a": ["x", "y"]}}\n' for n in range(3001))
    (tmp_path / "big.jsonl").write_text("".join(lines))
    spec = DatasetSpec(path="big.jsonl", inputs=["q"], reference="a")
    given = load_dataset(spec, folder=tmp_path)
    store_dataset(given)
    with store.read() as connection:
        (kept,) = list_versions(connection)
    assert (kept.version, kept.examples) == (given.version, 3001)
    assert load_stored("big") == given


def test_traces_are_found_by_their_scores(store: Store, make_span: Callable[..., Span]) -> None:
    """Some score must compare so; each condition on its own; a score without a value never."""
    with store.begin() as connection:
        add_spans(connection, [make_span("a", trace_id=f"t{n}", start_ns=n) for n in range(5)])
        for trace, name, value in (
            ("t0", "helpful", 0.0),
            ("t1", "helpful", 1.0),
            ("t1", "kind", 0.2),
            ("t2", "helpful", 0.5),
            ("t2", "helpful", 0.9),
            ("t3", "helpful", None),
        ):
            given = Score(name, value, "")
            source = f"user {value}"  # two users may differ
            add_scores(connection, [StoredScore(given, trace, source, created_ns=1)])
    low, high = ScoreCondition("helpful", "<", 0.6), ScoreCondition("helpful", ">=", 0.9)
    cases: list[tuple[tuple[ScoreCondition, ...] | None, list[str]]] = [
        (None, ["t4", "t3", "t2", "t1", "t0"]),
        ((low,), ["t2", "t0"]),
        ((high,), ["t2", "t1"]),
        ((low, high), ["t2"]),
        ((high, ScoreCondition("kind", "=", 0.2)), ["t1"]),
        ((ScoreCondition("helpful", "<=", 0.0),), ["t0"]),
        ((ScoreCondition("helpful", ">", 1.0),), []),
    ]
    with store.read() as connection:
        for scores, expected in cases:
            wanted = TraceFilter(scores=scores)
            found = [summary.trace_id for summary in list_traces(connection, wanted)]
            assert found == expected
            assert [span.trace_id for span in iter_heads(connection, wanted)] == expected


def test_the_head_of_a_trace_is_its_root(store: Store, make_span: Callable[..., Span]) -> None:
    """With its payload; a child stands in while the root has not come."""
    spans = [
        make_span("child", parent_id="root", start_ns=1, inputs=b'{"c":1}'),
        make_span("root", start_ns=2, inputs=b'{"q":1}', outputs=b'{"output":"x"}'),
        make_span("orphan", trace_id="u", parent_id="gone", start_ns=3),
    ]
    with store.begin() as connection:
        add_spans(connection, spans)
    with store.read() as connection:
        heads = list(iter_heads(connection, TraceFilter()))
    assert [(head.trace_id, head.span_id) for head in heads] == [("u", "orphan"), ("t", "root")]
    assert (heads[1].inputs, heads[1].outputs) == (b'{"q":1}', b'{"output":"x"}')
