"""Judge from recorded answers, offline: read them from a file, or write one while asking.

A recording is a file of JSON lines, one answer a line::

    {"key": "7/a_first", "question": "<sha-256>", "repeat": 0, "model": "gpt-4.1",
     "completion": "...", "finish_reason": "stop", "usage": {"input_tokens": 9, ...},
     "logprobs": [{"token": "4", "logprob": -0.1, "top": [["4", -0.1], ["5", -2.4]]}]}

Only ``completion`` and one of ``key`` and ``question`` are needed, so that answers which
another program collected can be replayed as well.
"""

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from evalhub.errors import ConfigError, EmptyAnswerError, ModelError
from evalhub.llm.client import Completion
from evalhub.metrics.judge.asking import AnswerSource, Question
from evalhub.metrics.judge.completions import completion_from, completion_to

__all__ = ["Recorder", "Recording"]

_log = logging.getLogger(__name__)


_Key = str | tuple[str, int]
"""A question's fingerprint, or its key and repeat."""


@dataclass(frozen=True)
class Recording:
    """Answers from the recording at *path*, as an :class:`AnswerSource`.

    A question is looked up by its fingerprint, else by its key and repeat. A line that has
    both answers that one question only: when the prompt has changed since, the key alone
    does not bring back the old answer. Where lines are alike the last one counts.

    Raises:
        ConfigError: the file is not there, or a line is not such an answer.
    """

    path: str | Path
    _answers: Mapping[_Key, Completion] = field(init=False, repr=False, compare=False)
    _outdated: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lines = list(_read(Path(self.path)))
        object.__setattr__(self, "_answers", {line.lookup: line.answer for line in lines})
        bound = frozenset(line.key for line in lines if line.key and isinstance(line.lookup, str))
        object.__setattr__(self, "_outdated", bound)

    @property
    def model(self) -> str:
        """Name of the model whose answers these are; several are joined by ``+``."""
        named = sorted({answer.model for answer in self._answers.values()} - {""})
        return "+".join(named) or "recorded"

    def complete(self, question: Question) -> Completion:
        """Return the recorded answer.

        Raises:
            EmptyAnswerError: the model answered nothing then.
            ModelError: there is no answer to this question.
        """
        found = self._answers.get(question.fingerprint)
        if found is None and question.key is not None:
            found = self._answers.get((question.key, question.repeat))
        if found is None:
            raise ModelError(self._absence(question))
        if not found.text:
            raise EmptyAnswerError(f"model {found.model!r} answered nothing when it was recorded")
        return found

    def _absence(self, question: Question) -> str:
        name = question.key or question.fingerprint[:16]
        if question.key in self._outdated:
            return f"the recording {self.path} answers another question as {name!r}; record anew"
        repeat = f", repeat {question.repeat}" if question.repeat else ""
        return f"the recording {self.path} has no answer to {name!r}{repeat}; record it first"


@dataclass(frozen=True)
class Recorder:
    """Asks *source* and appends each answer to the recording at *path*.

    The model that is written down is the one that was asked for. Failures are not recorded,
    except an answer without text. When the file cannot be written the first failure is
    logged, and judging goes on.
    """

    source: AnswerSource
    path: str | Path
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )
    _failures: list[OSError] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self.source.model

    def complete(self, question: Question) -> Completion:
        """Return the answer of the source, once it is written down."""
        try:
            completion = self.source.complete(question)
        except EmptyAnswerError:
            self._write(question, Completion("", self.model, None, None))
            raise
        self._write(question, completion)
        return completion

    def _write(self, question: Question, completion: Completion) -> None:
        named = {} if question.key is None else {"key": question.key}
        kept = completion_to(replace(completion, model=self.model))
        line = {**named, "question": question.fingerprint, "repeat": question.repeat, **kept}
        # Half of a surrogate pair has no UTF-8; what stands for it here is its escape in JSON.
        content = json.dumps(line, ensure_ascii=False).encode(errors="backslashreplace")
        try:
            with self._lock, Path(self.path).open("ab+") as file:
                file.write(_parting(file) + content + b"\n")
        except OSError as error:
            self._warn(error)

    def _warn(self, error: OSError) -> None:
        with self._lock:
            is_first = not self._failures
            self._failures.append(error)
        if is_first:
            _log.warning("answers are not recorded in %s: %s", self.path, error)


def _parting(file: IO[bytes]) -> bytes:
    """Return what parts a new line from the end of *file*: a full disk may have cut the last."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


class _Line(NamedTuple):
    lookup: _Key
    key: str | None
    answer: Completion


def _read(path: Path) -> Iterator[_Line]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _line(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the recording {path}: {error}") from error


def _line(path: Path, number: int, text: str) -> _Line:
    try:
        kept = json.loads(text)
        if not isinstance(kept, dict):
            raise TypeError(f"{kept!r} is not an object")
        return _Line(_lookup(kept), kept.get("key"), completion_from(kept))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path}:{number} is no recorded answer: {error}; mend the line, or delete it"
        ) from error


def _lookup(kept: Mapping[str, Any]) -> _Key:
    question, key, repeat = kept.get("question"), kept.get("key"), kept.get("repeat", 0)
    if isinstance(question, str):
        return question
    if isinstance(key, str) and isinstance(repeat, int):
        return key, repeat
    raise ValueError("give 'key' or 'question', each a text")
