"""Time all of the metrics room in one run: ROUGE, BERTScore, resampling, and importing it.

Run ``python benchmarks/metrics.py``. Each part is a benchmark of its own, started in a fresh
process; what it compares with whom stands at its head.
"""

import re
import subprocess
import sys
from pathlib import Path

_PARTS = ("rouge.py", "bertscore.py", "resampling.py")
_IMPORTS = (
    "import evalhub.metrics",
    "from evalhub.metrics import Rouge, load",
    "import rouge_score.rouge_scorer",
    "import evaluate",
)
_ROUNDS = 5


def _import_ms(statement: str) -> float:
    """Return the least milliseconds that *statement* takes in a fresh interpreter."""
    program = (
        "import time; start = time.perf_counter(); "
        f"{statement}; print('took', (time.perf_counter() - start) * 1000)"
    )
    command = [sys.executable, "-c", program]
    told = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for _ in range(_ROUNDS)
    )
    return min(float(re.findall(r"took (\S+)", text)[-1]) for text in told)


def main() -> None:
    """Print the tables of all parts, then how long imports take."""
    for part in _PARTS:
        print(f"== {part}", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name(part))], check=True)
    print("== imports, milliseconds")
    for statement in _IMPORTS:
        print(f"{statement:<44}{_import_ms(statement):>8.0f}", flush=True)


if __name__ == "__main__":
    main()
