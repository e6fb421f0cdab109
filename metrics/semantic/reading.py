"""Read a batch of examples as tokens, a part at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalhub.metrics.semantic.encoder import Encoder
from evalhub.metrics.semantic.tokens import Encoded

__all__ = ["Chunk", "Reader"]

_ROWS_READ = 512
"""Examples whose tokens are held at once."""
_TOKENS_HELD = 65_536
"""Tokens whose vectors are held at once: 100 MB at a width of 384, 270 MB at 1,024."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Examples that are scored together."""

    rows: Sequence[int]
    texts: dict[str, Encoded]
    """All texts of these examples, each once."""
    references: frozenset[str]
    """Which of them are references."""


class Reader:
    """The texts of a batch, and what was cut of them.

    Args:
        encoder: Makes the tokens.
        outputs: One text an example.
        references: Its references.
    """

    def __init__(
        self, encoder: Encoder, outputs: Sequence[str], references: Sequence[Sequence[str]]
    ) -> None:
        self.truncations: dict[int, str] = {}
        """What to say of the examples with a text that was cut, by index."""
        self._encoder = encoder
        self._outputs = outputs
        self._references = references
        self._seen: set[str] = set()
        self._cut: set[str] = set()

    @property
    def truncated_share(self) -> float:
        """Share of the different texts read so far that were cut."""
        return len(self._cut) / max(1, len(self._seen))

    def output(self, row: int) -> str:
        """Return the output of the example *row*."""
        return self._outputs[row]

    def references(self, row: int) -> Sequence[str]:
        """Return the references of the example *row*."""
        return self._references[row]

    def chunks(self, rows: Sequence[int]) -> Iterator[Chunk]:
        """Yield the examples *rows* in parts whose vectors fit into memory together.

        Equal references follow each other, so that their vectors are computed once
        though only a part of the batch is held at a time.
        """
        ordered = sorted(rows, key=lambda row: list(self._references[row]))
        for start in range(0, len(ordered), _ROWS_READ):
            part = ordered[start : start + _ROWS_READ]
            encoded = self._read(part)
            for some in self._split(part, encoded):
                yield self._chunk(some, encoded)

    def _texts(self, row: int) -> list[str]:
        return [self._outputs[row], *self._references[row]]

    def _read(self, rows: Sequence[int]) -> dict[str, Encoded]:
        texts = list(dict.fromkeys(text for row in rows for text in self._texts(row)))
        encoded = dict(zip(texts, self._encoder.tokenize(texts), strict=True))
        self._seen.update(texts)
        self._cut.update(text for text, item in encoded.items() if item.truncated)
        said = f"cut at the encoder's {self._encoder.max_tokens} tokens"
        self.truncations.update(
            (row, said) for row in rows if not self._cut.isdisjoint(self._texts(row))
        )
        return encoded

    def _split(self, rows: Sequence[int], encoded: dict[str, Encoded]) -> Iterator[list[int]]:
        held: set[str] = set()
        tokens = 0
        some: list[int] = []
        for row in rows:
            new = set(self._texts(row)) - held
            more = sum(len(encoded[text].ids) for text in new)
            if some and tokens + more > _TOKENS_HELD:
                yield some
                held, tokens, some = set(), 0, []
                new = set(self._texts(row))
                more = sum(len(encoded[text].ids) for text in new)
            held |= new
            tokens += more
            some.append(row)
        if some:
            yield some

    def _chunk(self, rows: Sequence[int], encoded: dict[str, Encoded]) -> Chunk:
        texts = dict.fromkeys(text for row in rows for text in self._texts(row))
        references = frozenset(text for row in rows for text in self._references[row])
        return Chunk(rows, {text: encoded[text] for text in texts}, references)
