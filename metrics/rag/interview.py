"""Ask a model one step of a judgement, and read the answer or say which step failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from evalhub.metrics.columns import Unscored
from evalhub.metrics.judge.asking import Asker, Question
from evalhub.metrics.judge.judgement import shorten
from evalhub.metrics.judge.structured import list_schema
from evalhub.metrics.rag.material import ask_about, block, numbered_block, passage_blocks
from evalhub.metrics.rag.readings import (
    Guess,
    Ruling,
    attributions_schema,
    judgements_schema,
    questions_schema,
    read_attributions,
    read_claims,
    read_judgements,
    read_questions,
)
from evalhub.model import ScoreState

__all__ = ["Interview", "UnansweredError"]

_T = TypeVar("_T")


class UnansweredError(Exception):
    """A step got no answer that can be read; ``unscored`` is what the example becomes."""

    def __init__(self, unscored: Unscored) -> None:
        super().__init__(unscored.reason)
        self.unscored = unscored


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks what the metrics of this room need to know.

    Every method raises :class:`UnansweredError`, with the step's name in its reason, where
    the answer was refused, cut off, unreadable or never came. Nothing is asked about no
    statements at all.
    """

    asker: Asker
    max_tokens: int
    seed: int
    key: str
    """The example's; recordings know a question by it and the step."""

    def claims(self, text: str, question: str, *, of: str = "answer") -> list[str]:
        """Return the claims that *text* makes, as an answer to *question*."""
        prompt = ask_about("claims_v1", [block("question", question), block("text", text)])
        return self._ask(f"claims of the {of}", prompt, list_schema("claims"), read_claims)

    def support(
        self, statements: Sequence[str], contexts: Sequence[str], *, step: str
    ) -> list[Ruling]:
        """Return whether *contexts*, taken together, support each of *statements*."""
        if not contexts:
            return [Ruling(holds=False, reason="there are no passages")] * len(statements)
        blocks = [*passage_blocks(contexts), numbered_block("statements", statements)]
        return self._judge(step, "support_v1", blocks, len(statements))

    def citations(
        self, checks: Sequence[tuple[str, Sequence[int]]], contexts: Sequence[str], *, step: str
    ) -> list[Ruling]:
        """Return whether each statement is supported by its passages (counted from 0) together."""
        lines = [f"{_passages(numbers)}: {statement}" for statement, numbers in checks]
        blocks = [*passage_blocks(contexts), numbered_block("checks", lines)]
        return self._judge(step, "citations_v1", blocks, len(checks))

    def usefulness(
        self, question: str, references: Sequence[str], contexts: Sequence[str]
    ) -> list[Ruling]:
        """Return whether each of *contexts* helps to answer *question* as *references* do."""
        answers = [block("reference", text) for text in references]
        blocks = [block("question", question), *answers, *passage_blocks(contexts)]
        return self._judge("usefulness of the contexts", "usefulness_v1", blocks, len(contexts))

    def attributions(
        self, statements: Sequence[str], contexts: Sequence[str]
    ) -> list[frozenset[int]]:
        """Return which of *contexts*, counted from 0, support each of *statements* alone."""
        if not statements or not contexts:
            return [frozenset()] * len(statements)
        n = len(statements)
        blocks = [*passage_blocks(contexts), numbered_block("statements", statements)]
        return self._ask(
            "attribution to the contexts",
            ask_about("attribution_v1", blocks, n),
            attributions_schema(n),
            lambda said: read_attributions(said, n, len(contexts)),
        )

    def questions(self, answer: str, n: int) -> Guess:
        """Return up to *n* questions that *answer* may be the answer to."""
        prompt = ask_about("questions_v1", [block("answer", answer)], n)
        return self._ask("questions", prompt, questions_schema(), read_questions)

    def _judge(self, step: str, name: str, blocks: Sequence[str], n: int) -> list[Ruling]:
        if n == 0:
            return []
        prompt = ask_about(name, blocks, n)
        return self._ask(step, prompt, judgements_schema(n), lambda said: read_judgements(said, n))

    def _ask(
        self, step: str, prompt: str, schema: Mapping[str, Any], read: Callable[[str], _T | None]
    ) -> _T:
        answer = self.asker.ask(
            Question(
                [{"role": "user", "content": prompt}],
                json_schema=schema,
                max_tokens=self.max_tokens,
                seed=self.seed,
                key=f"{self.key}/{step}",
            )
        )
        if not answer.is_readable:
            raise _unanswered(answer.state, f"{step}: {answer.reason}")
        found = read(answer.text)
        if found is None:
            told = f"{step}: this cannot be read: {answer.text}"
            raise _unanswered(ScoreState.UNPARSED, told)
        return found


def _unanswered(state: ScoreState, reason: str) -> UnansweredError:
    return UnansweredError(Unscored(state, shorten(" ".join(reason.split()))))


def _passages(numbers: Sequence[int]) -> str:
    counted = [str(number + 1) for number in numbers]
    if len(counted) == 1:
        return f"Passage {counted[0]}"
    return f"Passages {', '.join(counted[:-1])} and {counted[-1]}"
