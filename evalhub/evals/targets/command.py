"""A command of the shell as a target."""

import atexit
import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from evalhub.errors import ConfigError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.outputs import as_output
from evalhub.evals.targets.templates import Template

__all__ = ["CommandError", "CommandTarget", "kill_commands"]

_ALWAYS = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "SYSTEMROOT")
"""Variables that every command is given."""
_SHOWN = 300
_LARGEST = 64 << 20
"""Bytes beyond which what a command prints is taken for endless."""
_LOOK_S = 0.25
"""Seconds between looks at how much that is."""


class CommandError(Exception):
    """The command failed; the message holds the last line of what it said."""


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """Runs a command for each example, with the inputs as JSON on its standard input.

    Args:
        name: As in reports.
        command: The program and its arguments, in which ``{name}`` is an input; or one text
            for the shell, where *shell* is set and inputs are quoted for it.
        shell: Run it by ``/bin/sh``.
        output: ``text``: what it prints is the output, without the last line break.
            ``json``: it prints a JSON object as
            :func:`~evalhub.evals.targets.outputs.as_output` takes it.
        timeout_s: After so long it is killed, with all that it has started.
        env: Variables of the environment that it is given beside those that every program
            needs (PATH, HOME, the language).
        cwd: Where it runs; None is the working folder.

    Raises:
        ConfigError: a template cannot be read, or a variable is not set.
    """

    name: str
    command: Sequence[str] | str
    shell: bool = False
    output: Literal["text", "json"] = "text"
    timeout_s: float = 60.0
    env: Sequence[str] = ()
    cwd: Path | None = None
    placeholders: frozenset[str] = field(init=False)
    """Inputs that the command line needs."""
    _parts: Sequence[Template] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.command, str) != self.shell:
            raise ConfigError(
                "the command is one text; give a list of program and arguments, or shell: true"
                if isinstance(self.command, str)
                else "with shell: true the command must be one text"
            )
        absent = [name for name in self.env if name not in os.environ]
        if absent:
            raise ConfigError(f"the command needs {absent[0]}, which is not set; export it")
        given = [self.command] if isinstance(self.command, str) else self.command
        parts = [Template(part) for part in given]
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "placeholders", frozenset().union(*(p.names for p in parts)))

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Run the command for *inputs*.

        Raises:
            ConfigError: there is no such program, or an input is missing.
            CommandError: it ended with another code than 0, or printed no output, or no end of it.
            TimeoutError: it took too long.
        """
        printed = self._run(self._line(inputs), orjson.dumps(dict(inputs), default=str))
        text = printed.decode(errors="replace")
        if self.output == "text":
            return TargetOutput(text.removesuffix("\n").removesuffix("\r"))
        try:
            return as_output(orjson.loads(printed))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise CommandError(f"{error}; it printed {text[:_SHOWN]!r}") from None

    def _line(self, inputs: Mapping[str, Any]) -> str | list[str]:
        if self.shell:
            quoted = {key: shlex.quote(str(value)) for key, value in inputs.items()}
            return self._parts[0].fill(quoted)
        return [part.fill(inputs) for part in self._parts]

    def _run(self, line: str | list[str], inputs: bytes) -> bytes:
        """Return what the command printed."""
        # A file and not a pipe: subprocess feeds no pipe that it looked away from once.
        with tempfile.TemporaryFile() as given:
            given.write(inputs)
            given.seek(0)
            with _started(line, self.shell, self.cwd, self._environment(), given) as process:
                printed, said = _listen(process, self.timeout_s)
        if process.returncode != 0:
            raise CommandError(f"{_ending(process.returncode)}: {_last_line(said)}")
        return printed

    def _environment(self) -> dict[str, str]:
        names = (*_ALWAYS, *self.env)
        return {name: os.environ[name] for name in names if name in os.environ}


@contextlib.contextmanager
def _started(
    line: str | list[str],
    shell: bool,
    cwd: Path | None,
    env: Mapping[str, str],
    given: BinaryIO,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the command in a session of its own, and kill that unless the command ended."""
    try:
        with _starting:
            process = subprocess.Popen(
                line,
                shell=shell,
                cwd=cwd,
                env=env,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            _running.add(process)
    except OSError as error:
        # The error names the folder where that is what is missing, else the program.
        raise ConfigError(f"the command cannot start: {error.strerror}: {error.filename}") from None
    with process:
        try:
            yield process
        finally:
            _kill(process)
            _running.discard(process)


def _listen(process: "subprocess.Popen[bytes]", timeout_s: float) -> tuple[bytes, bytes]:
    """Return what *process* printed on its standard output and error, once it has ended.

    Raises:
        CommandError: it prints without an end.
        TimeoutError: it takes too long.
    """
    end_s = time.monotonic() + timeout_s
    while True:
        left_s = end_s - time.monotonic()
        try:
            return process.communicate(timeout=max(0.0, min(left_s, _LOOK_S)))
        except subprocess.TimeoutExpired as so_far:
            if max(len(so_far.output or b""), len(so_far.stderr or b"")) > _LARGEST:
                raise CommandError(f"the command printed more than {_LARGEST >> 20} MB") from None
            if left_s <= _LOOK_S:
                raise TimeoutError(f"the command took longer than {timeout_s:g} s") from None


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill *process* and all that it has started; nothing where it has ended."""
    if process.returncode is not None:
        return  # its number may be another program's by now
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


_running: "set[subprocess.Popen[bytes]]" = set()
_starting = threading.Lock()
"""Held while a command is begun: between its start and its entry nobody would kill it."""
_PATIENCE_S = 1.0
"""Longest wait for a command that is being begun; a signal may come while this thread has it."""


@atexit.register
def kill_commands() -> None:
    """Kill all commands that run: after Ctrl-C, calls under way are given up in their threads."""
    is_held = _starting.acquire(timeout=_PATIENCE_S)
    try:
        for process in list(_running):
            _kill(process)
    finally:
        if is_held:
            _starting.release()


def _ending(code: int) -> str:
    if code >= 0:
        return f"the command ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"the command was killed by {signal.Signals(-code).name}"
    return f"the command was killed by signal {-code}"


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").split("\n")
    spoken = [line.strip() for line in lines if line.strip()]
    return spoken[-1][:_SHOWN] if spoken else "it said nothing on its standard error"
