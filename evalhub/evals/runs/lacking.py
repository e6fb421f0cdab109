"""Why a result is not whole, in a line each."""

from collections.abc import Iterator, Sequence

from evalhub.model import Experiment, ScoreState

__all__ = ["lacking"]


def lacking(experiments: Sequence[Experiment], partial: str | None) -> tuple[str, ...]:
    """Return what *experiments* lack: calls that the budget cut off, answers, or scores.

    Single failures are not in it: they are counted in each summary, and gates have a limit
    for them. A target of which nothing came is, and a metric that scored nothing.
    """
    if partial is not None:
        return (partial,)
    return tuple(line for run in experiments for line in _of_run(run))


def _of_run(run: Experiment) -> Iterator[str]:
    if run.results and all(result.output is None for result in run.results):
        yield f"no call of {run.target!r} got through; the first ended with {run.results[0].error}"
        return
    for name in dict.fromkeys(score.name for result in run.results for score in result.scores):
        reason = _reason_of_silence(run, name)
        if reason is not None:
            yield f"{name!r} scored nothing of {run.target!r}; the first ended with {reason}"


def _reason_of_silence(run: Experiment, name: str) -> str | None:
    """Return why the metric called *name* failed on every output; None where it did not."""
    scores = [score for result in run.results if (score := result.score(name)) is not None]
    if any(score.state in {ScoreState.SCORED, ScoreState.UNPARSED} for score in scores):
        return None
    failed = [
        score.explanation
        for result in run.results
        if result.output is not None
        and (score := result.score(name)) is not None
        and score.state is ScoreState.ERRORED
    ]
    return None if not failed else failed[0] or "no reason"
