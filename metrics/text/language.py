"""Whether the output is in the language it should be in, by py3langid (Lui and Baldwin, 2012)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as installed_version
from typing import ClassVar, Protocol, cast

from evalhub._optional import require
from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Scored, Unscored
from evalhub.metrics.rows import score_outputs
from evalhub.model import ScoreState

__all__ = ["Language"]


class _Identifier(Protocol):
    @property
    def labels(self) -> list[str]: ...

    def classify(self, text: str) -> tuple[str, float]: ...


@dataclass(frozen=True, slots=True)
class Language:
    """1 where the output is in *language*, else 0; the label is the language that was found.

    The model comes with the package and knows some 130 languages; nothing is fetched. It is
    unsure of a few words, and takes near relatives (Bosnian and Croatian) for each other. An
    output without letters is skipped.

    Args:
        language: ISO 639 code, such as ``en``, ``de`` or ``zh``.
        least_confidence: Below it, of 0 to 1, the output counts as ``unparsed``.

    Raises:
        MetricError: the language is not known, or *least_confidence* is no share.
        MissingExtraError: the ``language`` extra is not installed.
    """

    language: str
    least_confidence: float = 0.0

    version: ClassVar[int] = 1
    name: ClassVar[str] = "language"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        if not 0 <= self.least_confidence <= 1:
            told = f"least_confidence is {self.least_confidence}; give a number between 0 and 1"
            raise MetricError(told)
        known = _identifier().labels
        if self.language not in known:
            told = f"language is {self.language!r}; use a code out of {', '.join(sorted(known))}"
            raise MetricError(told)

    @property
    def signature(self) -> str:
        """Name, settings, the identifier with its version, and version."""
        return signature(
            self.name,
            version=self.version,
            language=self.language,
            least_confidence=self.least_confidence,
            py3langid=installed_version("py3langid"),
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        if not any(map(str.isalpha, output)):
            return Unscored(ScoreState.SKIPPED, "the output has no letters")
        found, confidence = _identifier().classify(output)
        told = f"{found} with confidence {confidence:.2f}"
        if confidence < self.least_confidence:
            return Unscored(ScoreState.UNPARSED, f"{told}; {self.least_confidence} is asked for")
        return Scored(float(found == self.language), told, label=found)


@cache
def _identifier() -> _Identifier:
    # One of our own: the package's is shared, and another caller may narrow its languages.
    langid = require("py3langid.langid", extra="language")
    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    return cast("_Identifier", identifier)
