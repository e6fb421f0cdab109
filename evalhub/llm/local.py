"""The embedded model: a small language model behind an OpenAI-compatible address.

It runs in a process of its own (:mod:`evalhub.llm.local_process`): a crash of the
native code cannot take the caller's process along, its log goes to a file, and
stopping it is certain. That process ends when this one does, however it ends.
"""

import contextlib
import importlib.util
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Self

from evalhub._closing import Closing
from evalhub.config import load_settings
from evalhub.errors import MissingExtraError, ModelError
from evalhub.llm.catalog import CATALOG
from evalhub.llm.models import find

__all__ = ["LocalServer", "lasting_address"]

_LOG_LIMIT = 1 << 20
_STOP_SECONDS = 5.0
_MAX_THREADS = 4  # what a model this small can use


class LocalServer(Closing):
    """Serves a local model while its ``with`` block lasts.

    Args:
        model: A name that :func:`evalhub.llm.models.find` knows, or the path of a GGUF file.
        host: Address to listen on; only this machine can reach the default.
        port: 0 takes a free one.
        threads: Of the computation; as many as there are cores, four at most, when None.
        parallel: Requests answered at once; others wait.
        context: Tokens of each request's context, prompt and answer together.
        ready_timeout: Seconds that loading may take.

    Raises:
        MissingExtraError: the ``local`` extra is not installed.
        ModelError: the model was not pulled.
    """

    def __init__(
        self,
        model: str = "smollm2",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int | None = None,
        parallel: int = 2,
        context: int = 4096,
        ready_timeout: float = 60.0,
    ) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError(
                "xllamacpp is not installed; run: pip install 'evalhub[local]'",
                name="xllamacpp",
                extra="local",
            )
        self._path = Path(model) if model.endswith(".gguf") else find(model)
        self._host = host
        self._port = port
        # Two requests at once on two idle cores: 98 tokens/s with two threads, 59 with one.
        # Threads wait for each other at every step, so more than there are idle cores hurt.
        self._threads = threads or min(_MAX_THREADS, os.cpu_count() or 1)
        self._parallel = parallel
        self._context = context
        self._ready_timeout = ready_timeout
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self.model = self._path.stem if model.endswith(".gguf") else model
        self._weights = _weights(self._path, self.model)
        """Name by which requests ask for it."""
        self.log = load_settings().home / "logs" / f"llm-{self.model}.log"
        """File that holds what the native code said."""

    @property
    def base_url(self) -> str:
        """Address for the openai client, such as ``http://127.0.0.1:41235/v1``.

        Raises:
            ModelError: the server is not running.
        """
        if self._process is None:
            raise ModelError("the embedded model is not running; use it in a `with` block")
        return self._url

    def start(self) -> Self:
        """Load the model and return once it answers.

        Raises:
            ModelError: it did not start, or not in time; the message holds the log's last line.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            if log.tell() > _LOG_LIMIT:
                log.truncate(0)
            self._process = self._spawn(log)
        try:
            self._url = self._wait_for_address(self._process)
            _RUNNING[self._url] = self._weights
        except BaseException:
            self.close()
            raise
        return self

    def wait(self) -> None:
        """Block until the server's process ends by itself.

        Raises:
            ModelError: it did.
        """
        if self._process is not None:
            code = self._process.wait()
            raise ModelError(f"the embedded model stopped with code {code}: {self._last_line()}")

    def close(self) -> None:
        """Stop serving; harmless when it does not run."""
        process, self._process = self._process, None
        _RUNNING.pop(self._url, None)
        if process is None:
            return
        with process:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "evalhub.llm.local_process", str(self._path)]
        command += ["--name", self.model, "--host", self._host, "--port", str(self._port)]
        command += ["--threads", str(self._threads), "--parallel", str(self._parallel)]
        command += ["--context", str(self._context * self._parallel)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )

    def _wait_for_address(self, process: subprocess.Popen[str]) -> str:
        """Return the address, which is the one line that the process writes when it is ready."""
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=_read_line, args=(process, lines), daemon=True)
        reader.start()
        try:
            line = lines.get(timeout=self._ready_timeout).strip()
        except queue.Empty:
            waited = f"{self._ready_timeout:g} s"
            raise ModelError(
                f"the embedded model was not ready after {waited}: {self._last_line()}"
            ) from None
        if not line:
            raise ModelError(f"the embedded model did not start: {self._last_line()}")
        return f"{line}/v1"

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
            said = [line.strip() for line in lines if line.strip()]
            if said:
                return f"{said[-1]} (log: {self.log})"
        return f"its log {self.log} is empty"


_RUNNING: dict[str, str] = {}
"""Addresses of the servers that this process runs now, and whose weights answer there."""


def lasting_address(base_url: str) -> str:
    """Return what to know an endpoint by tomorrow: *base_url*, unless it is the embedded model's.

    That one listens on another port each time; it is known by its weights.
    """
    return _RUNNING.get(base_url, base_url)


def _weights(path: Path, model: str) -> str:
    if model in CATALOG:
        return f"embedded:{CATALOG[model].files[0].sha256}"
    with contextlib.suppress(OSError):  # starting will say that the file is not there
        found = path.stat()
        return f"embedded:{path.name}:{found.st_size}:{found.st_mtime_ns}"
    return f"embedded:{path.name}"


def _read_line(process: subprocess.Popen[str], lines: "queue.SimpleQueue[str]") -> None:
    if process.stdout is not None:
        with contextlib.suppress(ValueError):  # closed because the wait was given up
            lines.put(process.stdout.readline())
