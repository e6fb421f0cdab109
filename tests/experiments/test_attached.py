"""Files kept with a run, and figures of its slices: nothing takes the place of something else."""

from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.experiments.attached import named_apart
from evalhub.experiments.figures import figures_of
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.model import Experiment


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return two prompts of one name, and a file that is called as one of the record's."""
    paths = [tmp_path / "v1" / "p.j2", tmp_path / "v2" / "p.j2", tmp_path / "experiment.json"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(path))
    return paths


def test_files_are_kept_under_names_of_their_own(files: list[Path]) -> None:
    """The same file given twice is kept once."""
    named = named_apart([*files, files[0]])
    assert named == {"p.j2": files[0], "p-2.j2": files[1], "experiment-2.json": files[2]}


def test_a_folder_keeps_files_of_one_name_apart(
    tmp_path: Path, experiment: Experiment, files: list[Path]
) -> None:
    """And takes more where the folder for them was lost in a copy."""
    tracker = FolderTracker(tmp_path / "runs")
    run_id = tracker.log(experiment, artifacts=files)
    assert {path.read_text() for path in tracker.artifacts(run_id)} == set(map(str, files))
    bare = tracker.log(experiment)
    (tracker.folder_of(bare) / "artifacts").rmdir()
    assert tracker.artifacts(bare) == []
    tracker.attach(bare, [files[0]])
    assert [path.name for path in tracker.artifacts(bare)] == ["p.j2"]


def test_mlflow_keeps_files_of_one_name_apart(
    sqlite_mlflow: str, experiment: Experiment, files: list[Path]
) -> None:
    """A prompt called as the record does not take its place."""
    tracker = MlflowTracker(sqlite_mlflow)
    run_id = tracker.log(experiment, artifacts=files)
    assert tracker.load(run_id) == replace(experiment, run_id=run_id)


@pytest.mark.parametrize(("first", "second"), [("a+b", "a&b"), ("de", "de_n"), ("x", "x_lower")])
def test_labels_that_look_alike_to_mlflow_have_figures_of_their_own(
    experiment: Experiment, first: str, second: str
) -> None:
    """Neither the mean nor the count of one takes the place of the other's."""
    [result] = experiment.results[:1]
    [score] = result.scores
    results = [
        replace(
            result,
            example_id=f"{label}{number}",
            scores=(replace(score, value=value),),
            slices={"part": label},
        )
        for label, value, count in ((first, 0.25, 5), (second, 0.75, 3))
        for number in range(count)
    ]
    figures = figures_of(replace(experiment, results=tuple(results)))
    means = {name: value for name, value in figures.items() if name.startswith("rouge1.part.")}
    assert sorted(means.values()) == [0.25] * 3 + [0.75] * 3 + [3.0, 5.0]
