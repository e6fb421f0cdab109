"""How rare tokens are: their weights in BERTScore (Zhang et al., 2020, section 3)."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError
from evalhub.metrics.semantic.encoder import Encoder

__all__ = ["Idf", "IdfSource", "corpus_texts", "idf_name"]

IdfSource: TypeAlias = bool | str | Path | Sequence[str]
"""Whether to weigh by the batch's references; or the texts to count in, or a file of them."""

_AT_ONCE = 1024


class Idf:
    """Weights ``ln((N + 1) / (df + 1))`` of tokens, counted in texts one at a time.

    A text that is there twice counts twice; one without a token counts not at all.
    """

    def __init__(self, encoder: Encoder, texts: Iterable[str]) -> None:
        counts: Counter[int] = Counter()
        total = 0
        # In parts: tokens of 100,000 texts are not held together.
        stream = iter(texts)
        while part := list(islice(stream, _AT_ONCE)):
            full = [item for item in encoder.tokenize(part) if not item.is_empty]
            total += len(full)
            for item in full:
                counts.update(set(item.ids.tolist()))
        self._unseen = math.log(total + 1)
        self._known = {token: math.log((total + 1) / (df + 1)) for token, df in counts.items()}

    def __call__(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weight of each of *ids*."""
        known, unseen = self._known, self._unseen
        return np.array([known.get(token, unseen) for token in ids.tolist()], dtype=np.float64)


def corpus_texts(source: IdfSource) -> list[str] | None:
    """Return the texts that *source* gives; None where it gives none.

    A file is UTF-8 and holds one text a line.

    Raises:
        MetricError: the file cannot be read, or there is no text.
    """
    if isinstance(source, bool):
        return None
    texts = _lines(Path(source).expanduser()) if isinstance(source, str | Path) else list(source)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise MetricError(f"idf is {source!r}; give true, a list of texts, or a file of them")
    return [text.strip() for text in texts]


def idf_name(source: IdfSource) -> str:
    """Return what a signature says of *source*: a corpus by its hash."""
    texts = corpus_texts(source)
    if texts is None:
        return "references" if source else "no"
    digest = hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
    return f"corpus-{digest[:12]}"


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise MetricError(f"cannot read idf's texts from {str(path)!r}: {error}") from error
