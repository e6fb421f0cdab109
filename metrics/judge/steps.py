"""The evaluation steps of G-Eval: given, none, or written by the judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.metrics.judge.asking import Asker, Question
from evalhub.metrics.judge.judgement import Judgement, shorten
from evalhub.metrics.judge.prompt import fill, fingerprint, load_prompt
from evalhub.metrics.judge.structured import list_schema, read_list
from evalhub.model import ScoreState

__all__ = ["AUTO", "Steps", "write_steps"]

AUTO = "auto"
_PROMPT = "geval_steps_v1"
_MAX_TOKENS = 512
_MOST = 10
"""More than this is no list of steps: a weak model repeats itself until it is cut off."""
_SEEN = {
    "inputs": "the input that was answered",
    "references": "reference answers",
    "contexts": "the context that was given",
}


@dataclass(frozen=True, slots=True)
class Steps:
    """Evaluation steps, and the judgement that every example gets where there are none."""

    steps: tuple[str, ...] = ()
    is_written: bool = False
    """Whether the judge wrote them."""
    failure: Judgement | None = None

    @property
    def name(self) -> str:
        """What the signature calls them: how they came to be, and their hash."""
        if self.failure is not None:
            return f"{AUTO}:missing"
        if not self.steps:
            return "none"
        return f"{AUTO if self.is_written else 'given'}:{fingerprint(*self.steps)}"

    @property
    def text(self) -> str:
        """What the prompt says of them."""
        if not self.steps:
            return ""
        numbered = (f"{number}. {step}" for number, step in enumerate(self.steps, start=1))
        return "\n".join(["Evaluation steps:", *numbered])


def write_steps(
    asker: Asker,
    steps: str | Sequence[str] | None,
    *,
    criteria: str,
    scale: tuple[int, int],
    columns: Sequence[str],
) -> Steps:
    """Return *steps*, or those that the judge writes where they are ``auto``."""
    if steps is None:
        return Steps()
    if steps != AUTO:
        return Steps(tuple(steps))
    sees = ["the answer", *(_SEEN.get(column, column) for column in columns if column != "ids")]
    prompt = fill(
        load_prompt(_PROMPT),
        criteria=criteria,
        lowest=scale[0],
        highest=scale[1],
        sees=" and ".join(sees),
    )
    return _asked(asker, prompt)


def _asked(asker: Asker, prompt: str) -> Steps:
    answer = asker.ask(
        Question(
            [{"role": "user", "content": prompt}],
            json_schema=list_schema("steps"),
            max_tokens=_MAX_TOKENS,
            key="steps",
        )
    )
    if not answer.is_readable:
        reason = f"the judge wrote no evaluation steps: {answer.reason}"
        return Steps(failure=Judgement(answer.state, shorten(reason)))
    written = read_list(answer.text, "steps")
    if not written or len(written) > _MOST:
        reason = f"no evaluation steps in: {answer.text}"
        return Steps(failure=Judgement(ScoreState.UNPARSED, shorten(reason)))
    return Steps(tuple(written), is_written=True)
