"""Time ROUGE beside Google's ``rouge_score`` in one run, on the same pairs of texts.

Run ``python benchmarks/metrics.py``. Texts are 40 to 120 words cut from Python's own
documentation; six words of ten are kept, the others drawn at random, and half of the
candidates have their halves swapped. Processor time, the best of three; ratios count,
absolute figures depend on the machine. ``rouge_score`` has no skip bigrams, so S4 and SU4
stand beside its ROUGE-1/2/L.
"""

import argparse
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pydoc_data.topics import topics

from rouge_score.rouge_scorer import RougeScorer

from evalhub.metrics import Rouge

_LINE_WORDS = 20


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


def _microseconds(run: Callable[[], object], pairs: int) -> float:
    run()
    times = []
    for _ in range(3):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) / pairs * 1e6


def _ours(texts: _Texts, variants: Sequence[str], stemmer: bool) -> float:
    rouge = Rouge(variants, stemmer=stemmer)
    return _microseconds(lambda: rouge.score_batch(texts.outputs, texts.references), len(texts))


def _google(texts: _Texts, variants: Sequence[str], stemmer: bool) -> float:
    scorer = RougeScorer(variants, use_stemmer=stemmer)
    pairs = list(zip(texts.references, texts.outputs, strict=True))
    return _microseconds(lambda: [scorer.score(*pair) for pair in pairs], len(pairs))


def _row(label: str, ours: float, google: float) -> None:
    print(f"{label:<34}{ours:>10.1f}{google:>14.1f}{google / ours:>9.1f}")


def main() -> None:
    """Print microseconds per pair of both, and how many times faster ours is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=2_000)
    texts = _make_texts(parser.parse_args().pairs)
    base = ("rouge1", "rouge2", "rougeL")
    print(f"{'microseconds per pair':<34}{'evalhub':>10}{'rouge_score':>14}{'ratio':>9}")
    plain = {stemmer: _google(texts, base, stemmer) for stemmer in (True, False)}
    for stemmer, google in plain.items():
        told = "stemmed" if stemmer else "not stemmed"
        _row(f"ROUGE-1/2/L, {told}", _ours(texts, base, stemmer), google)
    lines = texts.in_lines()
    _row(
        "ROUGE-Lsum, lines, stemmed",
        _ours(lines, ("rougeLsum",), True),
        _google(lines, ("rougeLsum",), True),
    )
    for variant in ("rougeS4", "rougeSU4"):
        _row(f"{variant}, beside its ROUGE-1/2/L", _ours(texts, (variant,), True), plain[True])


if __name__ == "__main__":
    main()
