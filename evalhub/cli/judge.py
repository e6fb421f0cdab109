"""``evalhub judge``: calibrate judges, and watch them."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.app import ExitCode
from evalhub.cli.judge_options import (
    BaseUrl,
    Columns,
    ContextsColumn,
    Criteria,
    IdColumn,
    InputColumns,
    JudgeName,
    JudgeOptions,
    ModelName,
    OutputColumn,
    ReferenceColumn,
    Replay,
    Row,
    Settings,
    open_judge,
    read_rows,
    shown_columns,
)
from evalhub.cli.judge_report import print_calibration, print_canaries
from evalhub.cli.judge_verdicts import Verdicts, open_verdicts
from evalhub.cli.output import JsonFlag, print_json
from evalhub.errors import ConfigError
from evalhub.evals.runs.interrupt import ending_in_order
from evalhub.metrics.judge.calibration import calibrate as measure
from evalhub.metrics.judge.calibration_file import (
    SavedCalibration,
    calibration_json,
    check_calibration,
    load_calibration,
    save_calibration,
)
from evalhub.metrics.judge.calibration_labels import Threshold, read_label
from evalhub.metrics.judge.canary import CanaryLimits, check_canaries, record_canaries
from evalhub.metrics.judge.canary_file import load_canaries, save_canaries
from evalhub.metrics.stats.ratings import Label

__all__ = ["app"]

app = typer.Typer(help="Calibrate judges, and watch them.")
canary_app = typer.Typer(help="Judge fixed outputs again, to see whether the judge moved.")
app.add_typer(canary_app, name="canary", no_args_is_help=True)


@app.command()
def calibrate(  # noqa: PLR0917 - Typer calls it, by keyword
    labels: Annotated[Path, typer.Option(help="Labelled outputs: JSON Lines or CSV.")],
    human: Annotated[
        list[str] | None,
        typer.Option(
            help="Column with a person's label, by default: human; again for another person."
        ),
    ] = None,
    verdicts: Annotated[
        str, typer.Option(help="Column with verdicts that the judge has given already.")
    ] = "judge",
    judge: Annotated[
        str | None, typer.Option(help="A metric to judge with, in place of such a column.")
    ] = None,
    criteria: Criteria = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    replay: Replay = None,
    settings: Settings = None,
    id_column: IdColumn = "id",
    output: OutputColumn = "output",
    inputs: InputColumns = None,
    reference: ReferenceColumn = "reference",
    contexts: ContextsColumn = "contexts",
    cluster: Annotated[
        str | None, typer.Option(help="Column with what outputs hang together by.")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Lowest grade of the judge that passes, or: auto.")
    ] = None,
    human_threshold: Annotated[
        float | None, typer.Option(help="The same for people's grades, where it is another.")
    ] = None,
    held_out: Annotated[
        float, typer.Option(help="Share of the labels that the figures come from; 0: all.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the split and the intervals.")] = 0,
    unlabelled: Annotated[
        Path | None, typer.Option(help="Outputs without labels, to estimate how many pass.")
    ] = None,
    signature: Annotated[
        str | None, typer.Option(help="The signature of the judge that gave the verdicts.")
    ] = None,
    min_kappa: Annotated[
        float | None, typer.Option(help="Exit with 1 unless kappa is surely at least this.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the calibration in this file.")] = None,
    max_age_days: Annotated[
        int, typer.Option(help="Days that the kept calibration holds.", min=1)
    ] = 90,
    json: JsonFlag = False,
) -> None:
    """Measure a judge against people's labels.

    The judge's verdicts are read from a column, or made by --judge from the columns with the
    outputs. Exit codes: 0; with --min-kappa 1 where the lower end of kappa's 95% interval
    is below it.
    """
    columns = Columns(id_column, output, inputs or ("input",), reference, contexts)
    options = JudgeOptions(judge or "", criteria, model, base_url, replay, settings or ())
    people, apart = human or ["human"], [] if cluster is None else [cluster]
    asked = _asked_for(judge, options)
    with (
        ending_in_order(),
        open_verdicts(asked, columns, column=verdicts, signature=signature) as source,
    ):
        rows = read_rows(labels, [*people, *apart, *source.needed], id_column=id_column)
        said = source.of(rows)
        new = [] if unlabelled is None else _said_of(source, unlabelled, id_column)
    first, *others = [[read_label(row.values[name]) for row in rows] for name in people]
    found = measure(
        said,
        first,
        further_raters=others,
        threshold=_threshold(threshold),
        human_threshold=human_threshold,
        scale=source.scale,
        keys=[row.id for row in rows],
        clusters=None if cluster is None else [_cluster_of(row, cluster) for row in rows],
        held_out=held_out,
        seed=seed,
        unlabelled=new,
    )
    saved = SavedCalibration(found, source.signature, datetime.now(UTC), max_age_days)
    if save is not None:
        save_calibration(save, saved)
    print_json(calibration_json(saved)) if json else print_calibration(saved)
    if min_kappa is not None and (found.kappa.lower is None or found.kappa.lower < min_kappa):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def check(
    calibration: Annotated[Path, typer.Argument(help="A kept calibration.", show_default=False)],
    signature: Annotated[str, typer.Option(help="The judge's signature now.", show_default=False)],
    json: JsonFlag = False,
) -> None:
    """Say whether a kept calibration still holds for a judge.

    It does not when the judge is another one (its model, prompt, scale or parser), or when it is
    older than it was to hold. Exit codes: 0 it holds, 1 it does not.
    """
    found = check_calibration(load_calibration(calibration), signature)
    if json:
        print_json(asdict(found))
    else:
        typer.echo("the calibration holds" if found.valid else "the calibration does not hold")
        for reason in found.reasons:
            typer.echo(f"- {reason}")
    if not found.valid:
        raise typer.Exit(ExitCode.FAILED)


@canary_app.command("record")
def record(  # noqa: PLR0917 - Typer calls it, by keyword
    items: Annotated[
        Path, typer.Argument(help="Outputs to judge: JSON Lines or CSV.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Where the canaries go.", show_default=False)],
    judge: JudgeName = "rubric",
    criteria: Criteria = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    replay: Replay = None,
    settings: Settings = None,
    id_column: IdColumn = "id",
    output: OutputColumn = "output",
    inputs: InputColumns = None,
    reference: ReferenceColumn = "reference",
    contexts: ContextsColumn = "contexts",
) -> None:
    """Have a judge grade outputs, and keep them with their grades as canaries."""
    columns = Columns(id_column, output, inputs or ("input",), reference, contexts)
    rows = read_rows(items, [output], id_column=id_column)
    options = JudgeOptions(judge, criteria, model, base_url, replay, settings or ())
    with ending_in_order(), open_judge(options) as metric:
        shown = shown_columns(metric, rows, columns)
        canaries = record_canaries(metric, shown, [row.id for row in rows])
    save_canaries(out, canaries)
    graded = sum(item.grade is not None for item in canaries.items)
    typer.echo(f"{out}: {len(rows)} canaries, {graded} with a grade, by {canaries.signature}")


@canary_app.command("check")
def check_again(  # noqa: PLR0917 - Typer calls it, by keyword
    canaries: Annotated[Path, typer.Argument(help="The kept canaries.", show_default=False)],
    judge: JudgeName = "rubric",
    criteria: Criteria = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    replay: Replay = None,
    settings: Settings = None,
    tolerance: Annotated[
        float, typer.Option(help="Grades as near as this have not changed.")
    ] = CanaryLimits().tolerance,
    changed_share: Annotated[
        float, typer.Option(help="Share of the grades that may change.")
    ] = CanaryLimits().changed_share,
    p_value: Annotated[
        float, typer.Option(help="A shift of the mean with a lower p-value is a move.")
    ] = CanaryLimits().p_value,
    json: JsonFlag = False,
) -> None:
    """Judge the canaries again, and say whether the judge moved.

    Give the judge as for record. Exit codes: 0 it has not moved, 4 too many requests failed to
    tell, 5 it moved.
    """
    kept = load_canaries(canaries)
    options = JudgeOptions(judge, criteria, model, base_url, replay, settings or ())
    limits = CanaryLimits(tolerance, changed_share, p_value)
    with ending_in_order(), open_judge(options) as metric:
        found = check_canaries(metric, kept, limits)
    if json:
        print_json({**asdict(found), "changed_share": found.changed_share})
    else:
        print_canaries(found)
    if found.moved:
        raise typer.Exit(ExitCode.JUDGE_MOVED)
    if not found.complete:
        raise typer.Exit(ExitCode.INCOMPLETE)


def _asked_for(judge: str | None, options: JudgeOptions) -> JudgeOptions | None:
    """Return *options* where a judge is to be asked; None where its verdicts are in the file."""
    if judge is not None:
        return options
    given = {
        "--criteria": options.criteria,
        "--model": options.model,
        "--base-url": options.base_url,
        "--replay": options.replay,
        "--set": options.settings,
    }
    idle = [option for option, value in given.items() if value]
    if idle:
        raise ConfigError(f"{idle[0]} is for a judge; name it too, such as --judge rubric")
    return None


def _said_of(source: Verdicts, path: Path, id_column: str) -> list[Label]:
    return source.of(read_rows(path, source.needed, id_column=id_column))


def _cluster_of(row: Row, column: str) -> object:
    """Return the row's cluster; where the cell is empty it is one of its own."""
    value = row.values[column]
    return ("row", row.id) if value in {None, ""} else value


def _threshold(text: str | None) -> Threshold:
    if text is None:
        return None
    if text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--threshold is {text!r}; give a grade, or: auto") from None
