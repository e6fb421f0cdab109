"""The gates, the baseline and the judges' canaries of a suite file."""

from typing import Annotated

from pydantic import Field, model_validator

from evalhub.errors import ConfigError
from evalhub.evals.gates.baseline import Baseline
from evalhub.evals.gates.demand import Gate, read_margin
from evalhub.evals.suites.spec import Spec, Text

__all__ = ["BaselineSpec", "GateSpec"]


class GateSpec(Spec):
    """One demand; see docs/gates.md."""

    metric: Text
    """Name of a metric, or `error_rate`: the share of calls that failed."""
    of: str | None = None
    """Target that is judged; the last one when left out."""
    not_worse_than: str | None = None
    """A target, or `baseline-run`: the difference must be above minus the margin."""
    better_than: str | None = None
    """A target, or `baseline-run`: the difference must be above the margin."""
    margin: Annotated[float, Field(ge=0)] | str = 0.0
    """A number in the metric's unit, or a share of the other target's mean, such as `2%`."""
    at_least: float | None = None
    """The statistic must not be below this."""
    at_most: float | None = None
    """The statistic must not be above this."""
    statistic: Text = "mean"
    """`mean`, or a percentile such as `p95`."""
    slices: Text | list[Text] = Field(default_factory=list)
    """Slices of which every label must hold the demand."""
    smallest_slice: Annotated[int, Field(ge=1)] = 1
    """Labels with fewer examples are left out."""
    method: Text = "usual"
    """`exact` for passes and fails; `observed` for a limit on just these examples."""
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of examples without a score above which the gate does not decide."""

    @model_validator(mode="after")
    def _makes_a_gate(self) -> "GateSpec":
        try:
            self.gate()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    def gate(self) -> Gate:
        """Return the gate that this describes."""
        margin, is_relative = self._margin()
        slices = [self.slices] if isinstance(self.slices, str) else self.slices
        plain = self.model_dump(exclude={"margin", "slices"})
        return Gate(**plain, margin=margin, is_relative=is_relative, slices=tuple(slices))

    def _margin(self) -> tuple[float, bool]:
        if not isinstance(self.margin, str):
            return self.margin, False
        try:
            return read_margin(self.margin)
        except ConfigError as error:
            raise ConfigError(f"the gate on {self.metric!r} {error}") from None


class BaselineSpec(Spec):
    """Which kept run the name `baseline-run` stands for; exactly one of the three."""

    run: Text | None = None
    """Id of an MLflow run."""
    branch: Text | None = None
    """The last run of each target that passed on this git branch."""
    alias: Text | None = None
    """The run of each target that `evalhub eval promote` gave this alias."""
    required: bool = False
    """Whether it is an error when a branch has no such run yet."""

    @model_validator(mode="before")
    @classmethod
    def _from_id(cls, value: object) -> object:
        return {"run": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _names_one(self) -> "BaselineSpec":
        try:
            self.baseline()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    def baseline(self) -> Baseline:
        """Return the baseline that this describes."""
        return Baseline(**self.model_dump())
