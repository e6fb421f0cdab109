"""How well metrics follow people: on SummEval itself, and on small made-up ratings."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from evalhub.errors import DatasetError, MetricError
from evalhub.metrics.meta_eval import (
    RatedOutputs,
    Scores,
    compare_following,
    following,
    meta_eval,
    scores_of,
)
from evalhub.metrics.meta_eval_summeval import (
    PUBLISHED,
    TOLERANCE,
    load_summeval,
    reproduce_summeval,
    split_sentences,
)
from evalhub.metrics.text.rouge import Rouge

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def summeval() -> RatedOutputs:
    """Return the real summaries and ratings."""
    if not (DATA / "summeval_1600.jsonl.gz").exists():
        pytest.skip("SummEval is not in ../shared/data")
    return load_summeval(DATA)


def made_up(seed: int = 0, documents: int = 6, systems: int = 5) -> RatedOutputs:
    """Return ratings that nobody gave, of texts of a few words."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "green", "blue", "grey", "pink", "teal"])
    count = documents * systems

    def text() -> str:
        return " ".join(rng.choice(words, size=int(rng.integers(1, 8))))

    references = [[text(), text()] for _ in range(documents)]
    return RatedOutputs(
        name="made up",
        outputs=[text() for _ in range(count)],
        references=[references[i // systems] for i in range(count)],
        inputs=[{} for _ in range(count)],
        documents=[f"d{i // systems}" for i in range(count)],
        systems=[f"s{i % systems}" for i in range(count)],
        ratings={"quality": rng.normal(size=count).round(1)},
    )


def test_the_published_table_comes_out(summeval: RatedOutputs) -> None:
    """All 24 values, each within .002 of what was printed to three decimals."""
    steps: list[tuple[int, int]] = []
    values = reproduce_summeval(summeval, on_progress=lambda *step: steps.append(step))
    assert len(values) == 24
    assert [value for value in values if not value.agrees] == []
    assert max(abs(value.difference) for value in values) < 0.001
    assert steps == [(done, 11) for done in range(12)]


def test_it_is_seen_when_the_table_stops_coming_out(summeval: RatedOutputs) -> None:
    """Ratings of other summaries give other values, and they do not agree."""
    few = 160  # ten documents: it is a tenth of the work, and as wrong
    some = RatedOutputs(
        name="shuffled",
        outputs=summeval.outputs[:few],
        references=summeval.references[:few],
        inputs=summeval.inputs[:few],
        documents=summeval.documents[:few],
        systems=summeval.systems[:few],
        ratings={
            name: np.random.default_rng(0).permutation(values[:few])
            for name, values in summeval.ratings.items()
        },
    )
    values = reproduce_summeval(some)
    assert sum(value.agrees for value in values) < 4


def test_the_published_values_are_those_of_the_note() -> None:
    """Three variants, four dimensions, two statistics."""
    assert sum(len(pair) for pairs in PUBLISHED.values() for pair in pairs) == 24
    assert PUBLISHED["rouge2"][3] == (0.290, 0.219)
    assert TOLERANCE == 0.002


def test_sentences_end_before_a_space() -> None:
    """SummEval's texts part sentences so, and have no line breaks."""
    assert split_sentences("One . Two !  Three") == ["One .", "Two !", "Three"]
    assert split_sentences("3.5 percent") == ["3.5 percent"]


def test_correlations_are_scipy_s() -> None:
    """Per document over its systems, averaged over the documents that have one."""
    data = made_up()
    (found,) = meta_eval("rouge1", data)
    scores = Rouge(["rouge1"]).score_batch(data.outputs, data.references)["rouge1"].values
    ratings = data.ratings["quality"]
    for statistic, oracle in (("spearman", spearmanr), ("kendall", kendalltau)):
        each = [
            oracle(scores[rows], ratings[rows]).statistic
            for rows in _rows_by(data.documents)
            if len(set(scores[rows])) > 1 and len(set(ratings[rows])) > 1
        ]
        interval = getattr(found, statistic)
        assert interval.mean == pytest.approx(np.mean(each))
        assert interval.n == len(each)
        assert interval.lower < interval.mean < interval.upper
    means = [
        [values[rows].mean() for rows in _rows_by(data.systems)] for values in (scores, ratings)
    ]
    assert found.system_kendall == pytest.approx(kendalltau(*means).statistic)
    assert found.signature.startswith("rouge1|")


def _rows_by(labels: Sequence[str]) -> list[list[int]]:
    return [[i for i, label in enumerate(labels) if label == one] for one in dict.fromkeys(labels)]


def test_each_reference_alone_is_another_score() -> None:
    """The mean over the references, where ``all`` takes the best; the signature says which."""
    data = made_up()
    each = scores_of(Rouge(["rouge1"]), data, use="each")["rouge1"]
    rounds = [
        Rouge(["rouge1"])
        .score_batch(data.outputs, [row[i] for row in data.references])["rouge1"]
        .values
        for i in range(2)
    ]
    np.testing.assert_allclose(each.values, np.mean(rounds, axis=0))
    best = scores_of(Rouge(["rouge1"]), data)["rouge1"]
    np.testing.assert_allclose(best.values, np.max(rounds, axis=0))
    assert each.signature == f"{best.signature}|each-reference"


def test_what_has_no_score_is_counted() -> None:
    """An output of punctuation has no token; the document's other outputs still count."""
    data = made_up()
    outputs = ["?!", *data.outputs[1:]]
    (found,) = meta_eval("rouge1", replace(data, outputs=outputs))
    assert found.unscored == 1
    assert found.spearman.n >= 1


def test_the_better_follower_is_found() -> None:
    """Scores that are the ratings themselves follow better than noise; a column is not itself."""
    data = made_up(documents=20)
    rng = np.random.default_rng(1)
    ratings = data.ratings["quality"]
    columns = {
        "near": Scores(ratings + rng.normal(scale=0.1, size=len(data)), "near|v:1"),
        "noise": Scores(rng.normal(size=len(data)), "noise|v:1"),
        "constant": Scores(np.ones(len(data)), "constant|v:1"),
    }
    found = {item.column: item.spearman.mean for item in following(columns, data)}
    assert found["near"] is not None
    assert found["near"] > 0.9
    assert found["constant"] is None
    noise, constant = compare_following(columns, data)
    assert noise.test is not None
    assert noise.test.t > 2
    assert noise.test.p_value < 0.001
    assert constant.test is None


def test_a_metric_that_asks_for_more_is_refused() -> None:
    """Rated summaries have no retrieved ids."""
    with pytest.raises(MetricError, match="asks for 'retrieved_ids'; made up has outputs"):
        meta_eval("recall_at_5", made_up())


def _write(folder: Path, outputs: list[dict[str, Any]], documents: list[dict[str, Any]]) -> None:
    for name, rows in (("summeval_1600", outputs), ("summeval_100_docs", documents)):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def test_files_that_cannot_be_read_are_one_clear_line(tmp_path: Path) -> None:
    """Absent, damaged, without a key, without the document."""
    with pytest.raises(DatasetError, match=r"there is no .*summeval_100_docs"):
        load_summeval(tmp_path)
    human = dict.fromkeys(("coherence", "consistency", "fluency", "relevance"), 3)
    row = {"id": "a", "system": "s", "summary": "x", "human": human}
    _write(tmp_path, [row], [{"id": "b", "references": ["x"]}])
    with pytest.raises(DatasetError, match="has no document 'a'"):
        load_summeval(tmp_path)
    _write(tmp_path, [row], [{"id": "a"}])
    with pytest.raises(DatasetError, match=":1 has no 'references'"):
        load_summeval(tmp_path)
    _write(tmp_path, [{**row, "human": {"fluency": 1}}], [{"id": "a", "references": ["x"]}])
    with pytest.raises(DatasetError, match=r"a rating in .* cannot be read: KeyError"):
        load_summeval(tmp_path)
    (tmp_path / "summeval_100_docs.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(DatasetError, match="cannot be read"):
        load_summeval(tmp_path)
