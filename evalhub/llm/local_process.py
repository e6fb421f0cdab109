"""The process behind :class:`evalhub.llm.local.LocalServer`; not for people to run.

It writes its address to standard output once it answers requests, and ends when
standard input does. The parent holds the other end of that pipe and never writes
to it, so the kernel closes it however the parent dies: no orphan stays behind.
"""

import argparse
import os
import signal
import sys
from typing import Any

import xllamacpp

__all__: list[str] = []


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--name", required=True)
    parser.add_argument("--host", required=True)
    for name in ("port", "threads", "parallel", "context"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def _parameters(options: argparse.Namespace) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.path
    parameters.model_alias = [options.name]
    parameters.hostnames = [options.host]
    parameters.port = options.port
    parameters.n_ctx = options.context
    parameters.n_parallel = options.parallel
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams.poll = 0
    parameters.offline = True
    return parameters


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    address = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the native code's standard output is log too
    server = xllamacpp.Server(_parameters(_parse()))
    print(server.listening_address, file=address, flush=True)
    sys.stdin.buffer.read()
    # Not sys.exit: the native threads may be in the middle of an answer nobody wants.
    os._exit(0)


if __name__ == "__main__":
    _main()
