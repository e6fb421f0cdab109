"""``evalhub metrics`` as a user types it."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalhub.cli.app import build
from evalhub.errors import ConfigError, DatasetError, EvalhubError, MetricError
from evalhub.metrics import available, load
from evalhub.metrics.meta_eval_summeval import Reproduced
from evalhub.metrics.registry import MetricInfo
from evalhub.metrics.stats.bootstrap import bootstrap_mean
from evalhub.metrics.text.rouge import Rouge

DATA = Path(__file__).parents[3] / "shared" / "data"
OUTPUTS = ["the cat sat", "!!!", "a dog"]
REFERENCES = ["the cat sat down", "x", "a dog"]


def run(*arguments: str, code: int = 0) -> str:
    """Run the command in this process and return what it prints."""
    words = ["metrics", *arguments]
    done = CliRunner().invoke(build(words), words)
    if isinstance(done.exception, EvalhubError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


def shown(*arguments: str) -> Any:
    """Return what the command prints as JSON."""
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with the same texts in files of each kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "o.txt").write_text("\n".join(OUTPUTS) + "\n", encoding="utf-8")
    (tmp_path / "r.txt").write_text("\r\n".join(REFERENCES), encoding="utf-8")
    (tmp_path / "short.txt").write_text("one\ntwo\n", encoding="utf-8")
    rows: list[dict[str, Any]] = [
        {"answer": output, "gold": [reference, "the cat sat"], "question": f"q{i}"}
        for i, (output, reference) in enumerate(zip(OUTPUTS, REFERENCES, strict=True))
    ]
    rows[1]["answer"] = None
    lines = [json.dumps(row) + "\n" for row in rows]
    (tmp_path / "runs.jsonl").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "runs.csv").write_text(
        'output,reference\n"the cat, sat","the cat, sat"\na,b\n', encoding="utf-8"
    )
    return tmp_path


def test_the_list_has_every_metric() -> None:
    """With its room, its columns, and what has to be installed."""
    listed = {item["name"]: item for item in shown("list")}
    assert set(listed) == {info.name for info in available()}
    assert listed["rouge1"]["room"] == "text"
    assert listed["rouge1"]["requires"] == ["outputs", "references"]
    assert listed["rouge1"]["installed"] is True
    assert {item["room"] for item in shown("list", "--room", "rag")} == {"rag"}
    with pytest.raises(ConfigError, match="--room is 'nothing'; there are text, semantic"):
        run("list", "--room", "nothing")


def test_the_list_for_people_fits_a_hundred_columns() -> None:
    """No line is longer, and each name stands in one."""
    text = run("list")
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"{info.name} " in text for info in available())


def test_what_is_missing_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that is not there, and one whose entry point is broken."""
    infos = [
        MetricInfo("lacking", ("outputs",), "x", modules=("nothing_like_it",), extra="metrics"),
        MetricInfo("broken", (), "", error="broken of the package acme cannot be imported"),
    ]
    monkeypatch.setattr("evalhub.cli.metrics_catalog.available", lambda: infos)
    lacking, broken = shown("list")
    assert (lacking["installed"], lacking["missing"]) == (False, ["nothing_like_it"])
    assert broken["room"] == "plugin"
    assert broken["error"] == infos[1].error
    text = run("list")
    assert "[metrics]: pip install 'evalhub[metrics]'" in text
    assert "broken of the package acme" in text


def test_metrics_say_which_extra_their_packages_need() -> None:
    """Both or neither, and no package that is not there in a full installation."""
    for info in available():
        assert bool(info.modules) == bool(info.extra), info.name
    listed = {info.name: info for info in available()}
    assert listed["bleu"].modules == ("sacrebleu",)
    assert listed["recall_at_k"].extra == "retrieval"
    assert listed["exact_match"].modules == ()


def test_one_metric_is_shown_with_settings_and_signature() -> None:
    """Also one that is in no list, and one that cannot be loaded without settings."""
    weighted = shown("show", "rougeW-1.2")
    assert weighted["signature"] == load("rougeW-1.2").signature
    assert weighted["settings"]["stemmer"] == "True"
    assert "Lin (2004)" in weighted["paper"]
    pattern = shown("show", "regex")
    assert pattern["signature"] is None
    assert pattern["reason"] == "regex needs the setting 'pattern'"
    text = run("show", "rouge1")
    assert load("rouge1").signature in text
    assert "one reference text or a list of them, per output" in text
    with pytest.raises(MetricError, match="no metric is called 'zzz'"):
        run("show", "zzz")


def test_a_function_of_the_working_folder_is_a_metric(folder: Path) -> None:
    """As it is for suites."""
    code = "def letters_of_mine(output, most=9):\n    return len(output) <= most\n"
    (folder / "mine_for_cli.py").write_text(code, encoding="utf-8")
    name = "python:mine_for_cli:letters_of_mine"
    assert shown("show", name)["requires"] == ["outputs"]
    found = shown(
        "score", "--metric", name, "--set", f"{name}.options={{most: 4}}", "--outputs", "o.txt"
    )
    assert found["metrics"]["letters_of_mine"]["mean"] == pytest.approx(1 / 3)
    assert "options:most=4" in found["metrics"]["letters_of_mine"]["signature"]


@pytest.mark.usefixtures("folder")
def test_means_states_and_signatures() -> None:
    """The figures are the metric's own; what has no score is counted, not averaged."""
    arguments = ("score", "--metric", "rouge1", "--outputs", "o.txt", "--references", "r.txt")
    found = shown(*arguments, "--per-example")
    column = Rouge(["rouge1"]).score_batch(OUTPUTS, REFERENCES)["rouge1"]
    assert found["metrics"]["rouge1"]["mean"] == pytest.approx(column.values[[0, 2]].mean())
    assert (found["metrics"]["rouge1"]["n"], found["metrics"]["rouge1"]["errored"]) == (2, 1)
    assert found["metrics"]["rouge1"]["signature"] == column.signature
    assert [item["rouge1"]["state"] for item in found["examples"]] == [
        "scored",
        "errored",
        "scored",
    ]
    assert "no token" in found["examples"][1]["rouge1"]["explanation"]
    text = run(*arguments, "--per-example")
    assert column.signature in text
    assert "1 errored" in text


@pytest.mark.usefixtures("folder")
def test_jsonl_fields_and_several_references() -> None:
    """A field for each file or one for all; a list is several references, and null no output."""
    given = ("--outputs", "runs.jsonl:answer", "--references", "runs.jsonl:gold")
    found = shown("score", "--metric", "exact_match", *given)["metrics"]["exact_match"]
    assert (found["mean"], found["n"], found["errored"]) == (1.0, 2, 1)
    more = ("--references", "r.txt", "--references", "runs.jsonl")
    found = shown(
        "score", "--metric", "exact_match", "--outputs", "o.txt", *more, "--field", "gold"
    )
    assert found["metrics"]["exact_match"]["mean"] == pytest.approx(2 / 3)


@pytest.mark.usefixtures("folder")
def test_csv_columns_are_found_by_their_usual_names() -> None:
    """``output`` and ``reference`` need not be named, and commas in quotes are text."""
    found = shown(
        "score", "--metric", "exact_match", "--outputs", "runs.csv", "--references", "runs.csv"
    )
    assert found["metrics"]["exact_match"]["mean"] == 0.5


def test_a_metric_of_rankings_needs_no_outputs(folder: Path) -> None:
    """Any column can come from a file, and only those that are asked for are needed."""
    rows = '["a", "b"]\n["x"]\n'
    (folder / "found.jsonl").write_text(rows, encoding="utf-8")
    (folder / "right.jsonl").write_text('["b"]\n["y"]\n', encoding="utf-8")
    columns = ("--column", "retrieved_ids=found.jsonl", "--column", "relevant_ids=right.jsonl")
    found = shown("score", "--metric", "mrr", *columns)
    assert found["metrics"]["mrr"]["mean"] == 0.25
    with pytest.raises(DatasetError, match="mrr needs relevant_ids; give --column relevant_ids=F"):
        run("score", "--metric", "mrr", *columns[:2])
    with pytest.raises(DatasetError, match="words needs outputs; give --outputs FILE"):
        run("score", "--metric", "words", *columns)
    with pytest.raises(DatasetError, match="no file is given"):
        run("score", "--metric", "words")


@pytest.mark.usefixtures("folder")
def test_settings_are_read_as_yaml() -> None:
    """For a metric, or for the only one."""
    texts = ("--outputs", "o.txt", "--references", "r.txt")
    found = shown(
        "score",
        "--metric",
        "rouge",
        "--set",
        "rouge.variants=[rouge1, rougeL]",
        "--set",
        "stemmer=false",
        *texts,
    )
    assert list(found["metrics"]) == ["rouge1", "rougeL"]
    assert "stem:none" in found["metrics"]["rougeL"]["signature"]
    for assignment, told in (
        ("stemmer", "is not METRIC.KEY=VALUE"),
        ("rouge9.stemmer=false", "is for 'rouge9', and --metric names rouge1, rouge2"),
        ("rouge1.stemmer=[", r"has a value that is no YAML .*put a text in quotes"),
        ("rouge1.stemmer=no", "stemmer is 'no'; give true or false"),
    ):
        with pytest.raises((ConfigError, MetricError), match=told):
            run("score", "--metric", "rouge1", "--metric", "rouge2", "--set", assignment, *texts)


@pytest.mark.usefixtures("folder")
def test_intervals_may_be_drawn() -> None:
    """The seed fixes them, and they are those of the statistics room."""
    texts = ("--outputs", "o.txt", "--references", "r.txt", "--metric", "rouge1")
    first, again, other = (
        shown("score", *texts, "--bootstrap", "200", "--seed", seed)["metrics"]["rouge1"]
        for seed in ("3", "3", "4")
    )
    values = Rouge(["rouge1"]).score_batch(OUTPUTS, REFERENCES)["rouge1"].values
    drawn = bootstrap_mean(values, resamples=200, seed=3)
    assert first == again
    assert (first["lower"], first["upper"]) == (drawn.lower, drawn.upper)
    assert first["mean"] == other["mean"]
    assert "intervals from 200 resamples, seed 4" in run(
        "score", *texts, "--bootstrap", "200", "--seed", "4"
    )
    assert shown("score", *texts, "--bootstrap", "2")["bootstrap"] == {"resamples": 2, "seed": 0}
    assert shown("score", *texts)["bootstrap"] is None


def test_numbers_are_texts_and_empty_lines_are_none(folder: Path) -> None:
    """Classes are often written as numbers, and files end with empty lines."""
    lines = '{"a": -1, "b": [1, -1]}\n\n{"a": true, "b": "true"}\n\n'
    (folder / "n.jsonl").write_text(lines, encoding="utf-8")
    files = ["--outputs", "n.jsonl:a", "--references", "n.jsonl:b"]
    found = shown("score", "--metric", "exact_match", "--set", "normalize=false", *files)
    assert (found["metrics"]["exact_match"]["mean"], found["metrics"]["exact_match"]["n"]) == (1, 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--references", "short.txt"], "o.txt has 3 outputs and short.txt 2 references"),
        ([], "rouge1 needs references; give --references FILE"),
        (["--references", "no.txt"], "there is no file no.txt"),
        (["--references", "runs.jsonl:answr"], "runs.jsonl:1 has no 'answr' but answer, gold"),
        (["--references", "runs.jsonl"], "item 1 of runs.jsonl is .* name the field"),
        (["--column", "contexts"], "is not NAME=FILE"),
        (["--column", "context=o.txt"], "there is no column 'context'"),
    ],
)
def test_files_that_do_not_fit_are_one_clear_line(arguments: list[str], told: str) -> None:
    """Both counts where lengths differ; else the file, the line, and what to give."""
    with pytest.raises((ConfigError, DatasetError), match=told) as caught:
        run("score", "--metric", "rouge1", "--outputs", "o.txt", *arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.txt", "", "is empty"),
        ("x.jsonl", "{\n", "x.jsonl:1 is no JSON"),
        ("x.jsonl", "[3]\n", "which is no output"),
        ("x.parquet", "", "give .txt, .jsonl or .csv"),
    ],
)
def test_files_that_cannot_be_read(folder: Path, name: str, content: str, told: str) -> None:
    """The file and the line are named."""
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=told):
        run("score", "--metric", "words", "--outputs", name)


def test_what_was_scored_is_kept_when_a_metric_fails(folder: Path) -> None:
    """The others are printed, and the error is the end of it."""
    (folder / "ids.jsonl").write_text('["a"]\n["a"]\n["a"]\n', encoding="utf-8")
    (folder / "bad.jsonl").write_text("1\n2\n3\n", encoding="utf-8")
    words = [
        *("metrics", "score", "--metric", "words", "--metric", "recall_at_5", "--json"),
        *("--outputs", "o.txt", "--column", "retrieved_ids=ids.jsonl"),
        *("--column", "relevant_ids=bad.jsonl"),
    ]
    done = CliRunner().invoke(build(words), words)
    assert isinstance(done.exception, EvalhubError)
    found = json.loads(done.stdout)
    assert list(found["metrics"]) == ["words"]
    assert found["error"] == str(done.exception)


@pytest.mark.slow
@pytest.mark.model
def test_a_judge_asks_the_endpoint_of_the_environment(
    folder: Path, local_llm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting names it; the answer is a grade or a counted state."""
    (folder / "one.txt").write_text("the cat sat\n", encoding="utf-8")
    monkeypatch.setenv("OPENAI_BASE_URL", local_llm)
    monkeypatch.setenv("EVALHUB_MODEL", "local")
    found = shown(
        *("score", "--metric", "rubric", "--set", "rubric.criteria=The text is about an animal."),
        *("--set", "rubric.explain=false", "--set", "rubric.max_tokens=20"),
        *("--outputs", "one.txt", "--inputs", "one.txt"),
    )
    (judged,) = found["metrics"].values()
    assert judged["n"] + judged["errored"] + judged["unparsed"] + judged["skipped"] == 1
    assert judged["errored"] == 0
    assert judged["bounds"] == [1.0, 5.0]


@pytest.mark.usefixtures("folder")
def test_errors_end_with_two_and_one_line() -> None:
    """As every command's do."""
    command = [sys.executable, "-m", "evalhub", "metrics", "score", "--metric", "rouge1"]
    done = subprocess.run(
        [*command, "--outputs", "o.txt", "--references", "short.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: o.txt has 3 outputs and short.txt 2 references; give one per example\n"
    )


def test_the_published_table_decides_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 where all 24 values come out, 1 where one does not, 2 where there are no files."""
    if not (DATA / "summeval_1600.jsonl.gz").exists():
        pytest.skip("SummEval is not in ../shared/data")
    found = shown("meta-eval", "summeval", "--data", str(DATA))
    assert found["agrees"] is True
    assert len(found["values"]) == 24
    # The same values, held to less than what rounding to three decimals leaves.
    values = [
        Reproduced(*(value[field.name] for field in fields(Reproduced)))
        for value in found["values"]
    ]
    monkeypatch.setattr("evalhub.cli.metrics.reproduce_summeval", lambda *_, **__: values)
    assert "24 of 24 values" in run("meta-eval", "summeval", "--data", str(DATA))
    monkeypatch.setattr("evalhub.metrics.meta_eval_summeval.TOLERANCE", 0.0001)
    assert "differs" in run("meta-eval", "summeval", "--data", str(DATA), code=1)
    with pytest.raises(DatasetError, match="give the folder that has it with --data"):
        run("meta-eval", "summeval", "--data", str(tmp_path))


def test_any_metric_can_be_held_against_people() -> None:
    """Each column and dimension with its interval; the first is tested against the others."""
    if not (DATA / "summeval_1600.jsonl.gz").exists():
        pytest.skip("SummEval is not in ../shared/data")
    metrics = ("--metric", "token_f1", "--metric", "words")
    found = shown("meta-eval", "summeval", "--data", str(DATA), *metrics)
    assert [item["column"] for item in found["metrics"]] == ["token_f1"] * 4 + ["words"] * 4
    assert all(
        item["spearman"]["lower"] < item["spearman"]["mean"] < item["spearman"]["upper"]
        for item in found["metrics"]
    )
    assert [item["test"]["degrees"] for item in found["williams"]] == [1597] * 4
