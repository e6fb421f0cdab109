"""What is masked, hidden and sampled: what the code says, else what the settings say."""

from typing import NamedTuple

from evalhub.config import Settings
from evalhub.tracing.redact import Hide, Redactor
from evalhub.tracing.rules import Mask, parse_mask
from evalhub.tracing.sampling import Sampler, make_sampler

__all__ = ["Privacy", "Sampling"]


class Privacy(NamedTuple):
    """What is masked and hidden; None is left to the settings."""

    mask: Mask | None = None
    hide_inputs: Hide | None = None
    hide_outputs: Hide | None = None
    hide_metadata: Hide | None = None

    def redactor(self, settings: Settings, limit: int) -> Redactor:
        """Return the redactor, with *settings* where nothing was given."""
        return Redactor(
            parse_mask(settings.mask if self.mask is None else self.mask),
            hide_inputs=settings.hide_inputs if self.hide_inputs is None else self.hide_inputs,
            hide_outputs=settings.hide_outputs if self.hide_outputs is None else self.hide_outputs,
            hide_metadata=(
                settings.hide_metadata if self.hide_metadata is None else self.hide_metadata
            ),
            limit=limit,
        )


class Sampling(NamedTuple):
    """Which traces are recorded; None is left to the settings."""

    rate: float | None = None
    keep_errors: bool | None = None
    keep_slower_than_s: float | None = None

    def sampler(self, settings: Settings) -> Sampler | None:
        """Return the sampler, with *settings* where nothing was given."""
        slow_s = self.keep_slower_than_s
        return make_sampler(
            settings.sample_rate if self.rate is None else self.rate,
            keep_errors=settings.keep_errors if self.keep_errors is None else self.keep_errors,
            keep_slower_than_s=settings.keep_slower_than_s if slow_s is None else slow_s,
        )
