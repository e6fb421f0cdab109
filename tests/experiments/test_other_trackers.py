"""Weights & Biases and TensorBoard: the real packages, read back from what they wrote."""

import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import wandb
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]  # by protobuf

from evalhub.errors import MissingExtraError, TrackerError
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.several import SeveralTrackers
from evalhub.experiments.tags import ATTEMPT_TAG
from evalhub.experiments.tensorboard import TensorboardLogger
from evalhub.experiments.wandb import WandbLogger
from evalhub.model import Experiment


def _records(path: Path) -> Iterator[Record]:
    """Give the records of a ``.wandb`` file: LevelDB's log format after seven bytes."""
    data = path.read_bytes()
    assert data[:4] == b":W&B"
    place, part = 7, b""
    while place + 7 <= len(data):
        if 32_768 - place % 32_768 < 7:
            place += 32_768 - place % 32_768
        _, length, kind = struct.unpack_from("<IHB", data, place)
        part += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = Record()
            record.ParseFromString(part)
            yield record
            part = b""


def _whole(path: Path) -> list[Record]:
    """Return the records once the last is there: W&B's own process writes the file."""
    for _ in range(600):
        records = list(_records(path))
        if records and records[-1].WhichOneof("record_type") == "exit":
            return records
        time.sleep(0.05)
    raise AssertionError(f"{path} has no end")


def _only_run(folder: Path) -> Path:
    [run] = (folder / "wandb").glob("offline-run-*")
    return run


def test_wandb_has_figures_settings_table_and_record(
    tmp_path: Path, experiment: Experiment
) -> None:
    """Offline: one run in the group of the suite, nothing of this machine in it."""
    suite = tmp_path / "suite.yaml"
    suite.write_text("name: summaries\n")
    logger = WandbLogger("evals", folder=tmp_path)
    logger.check()
    run_id = logger.log(experiment, artifacts=[suite], tags={ATTEMPT_TAG: "1/candidate"})
    folder = _only_run(tmp_path)
    records = _whole(folder / f"run-{run_id}.wandb")
    [run] = [record.run for record in records if record.WhichOneof("record_type") == "run"][:1]
    assert (run.project, run.run_group, run.display_name) == (
        "evals",
        "summaries",
        "candidate-20261122-010203",
    )
    assert run.host == "not recorded"
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["params"] == {"model": "local", "max_tokens": "200"}
    assert config["signatures"]["rouge1"] == "rouge1|v:1"
    summary = {
        item.key or item.nested_key[0]: json.loads(item.value_json)
        for record in records
        for item in record.summary.update
    }
    assert summary["rouge1"] == 0.5
    assert summary["rouge1_lower"] == 0.4
    assert summary["rouge1.language.en_n"] == 2
    [table] = (folder / "files" / "media" / "table").glob("results_*.table.json")
    shown = json.loads(table.read_text(encoding="utf-8"))
    assert shown["columns"][:2] == ["example_id", "repeat"]
    assert [row[0] for row in shown["data"]] == ["e0", "e1", "e2", "e3"]
    named = {
        entry.path
        for record in records
        for entry in record.request.log_artifact.artifact.manifest.contents
    } | {entry.path for record in records for entry in record.artifact.manifest.contents}
    assert {"experiment.json", "results.parquet", "suite.yaml"} <= named
    assert not (folder / "files" / "requirements.txt").exists()
    assert not (folder / "files" / "wandb-metadata.json").exists()


def test_wandb_takes_an_attempt_that_is_logged_again_for_the_same(
    tmp_path: Path, experiment: Experiment
) -> None:
    """By the id, which is that of the attempt and not of the minute."""
    logger = WandbLogger("evals", folder=tmp_path)
    later = replace(experiment, name="candidate-later", start_ns=experiment.start_ns + 10**9)
    tags = {ATTEMPT_TAG: "1/candidate"}
    assert logger.log(experiment, tags=tags) == logger.log(later, tags=tags)
    assert logger.log(experiment) != logger.log(later)


def test_a_wandb_run_of_the_user_s_own_is_left_alone(
    tmp_path: Path, experiment: Experiment
) -> None:
    """It is neither ended nor written to."""
    settings = wandb.Settings(silent=True, console="off")
    own = wandb.init(project="mine", mode="offline", dir=str(tmp_path), settings=settings)
    try:
        WandbLogger("evals", folder=tmp_path / "ours").log(experiment)
        assert wandb.run is own
        own.log({"still": 1})
        assert own.summary["still"] == 1
    finally:
        own.finish()


def test_wandb_online_without_a_key_is_found_before_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would ask for one on the terminal, at the end of the run."""
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with pytest.raises(TrackerError, match="WANDB_API_KEY"):
        WandbLogger("evals", mode="online", folder=tmp_path).check()


def test_tensorboard_reads_a_line_over_the_nights(tmp_path: Path, experiment: Experiment) -> None:
    """Its own reader finds each metric at the seconds of the two nights, and the text."""
    logger = TensorboardLogger(tmp_path / "tb")
    logger.check()
    second = replace(
        experiment,
        start_ns=experiment.start_ns + 86_400 * 10**9,
        summaries=(replace(experiment.summaries[0], mean=0.75),),
    )
    name = logger.log(experiment)
    assert logger.log(second) == name == "summaries/candidate"
    read = EventAccumulator(str(tmp_path / "tb" / name))
    read.Reload()
    points = [(event.step, event.value) for event in read.Scalars("rouge1")]
    assert points == [(1_700_000_000, 0.5), (1_700_086_400, 0.75)]
    assert {"rouge1_lower", "rouge1/language/de", "latency_ms_n"} <= set(read.Tags()["scalars"])
    [text, _] = read.Tensors("experiment")
    assert b"rouge1|v:1" in text.tensor_proto.string_val[0]


def test_tensorboard_keeps_names_apart_that_it_groups_alike(
    tmp_path: Path, experiment: Experiment
) -> None:
    """A dot becomes a slash there, unless another metric has that name."""
    [rouge, latency] = experiment.summaries
    summaries = (replace(rouge, name="a.b", mean=0.1), replace(latency, name="a/b", mean=7.0))
    logger = TensorboardLogger(tmp_path)
    name = logger.log(replace(experiment, summaries=summaries, results=()))
    read = EventAccumulator(str(tmp_path / name))
    read.Reload()
    values = {tag: read.Scalars(tag)[0].value for tag in ("a.b", "a/b")}
    assert values == pytest.approx({"a.b": 0.1, "a/b": 7.0})


def test_tensorboard_replaces_what_a_killed_attempt_wrote(
    tmp_path: Path, experiment: Experiment
) -> None:
    """One event for one attempt."""
    logger = TensorboardLogger(tmp_path)
    later = replace(experiment, start_ns=experiment.start_ns + 10**9)
    for one in (experiment, later):
        name = logger.log(one, tags={ATTEMPT_TAG: "1/candidate"})
    read = EventAccumulator(str(tmp_path / name))
    read.Reload()
    assert [event.step for event in read.Scalars("rouge1")] == [1_700_000_001]


def test_odd_names_stay_in_the_logdir(tmp_path: Path, experiment: Experiment) -> None:
    """A suite called ``../up`` and a target with a slash make plain folders."""
    odd = replace(experiment, suite="../up", target="a/b[c=d]")
    name = TensorboardLogger(tmp_path / "tb").log(odd)
    folder = (tmp_path / "tb" / name).resolve()
    assert folder.is_dir()
    assert folder.is_relative_to(tmp_path / "tb")


def test_one_that_fails_costs_nothing(tmp_path: Path, experiment: Experiment) -> None:
    """The others are told, the run is kept, and a note says what was not taken."""
    (tmp_path / "file").touch()
    broken = TensorboardLogger(tmp_path / "file")
    notes: list[str] = []
    trackers = SeveralTrackers(
        FolderTracker(tmp_path / "runs"),
        [broken, TensorboardLogger(tmp_path / "tb")],
        on_note=notes.append,
    )
    with pytest.raises(TrackerError):
        trackers.check()
    run_id = trackers.log(experiment)
    assert trackers.load(run_id) == replace(experiment, run_id=run_id)
    assert [note.startswith("candidate: TensorBoard") for note in notes] == [True]
    assert list((tmp_path / "tb").iterdir()) != []


@pytest.mark.parametrize(
    ("package", "logger"),
    [("wandb", WandbLogger("evals")), ("tensorboard", TensorboardLogger(Path("tb")))],
)
def test_a_missing_package_names_its_extra(
    package: str, logger: WandbLogger | TensorboardLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first call."""
    for name in list(sys.modules):
        if name.split(".")[0] == package:
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"evalhub\[{package}\]"):
        logger.check()


def test_the_modules_load_neither_package() -> None:
    """A suite without them does not pay for them."""
    code = (
        "import sys, evalhub.evals.suites.make_tracker as _; "
        "print([n for n in ('wandb', 'tensorboard', 'mlflow', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
