"""Time BERTScore beside the ``bert-score`` package in one run, on the same texts and encoder.

Run ``python benchmarks/bertscore.py``. Texts are one system's 100 summaries of SummEval and
their references where ``../shared/data`` has them, else as many cut from Python's own
documentation. Both use torch with the same weights and threads, loaded before; a first,
untimed round warms them up. They take turns; processor time, the best of the rounds; ratios count.
"""

import argparse
import gzip
import json
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import torch
from bert_score import BERTScorer

from evalhub.llm.models import find
from evalhub.metrics.semantic.bertscore import BertScore
from evalhub.metrics.semantic.encoder import load_encoder

_DATA = Path(__file__).parents[2] / "shared" / "data"
_SYSTEM = "M11"
_DOCUMENTS = 100
_REFERENCES = 11
_MILLISECONDS = 1_000 / _DOCUMENTS


@dataclass(frozen=True, slots=True)
class _Texts:
    outputs: list[str]
    references: list[list[str]]

    @property
    def pairs(self) -> int:
        """How many references there are over all outputs."""
        return sum(map(len, self.references))

    def with_one_reference(self) -> "_Texts":
        """Return the same outputs, each with its first reference."""
        return _Texts(self.outputs, [row[:1] for row in self.references])


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _read_texts() -> _Texts:
    documents = {row["id"]: row for row in _lines(_DATA / "summeval_100_docs.jsonl.gz")}
    texts = _Texts([], [])
    for row in _lines(_DATA / "summeval_1600.jsonl.gz"):
        if row["system"] == _SYSTEM:
            texts.outputs.append(row["summary"])
            texts.references.append(documents[row["id"]]["references"])
    return texts


def _make_texts() -> _Texts:
    rng = random.Random(0)
    words = re.findall(r"[A-Za-z]{2,}", " ".join(topics.values()))

    def text() -> str:
        size = rng.randint(30, 90)
        start = rng.randrange(len(words) - size)
        return " ".join(words[start : start + size])

    return _Texts(
        [text() for _ in range(_DOCUMENTS)],
        [[text() for _ in range(_REFERENCES)] for _ in range(_DOCUMENTS)],
    )


def _alternate(runs: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the least seconds of each of *runs*, which take turns."""
    best = [float("inf")] * len(runs)
    for lap in range(rounds + 1):
        for index, run in enumerate(runs):
            start = time.process_time()
            run()
            if lap:  # the first warms up
                best[index] = min(best[index], time.process_time() - start)
    return best


def _time(texts: _Texts, scorer: BERTScorer, home: Path, rounds: int) -> dict[str, float]:
    fresh = BertScore(backend="torch", cache=False)
    warm = BertScore(backend="torch", cache=home / f"{texts.pairs}.sqlite")
    plain = BertScore(backend="numpy", cache=False)
    runs: dict[str, Callable[[], object]] = {
        "bert-score": lambda: scorer.score(texts.outputs, texts.references),
        "evalhub, torch": lambda: fresh.score_batch(texts.outputs, texts.references),
        "evalhub, references known": lambda: warm.score_batch(texts.outputs, texts.references),
        "evalhub, numpy": lambda: plain.score_batch(texts.outputs, texts.references),
    }
    return dict(zip(runs, _alternate(list(runs.values()), rounds), strict=True))


def main() -> None:
    """Print milliseconds per output of each, and how many times faster than bert-score it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    texts = _read_texts() if _DATA.is_dir() else _make_texts()
    layers = load_encoder("minilm").layers
    scorer = BERTScorer(str(find("minilm")), num_layers=layers, nthreads=0, device="cpu")
    print(f"{'milliseconds of processor time per output':<44}{'1 reference':>13}{'11':>18}")
    with tempfile.TemporaryDirectory() as home:
        times = [
            _time(some, scorer, Path(home), arguments.rounds)
            for some in (texts.with_one_reference(), texts)
        ]
    for name in times[0]:
        cells = (
            f"{t[name] * _MILLISECONDS:9.1f}  x{t['bert-score'] / t[name]:5.2f}" for t in times
        )
        print(f"{name:<40}" + "".join(cells))


if __name__ == "__main__":
    main()
