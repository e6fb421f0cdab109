"""Ray: the same results as here, also when a worker is killed in the middle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.runs.engines import open_engine
from evalhub.evals.runs.pace import Limits
from evalhub.evals.suites.suite import load_suite
from evalhub.evals.targets.function import FunctionTarget

WORDS = 120
TARGET = """
import os, signal
from pathlib import Path

HERE = Path(__file__).parent

def shout(word):
    with open(HERE / "log", "a") as log:
        log.write(f"{os.getpid()} {word}\\n")
    if word == "word70" and not (HERE / "killed").exists() and "RAY_JOB_ID" in os.environ:
        (HERE / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "word13":
        raise ValueError("no thirteen")
    return word.upper() + " said"
"""
PROGRAM = """
import json, sys
import ray
from ray.cluster_utils import Cluster
from evalhub.evals.runs.engines import open_engine
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite

suite = load_suite("words.yaml")
found = {}
for engine in ("local", "ray"):
    if engine == "ray":
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    steps = []
    with assemble(suite) as whole:
        run = run_experiment(
            whole.targets[0].target, whole.dataset, whole.metrics, suite="words",
            on_progress=lambda step: steps.append(step.done),
            call=open_engine(engine, suite)("shout"))
    found[engine] = {
        "scores": [[r.example_id, r.output, r.error,
                    [(s.name, s.value, s.signature, s.state) for s in r.scores]]
                   for r in run.results],
        "most": max(steps),
    }
with open("found.json", "w") as file:
    json.dump(found, file)
ray.shutdown()
cluster.shutdown()
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a suite of one function, which kills its process once where Ray runs it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words_target.py").write_text(TARGET)
    rows = [{"id": f"w{n}", "word": f"word{n}", "reference": f"WORD{n}"} for n in range(WORDS)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "words.yaml").write_text(
        "name: words\n"
        "dataset: {path: words.jsonl, inputs: [word], reference: reference}\n"
        "targets: {shout: {function: words_target:shout}}\n"
        "metrics: [exact_match, rouge1, rougeL]\n"
    )
    return tmp_path


@pytest.mark.slow
def test_a_cluster_gives_the_same_scores_though_a_worker_is_killed(words: Path) -> None:
    """On two nodes all scores equal those made here, bit by bit; finished calls stay finished."""
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(words), "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert program.returncode == 0, program.stderr[-3000:]
    found = json.loads((words / "found.json").read_text())
    assert found["ray"]["scores"] == found["local"]["scores"]
    assert found["ray"]["most"] == WORDS
    assert (words / "killed").exists()
    calls = [line.split() for line in (words / "log").read_text().splitlines()]
    by_cluster = calls[WORDS:]
    assert len({pid for pid, _ in by_cluster}) >= 2
    # Made twice: what was under way in the killed worker, four at a time for two workers.
    assert WORDS < len(by_cluster) <= WORDS + 4 + 1


@pytest.mark.parametrize("engine", ["dask", "ray2=x", ""])
def test_an_unknown_engine_is_named(words: Path, engine: str) -> None:
    """It is refused in one line, with those that there are."""
    with pytest.raises(ConfigError, match=r"there is no engine .*; use local, ray"):
        open_engine(engine, load_suite(words / "words.yaml"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port"])
def test_a_cluster_that_is_not_there_is_one_line(words: Path, address: str) -> None:
    """It is told at once: Ray itself would try for minutes."""
    call = open_engine(f"ray={address}", load_suite(words / "words.yaml"))("shout")
    with pytest.raises(ConfigError, match="no Ray cluster at"):
        call(FunctionTarget(str), [], limits=Limits(), on_call=print)


def test_a_budget_that_a_cluster_cannot_hold_is_refused(words: Path) -> None:
    """Dollars and tokens are counted in one process only."""
    path = words / "words.yaml"
    path.write_text(path.read_text() + "budget: {tokens: 5}\n")
    with pytest.raises(ConfigError, match="cannot be held over the workers"):
        open_engine("ray", load_suite(path))
