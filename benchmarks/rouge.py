"""Time ROUGE beside Google's ``rouge_score`` and the Rust package ``rouge_score_rs``.

Run ``python benchmarks/rouge.py``. Texts are 40 to 120 words cut from Python's own
documentation; six words of ten are kept, the others drawn at random, and half of the
candidates have their halves swapped. Processor time, the best of five rounds in which all
take turns; ratios count, absolute figures depend on the machine. "First sight" is evalhub
on words that it has not met before in the process. ``rouge_score`` has no skip bigrams, so
S4 and SU4 stand beside its ROUGE-1/2/L.
"""

import argparse
import math
import random
import re
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pydoc_data.topics import topics
from typing import Any

from rouge_score.rouge_scorer import RougeScorer as GoogleScorer
from rouge_score_rs.rouge_scorer import RougeScorer as RustScorer

from evalhub.metrics import Rouge

_BASE = ("rouge1", "rouge2", "rougeL")
_THEIR_VARIANTS = frozenset({*_BASE, "rougeLsum"})
_LINE_WORDS = 20
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Texts:
    outputs: list[str]
    references: list[str]

    def __len__(self) -> int:
        return len(self.outputs)

    def in_lines(self) -> "_Texts":
        """Return the same words with a line break after every twentieth."""
        return _Texts(
            *([_broken(text) for text in side] for side in (self.outputs, self.references))
        )


def _broken(text: str) -> str:
    words = text.split()
    starts = range(0, len(words), _LINE_WORDS)
    return "\n".join(" ".join(words[i : i + _LINE_WORDS]) for i in starts)


def _make_texts(count: int) -> _Texts:
    rng = random.Random(0)
    words = re.findall(r"[A-Za-z]{2,}", " ".join(topics.values()))
    texts = _Texts([], [])
    for _ in range(count):
        size = rng.randint(40, 120)
        start = rng.randrange(len(words) - size)
        reference = words[start : start + size]
        output = [word if rng.random() < 0.6 else rng.choice(words) for word in reference]
        if rng.random() < 0.5:
            output = output[size // 2 :] + output[: size // 2]
        texts.references.append(" ".join(reference))
        texts.outputs.append(" ".join(output))
    return texts


def _rounds(runs: Mapping[str, Callable[[], object]], pairs: int) -> dict[str, float]:
    """Return each one's best microseconds per pair."""
    best = dict.fromkeys(runs, math.inf)
    for number in range(_ROUNDS + 1):
        for name, run in runs.items():
            start = time.process_time()
            run()
            spent = (time.process_time() - start) / pairs * 1e6
            if number:  # the first round warms up
                best[name] = min(best[name], spent)
    return best


def _ours(texts: _Texts, variants: Sequence[str], stemmer: bool) -> Callable[[], object]:
    rouge = Rouge(variants, stemmer=stemmer)
    return lambda: rouge.score_batch(texts.outputs, texts.references)


def _theirs(scorer: Any, texts: _Texts) -> Callable[[], object]:
    pairs = list(zip(texts.references, texts.outputs, strict=True))
    return lambda: [scorer.score(*pair) for pair in pairs]


def _compare(label: str, texts: _Texts, variants: Sequence[str], *, stemmer: bool) -> None:
    peers = tuple(name for name in variants if name in _THEIR_VARIANTS) or _BASE
    best = _rounds(
        {
            "evalhub": _ours(texts, variants, stemmer),
            "rouge_score": _theirs(GoogleScorer(peers, use_stemmer=stemmer), texts),
            "Rust": _theirs(RustScorer(list(peers), use_stemmer=stemmer), texts),
        },
        len(texts),
    )
    ours, google, rust = best["evalhub"], best["rouge_score"], best["Rust"]
    theirs = f"{google:>13.1f}{google / ours:>8.1f}{rust:>9.1f}{rust / ours:>8.2f}"
    print(f"{label:<38}{ours:>9.1f}{theirs}")


def _first_sight(texts: _Texts) -> float:
    start = time.process_time()
    _ours(texts, _BASE, True)()
    return (time.process_time() - start) / len(texts) * 1e6


def _many(texts: _Texts, count: int) -> str:
    """Score *count* pairs and tell how much the process grew."""
    times = count // len(texts)
    outputs, references = texts.outputs * times, texts.references * times
    before, start = _peak_mb(), time.perf_counter()
    Rouge(_BASE).score_batch(outputs, references)
    seconds = time.perf_counter() - start
    return f"{len(outputs):,} pairs: {seconds:.1f} s, {_peak_mb() - before:.0f} MB more than before"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print microseconds per pair, and how many times as long the others take."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=2_000)
    texts = _make_texts(parser.parse_args().pairs)
    Rouge(_BASE).score_batch(["warm"], ["up"])
    first = _first_sight(texts)
    print(
        f"{'microseconds per pair':<38}{'evalhub':>9}{'rouge_score':>13}{'ratio':>8}"
        f"{'Rust':>9}{'ratio':>8}"
    )
    _compare("ROUGE-1/2/L, stemmed", texts, _BASE, stemmer=True)
    _compare("ROUGE-1/2/L, not stemmed", texts, _BASE, stemmer=False)
    _compare("ROUGE-Lsum, lines, stemmed", texts.in_lines(), ("rougeLsum",), stemmer=True)
    _compare("ROUGE-S4 (beside ROUGE-1/2/L)", texts, ("rougeS4",), stemmer=True)
    _compare("ROUGE-SU4 (beside ROUGE-1/2/L)", texts, ("rougeSU4",), stemmer=True)
    print(f"first sight, ROUGE-1/2/L, stemmed: {first:.1f} microseconds per pair")
    print(_many(texts, 100_000))


if __name__ == "__main__":
    main()
