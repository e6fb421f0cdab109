"""The rows of an experiment: the record, and the table for people."""

from dataclasses import replace
from pathlib import Path

from pyarrow import parquet

from evalhub.experiments.rows import read_results, wide_table, write_results
from evalhub.model import Experiment


def test_a_file_written_before_there_were_finish_reasons_is_read(
    experiment: Experiment, tmp_path: Path
) -> None:
    """Why the models ended is not known of such a run; all else is there."""
    path = tmp_path / "results.parquet"
    write_results(experiment.results, path)
    table = parquet.read_table(path)
    parquet.write_table(table.drop_columns(["finish_reason"]), path)
    expected = tuple(replace(result, finish_reason=None) for result in experiment.results)
    assert read_results(path) == expected


def test_the_table_tells_which_answers_were_cut_off(experiment: Experiment) -> None:
    """So that they can be looked for on MLflow's page."""
    assert wide_table(experiment.results)["finish_reason"] == [None, "stop", "length", None]
