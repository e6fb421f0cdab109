"""Match a pattern within a limit of time, which Python's engine has none of.

It tries each way in which ``(a+)+$`` can part a text: for 60 letters that takes centuries, and
meanwhile no thread, and no signal's handler, gets to run. No look at the pattern tells all such
patterns from the others. So texts are matched in a process of their own, which the system ends.
What is limited is the time it computes, not the time that passes: a busy machine changes no score.
"""

import marshal
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from evalhub.errors import MetricError
from evalhub.metrics.columns import Unscored
from evalhub.model import ScoreState

__all__ = ["match_texts"]

_LIMIT_S = 2.0
"""For one text, which takes microseconds where the pattern is sound."""
_MOST_RUNAWAYS = 3
"""After so many the pattern is to blame, and no more time is given to it."""
_PROGRAM = Path(__file__).with_name("regex_process.py")
_CAN_LIMIT = hasattr(signal, "setitimer") and bool(sys.executable)
"""Not on Windows, nor where Python is part of another program."""


def match_texts(
    pattern: str, texts: Sequence[str], *, full: bool = False, limit_s: float = _LIMIT_S
) -> list[float | Unscored]:
    """Return 1 for each of *texts* in which *pattern* is found (*full*: which it is), else 0.

    A text that takes more than *limit_s* seconds of computing is an error, and after three such
    texts so are all that are left. On Windows there is no limit.

    Raises:
        MetricError: the process that matches cannot be started, or failed.
    """
    if not _CAN_LIMIT:
        return _match_here(pattern, texts, full=full)
    found: list[float | Unscored] = []
    runaways = 0
    while len(found) < len(texts) and runaways < _MOST_RUNAWAYS:
        found += _match_there(pattern, texts[len(found) :], full=full, limit_s=limit_s)
        if len(found) < len(texts):
            runaways += 1
            found.append(_ran_away(pattern, f"takes more than {limit_s:g} s on this output"))
    left = _ran_away(pattern, f"took more than {limit_s:g} s on {runaways} outputs before this one")
    return found + [left] * (len(texts) - len(found))


def _match_here(pattern: str, texts: Sequence[str], *, full: bool) -> list[float | Unscored]:
    compiled = re.compile(pattern)
    match = compiled.fullmatch if full else compiled.search
    return [float(match(text) is not None) for text in texts]


def _match_there(
    pattern: str, texts: Sequence[str], *, full: bool, limit_s: float
) -> list[float | Unscored]:
    """Return what is found in *texts*, up to the first that takes too long."""
    given = marshal.dumps((pattern, full, limit_s, list(texts)))
    command = [sys.executable, "-I", "-S", str(_PROGRAM)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)
    except OSError as error:
        raise MetricError(f"cannot start {sys.executable} to match {pattern!r}: {error}") from error
    if done.returncode not in {0, -signal.SIGVTALRM}:
        told = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise MetricError(f"matching {pattern!r} failed ({done.returncode}): {told or 'no reason'}")
    return [float(answer == ord("1")) for answer in done.stdout]


def _ran_away(pattern: str, what: str) -> Unscored:
    advice = "let no repeat hold another one, as a+ for (a+)+"
    return Unscored(ScoreState.ERRORED, f"the pattern {pattern!r} {what}; {advice}")
