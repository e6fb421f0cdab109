"""Say which runs have answers that ended at the model's limit of tokens, and what to do.

Such an answer is scored as it is, so a low score may be the limit's and not the model's.
"""

from collections.abc import Iterable, Iterator

from evalhub.evals.reports import figures
from evalhub.evals.reports.run import ExperimentReport

__all__ = ["cut_off_notes"]


def cut_off_notes(runs: Iterable[ExperimentReport]) -> Iterator[str]:
    """Give a note for each of *runs* that has an answer that was cut off."""
    for run in runs:
        if run.cut_off:
            answers = figures.plural(run.called - run.failed, "answer")
            were = "was" if run.cut_off == 1 else "were"
            yield (
                f"{run.cut_off:,} of {answers} of {run.target} {were} cut off at the limit of "
                f"tokens, and scored without the rest; raise {_limit(run)}"
            )


def _limit(run: ExperimentReport) -> str:
    name = "max_new_tokens" if "huggingface" in run.params else "max_tokens"
    return f"{name}, which is {run.params[name]}" if name in run.params else name
