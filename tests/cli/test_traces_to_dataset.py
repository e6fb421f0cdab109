"""``evalhub traces to-dataset`` and the filters it shares with ``traces list``."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalhub.cli.app import build
from evalhub.cli.trace_options import trace_filter
from evalhub.errors import ConfigError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.datasets.stored import load_stored
from evalhub.store import TraceFilter, open_store
from evalhub.store.datasets import list_datasets
from evalhub.store.queries import ScoreCondition
from evalhub.tracing import flush, score, trace

DAY = 86400 * 10**9


def evalhub(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "evalhub", "traces", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def asked() -> None:
    """Record three questions in two projects: one helped, two did not, one was asked twice."""
    for question, helpful, project in (
        ("why", 1.0, "rag"),
        ("how", 0.0, "rag"),
        ("how", 0.0, "rag"),
        ("who", 0.0, "chat"),
    ):
        inputs = {"body": {"question": question}}
        with trace("answer", inputs=inputs, project=project) as current:
            current.set_outputs({"output": f"because {question}"})
            score("helpful", helpful, trace_id=current, source="user")
    flush()


@pytest.mark.usefixtures("asked")
def test_traces_become_a_data_set_and_a_file(tmp_path: Path) -> None:
    """Filtered, mapped, deduplicated; stored under a name and written to a file."""
    out = tmp_path / "bad.jsonl"
    done = evalhub(
        *("to-dataset", "--project", "rag", "--filter", "score.helpful<0.5"),
        *("--input", "question=inputs.body.question", "--reference", "output"),
        *("--name", "bad", "--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    stored = load_stored("bad")
    assert [dict(example.inputs) for example in stored.examples] == [{"question": "how"}]
    assert stored.examples[0].references == ("because how",)
    assert done.stdout == (f"bad: 1 example, version {stored.version[:12]}\n1 examples in {out}\n")
    assert done.stderr == "left out 1: a newer trace had the same inputs\n"
    assert load_dataset(DatasetSpec(path=str(out))).version == stored.version


@pytest.mark.usefixtures("asked")
def test_as_json() -> None:
    """What was looked at and what became of it."""
    done = evalhub("to-dataset", "--name", "all", "--limit", "2", "--json")
    found = json.loads(done.stdout)
    assert found.pop("version") == load_stored("all").version
    assert found == {"name": "all", "examples": 2, "traces": 2, "duplicates": 0, "left_out": {}}


@pytest.mark.usefixtures("asked")
def test_the_list_takes_the_same_filters() -> None:
    """So that one sees what a data set would be made of."""
    done = evalhub("list", "--json", "--filter", "score.helpful>=1", "--filter", "name=ANSWER")
    assert len(json.loads(done.stdout)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say where the examples go: --name NAME, --out FILE, or both"),
        (("--name", "x"), "no trace fits"),
        (("--name", "x", "--input", "q"), "--input is 'q'; use NAME=PATH"),
        (("--name", "x", "--input", "q=a", "--input", "q=b"), "--input gives 'q' twice"),
        (("--name", "x", "--filter", "colour=red"), "no key 'colour'"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    """The value, and what to do; nothing is stored."""
    given = ["traces", "to-dataset", *arguments]
    with pytest.raises(ConfigError) as caught:
        build(given)(given, standalone_mode=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with open_store() as store, store.read() as connection:
        assert list_datasets(connection) == {}


def test_conditions_narrow_like_options() -> None:
    """Each key of the filter, with spaces or without."""
    narrower = ["search=100%", "duration_ms>=5", "score.user score<0.5", "score.a>=1"]
    found = trace_filter(
        ["project=rag", "status = error", "session=s=1", "user=u", "model=m", *narrower],
        name="answer",
        since="2026-11-22",
        until="2026-11-23",
    )
    midnight = 1795305600 * 10**9
    assert found == TraceFilter(
        project="rag",
        status="error",
        name="answer",
        search="100%",
        since_ns=midnight,
        until_ns=midnight + DAY,
        min_duration_ms=5.0,
        session_id="s=1",
        user_id="u",
        model="m",
        scores=(ScoreCondition("user score", "<", 0.5), ScoreCondition("a", ">=", 1.0)),
    )
    ago = trace_filter(["since=1d"]).since_ns
    assert ago is not None
    assert abs(time.time_ns() - DAY - ago) < 60 * 10**9
    assert trace_filter() == TraceFilter()


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (["projekt=x"], "no key 'projekt' to ask for; did you mean 'project'"),
        (["project"], "use KEY=VALUE or score.NAME<0.5"),
        (["project="], "use KEY=VALUE"),
        (["project<x"], "project goes with ="),
        (["duration_ms<5"], "duration_ms goes with >="),
        (["score.x<much"], "'much' is no number"),
        (["status=bad"], "--status is 'bad'; use ok or error"),
        (["since=soon"], "--filter since is 'soon'"),
        (["project=a", "project=b"], "project is asked for twice"),
    ],
)
def test_a_condition_that_cannot_be_meant(conditions: list[str], message: str) -> None:
    """The value, and what may stand there."""
    with pytest.raises(ConfigError) as caught:
        trace_filter(conditions)
    assert message in str(caught.value)
