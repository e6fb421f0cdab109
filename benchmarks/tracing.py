"""What tracing costs, side by side with other SDKs: ``python benchmarks/tracing.py``.

One traced call with one traced child and a 150-byte prompt, each SDK in a process and an
environment of its own (made below ``benchmarks/.environments`` when it is first needed), one
after another. Caller is CPU time of the calling thread, total is
that of the whole process, delivery included; microseconds a span, best round.
Compare ratios of one run: absolute figures depend on the machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = Path(__file__).parent / ".environments"


class Peer(NamedTuple):
    """One line of the table."""

    label: str
    script: str
    package: str | None = None
    """What its environment needs; None: this one."""
    arguments: tuple[str, ...] = ()


OURS = Peer("evalhub, SQLite, committed", "evalhub_sdk.py")
LINES = (
    Peer("no tracing", "untraced.py"),
    Peer("evalhub, off", "evalhub_sdk.py", None, ("off",)),
    Peer("evalhub, memory", "evalhub_sdk.py", None, ("memory",)),
    OURS,
    Peer("evalhub, SQLite, 10 kB", "evalhub_sdk.py", None, ("10kB",)),
    Peer("evalhub, SQLite, async", "evalhub_sdk.py", None, ("async",)),
    Peer("evalhub, SQLite, durable", "evalhub_sdk.py", None, ("durable",)),
    Peer("evalhub, SQLite, masked", "evalhub_sdk.py", None, ("masked",)),
    Peer("OpenTelemetry, not stored", "opentelemetry_sdk.py", "opentelemetry-sdk"),
    Peer("langsmith, local sink", "langsmith_sdk.py", "langsmith"),
    Peer("langfuse, local sink", "langfuse_sdk.py", "langfuse"),
    Peer("MLflow, SQLite", "mlflow_sdk.py", "mlflow"),
)


class Cost(NamedTuple):
    """Microseconds a span."""

    caller: float
    total: float


def main() -> None:
    """Measure every SDK that is installed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="measure the lines whose label holds this text")
    only = parser.parse_args().only or ""
    chosen = [peer for peer in LINES if only in peer.label]
    pythons = {peer: python_for(peer) for peer in chosen}
    costs = {peer: python and run(peer, python) for peer, python in pythons.items()}
    print_table(chosen, costs)
    print_import_time()


def python_for(peer: Peer) -> str | None:
    """Return the interpreter that has what *peer* needs; None when it cannot be installed."""
    if peer.package is None:
        return sys.executable
    folder = ENVIRONMENTS / peer.package
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"installing {peer.package} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", peer.package]
        if subprocess.run(install, check=False).returncode:
            return None
        (folder / "ready").touch()
    return str(python)


def run(peer: Peer, python: str) -> Cost | None:
    """Return what *peer* costs, measured in a new process; None when it failed."""
    command = [python, str(PEERS / peer.script), *peer.arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode or not lines:
        print(f"{peer.label} failed: {result.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return Cost(**json.loads(lines[-1]))


def print_table(chosen: list[Peer], costs: dict[Peer, Cost | None]) -> None:
    """Print a line for each of *chosen*; ratios are to evalhub into SQLite."""
    ours = costs.get(OURS)
    print(f"{'microseconds a span':28}{'caller':>10}{'ratio':>8}{'total':>10}{'ratio':>8}")
    for peer in chosen:
        cost = costs.get(peer)
        if cost is None:
            print(f"{peer.label:28}{'failed':>36}")
            continue
        ratios = [cost[i] / ours[i] if ours else float("nan") for i in range(2)]
        print(
            f"{peer.label:28}{cost.caller:10.2f}{ratios[0]:8.2f}{cost.total:10.2f}{ratios[1]:8.2f}"
        )


def print_import_time() -> None:
    """Print the median time that ``import evalhub.tracing`` takes in a new interpreter."""
    code = "import time; t = time.perf_counter(); import evalhub.tracing"
    command = [sys.executable, "-c", f"{code}; print(time.perf_counter() - t)"]
    # With compiled modules, as everywhere but on machines that forbid to write them.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds = [
        float(
            subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            ).stdout
        )
        for _ in range(10)
    ]
    print(f"import evalhub.tracing: {statistics.median(seconds[1:]) * 1e3:.0f} ms (median of 9)")


if __name__ == "__main__":
    main()
