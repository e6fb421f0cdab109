"""Longest common subsequences: of texts, of sentences (union), and weighted.

The union needs the very subsequence that ``rouge_score`` reads out of its table, as
there are several of one length. Its table is kept here as one integer a row: the bit of
a column is set where the length does not grow (Hyyrö, 2004), so a row takes a few
operations on integers instead of one per cell.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cpdist

from evalhub.metrics.text.tokenize import Tokens

__all__ = ["common_lengths", "union_hits", "weighted_length", "weighted_union_hits"]

_CHARACTERS = 0x110000
_Sentences = Sequence[Sequence[int]]


def common_lengths(candidates: Tokens, references: Tokens) -> NDArray[np.int64]:
    """Return the length of the longest common subsequence of each pair of texts."""
    first, second = _as_strings(candidates), _as_strings(references)
    lengths = cpdist(first, second, scorer=LCSseq.similarity, dtype=np.int64)
    return np.asarray(lengths, dtype=np.int64)


def _as_strings(tokens: Tokens) -> Sequence[Sequence[object]]:
    """Return one character per token: rapidfuzz reads strings twice as fast as lists."""
    if tokens.base > _CHARACTERS:
        return tokens.split()
    text = tokens.ids.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    ends = np.cumsum(tokens.lengths).tolist()
    return [text[end - n : end] for end, n in zip(ends, tokens.lengths.tolist(), strict=True)]


def union_hits(
    candidate: _Sentences, reference: _Sentences, most: Counter[int] | None = None
) -> int:
    """Return how many tokens of *reference* are in the union of its subsequences.

    For each reference sentence, the union of its longest common subsequences with every
    candidate sentence. A token counts as often as *most* has it, or else both texts.
    """
    left = _shared(candidate, reference) if most is None else Counter(most)
    positions = [_positions(sentence) for sentence in candidate]
    hits = 0
    for sentence in reference:
        union: set[int] = set()
        for other, where in zip(candidate, positions, strict=True):
            union.update(_common_indices(sentence, other, where))
        for index in union:
            token = sentence[index]
            if left[token] > 0:
                hits += 1
                left[token] -= 1
    return hits


def _shared(candidate: _Sentences, reference: _Sentences) -> Counter[int]:
    """Return how often both have each token."""
    return Counter(chain.from_iterable(candidate)) & Counter(chain.from_iterable(reference))


def _positions(sentence: Sequence[int]) -> dict[int, int]:
    """Return, for each token, an integer with the bits of its places set."""
    bits: dict[int, int] = {}
    for index, token in enumerate(sentence):
        bits[token] = bits.get(token, 0) | 1 << index
    return bits


def _common_indices(
    reference: Sequence[int], candidate: Sequence[int], positions: dict[int, int]
) -> Iterator[int]:
    """Yield the places in *reference* of one longest common subsequence, last first."""
    rows = _rows(reference, len(candidate), positions)
    i, j = len(reference), len(candidate)
    length = _length(rows[i], j)
    while length:
        if reference[i - 1] == candidate[j - 1]:
            i, j, length = i - 1, j - 1, length - 1
            yield i
            continue
        above = _length(rows[i - 1], j)
        grows_here = not rows[i] >> (j - 1) & 1
        if above < length and not grows_here:
            j -= 1
        else:
            i, length = i - 1, above


def _rows(reference: Sequence[int], width: int, positions: dict[int, int]) -> list[int]:
    """Return the table's rows; bit j of one is clear where the length grows at j."""
    row = full = (1 << width) - 1
    rows = [row]
    for token in reference:
        matches = row & positions.get(token, 0)
        if matches:
            row = ((row + matches) | (row - matches)) & full
        rows.append(row)
    return rows


def _length(row: int, columns: int) -> int:
    return columns - (row & ((1 << columns) - 1)).bit_count()


def weighted_length(candidate: Sequence[int], reference: Sequence[int], power: float) -> float:
    """Return the weighted length, where a run of k tokens in both counts k ** *power*."""
    return _weighted_table(reference, candidate, power)[-1][-1]


def weighted_union_hits(
    candidate: _Sentences, reference: _Sentences, power: float, most: Counter[int] | None = None
) -> float:
    """Return the weighted union hits as ROUGE-1.5.5.pl counts them.

    It marks the tokens of a reference sentence that are in its weighted subsequence with
    any candidate sentence, and weighs runs of marks, however far apart the candidate has
    them. A run ends at a token whose neighbour is not marked; where clipping takes that
    token away, the run goes on after the gap, or is lost with its sentence. A token counts
    as often as *most* has it, or else both texts.
    """
    left = _shared(candidate, reference) if most is None else Counter(most)
    hits = 0.0
    for sentence in reference:
        marked = {i for other in candidate for i in _weighted_indices(sentence, other, power)}
        run = 0
        for index in sorted(marked):
            token = sentence[index]
            if not left[token]:
                continue
            left[token] -= 1
            run += 1
            if index + 1 not in marked:
                hits += run**power
                run = 0
    return hits


def _weighted_table(
    reference: Sequence[int], candidate: Sequence[int], power: float
) -> list[list[float]]:
    """Return the weighted length of each pair of prefixes."""
    table, runs = [[0.0] * (len(candidate) + 1)], [0] * (len(candidate) + 1)
    for token in reference:
        above, row, new_runs = table[-1], [0.0], [0]
        for j, other in enumerate(candidate):
            if token == other:
                run = runs[j]
                row.append(above[j] + (run + 1) ** power - run**power)
                new_runs.append(run + 1)
            else:
                row.append(max(above[j + 1], row[j]))
                new_runs.append(0)
        table.append(row)
        runs = new_runs
    return table


def _weighted_indices(
    reference: Sequence[int], candidate: Sequence[int], power: float
) -> Iterator[int]:
    """Yield the places in *reference* of its weighted subsequence, last first."""
    table = _weighted_table(reference, candidate, power)
    i, j = len(reference), len(candidate)
    while i and j:
        if reference[i - 1] == candidate[j - 1]:
            i, j = i - 1, j - 1
            yield i
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
