"""The metrics of a suite file."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from evalhub.evals.suites.spec import Name, Text

__all__ = ["MODEL_KEYS", "MetricSpec"]

MODEL_KEYS = ("model", "base_url", "provider", "api_key_env")
"""Keys that say which model a judge asks."""


class MetricSpec(BaseModel):
    """A metric and its settings; a bare name is one without settings.

    In a mapping the name stands under `metric`, or under `judge` when a model grades;
    `model`, `base_url`, `provider` and `api_key_env` then say which. All other keys are settings.
    """

    model_config = ConfigDict(
        extra="allow", frozen=True, strict=True, use_attribute_docstrings=True
    )

    metric: Text | None = None
    """Its name; `evalhub metrics list` shows those that there are."""
    judge: Text | None = None
    """The same, of a metric that asks a model."""
    model: Text | None = None
    """The model that grades; what the environment names, or the embedded one, when left out."""
    base_url: Text | None = None
    """Address at which it is asked; that of the environment when left out."""
    provider: Literal["openai", "anthropic"] | None = None
    """Whose API it speaks; OpenAI's when left out."""
    api_key_env: Text | None = None
    """Variable of the environment with its key, in place of the usual one."""
    judge_canary: Text | None = None
    """File of fixed answers that the judge grades again in every run, to show that it is the
    judge it was."""
    label: Name | None = None
    """The column's name, where that of the metric will not do."""
    better: Literal["higher", "lower", "neither"] | None = None
    """Which scores are the better ones, where the metric itself does not say it."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"metric": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_one_name(self) -> "MetricSpec":
        if (self.metric is None) == (self.judge is None):
            raise ValueError("name it under either 'metric' or 'judge'")
        given = [key for key in (*MODEL_KEYS, "judge_canary") if getattr(self, key) is not None]
        if self.judge is None and given:
            raise ValueError(f"{given[0]!r} is for a 'judge'; name the metric under that")
        return self

    @property
    def name(self) -> str:
        """What :func:`evalhub.metrics.load` knows it by."""
        return self.metric or self.judge or ""

    @property
    def asks_a_model(self) -> bool:
        """Whether a model grades, or members of a panel that may have one."""
        return self.judge is not None or "judges" in self.settings

    @property
    def settings(self) -> dict[str, Any]:
        """Everything else that was given: what the metric is made with."""
        return dict(self.model_extra or {})
