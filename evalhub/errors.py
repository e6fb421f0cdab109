"""Every exception evalhub raises on purpose.

::

    EvalhubError
    ├── ConfigError              a setting, a flag or a file that cannot be used
    │   ├── SuiteError           a suite file: the line, the key, the nearest right key
    │   └── DatasetError         a data set: a missing column, a duplicate id
    ├── MissingExtraError        an optional package is absent (also an ImportError)
    ├── StoreError               the SQL store
    │   ├── StoreUnavailableError    locked, read-only, disk full, unreachable
    │   ├── StoreCorruptError        the file is not a database, or is damaged
    │   └── SchemaError              the tables are older or newer than this code
    ├── MetricError              a metric could not be built or run
    │   └── MetricInputError     its columns do not fit: lengths, missing references
    ├── ModelError               a language model or its endpoint
    │   ├── BudgetSpentError         not asked: what may be spent is spent
    │   ├── EmptyAnswerError         it answered, and there was no text in the answer
    │   └── ModelUnavailableError    no answer: refused, timed out, 5xx
    │       └── ModelBusyError           too many requests (429)
    └── TrackerError             the experiment tracker (MLflow)
        └── TrackerUnavailableError  it does not answer; what it lacks can be sent later

A message is one line: what was wrong, with the value, and what to do about it.
The command line prints it after ``error:`` and exits with 2.
"""

__all__ = [
    "BudgetSpentError",
    "ConfigError",
    "DatasetError",
    "EmptyAnswerError",
    "EvalhubError",
    "MetricError",
    "MetricInputError",
    "MissingExtraError",
    "ModelBusyError",
    "ModelError",
    "ModelUnavailableError",
    "SchemaError",
    "StoreCorruptError",
    "StoreError",
    "StoreUnavailableError",
    "SuiteError",
    "TrackerError",
    "TrackerUnavailableError",
]


class EvalhubError(Exception):
    """Base of all errors that evalhub raises on purpose."""


class ConfigError(EvalhubError):
    """A setting, a flag or a file cannot be used as it is."""


class SuiteError(ConfigError):
    """A suite file is wrong; the message names the line and the nearest right key."""


class DatasetError(ConfigError):
    """A data set is wrong: missing column, duplicate id, unreadable row."""


class MissingExtraError(EvalhubError, ImportError):
    """An optional package is not installed; the message is the pip command.

    *name* is the package, and *extra* the extra of evalhub that brings it, where one does.
    """

    def __init__(self, message: str, *, name: str | None = None, extra: str | None = None) -> None:
        super().__init__(message, name=name)
        self.extra = extra


class StoreError(EvalhubError):
    """The SQL store could not do what was asked."""


class StoreUnavailableError(StoreError):
    """The store did not answer: locked, read-only, disk full or unreachable.

    *retry_after_s* is how long it asked to be left alone, where it did.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreCorruptError(StoreError):
    """The store's file is damaged or is not a database."""


class SchemaError(StoreError):
    """The store's tables are older or newer than this code."""


class MetricError(EvalhubError):
    """A metric could not be built or run."""


class MetricInputError(MetricError):
    """The columns given to a metric do not fit."""


class ModelError(EvalhubError):
    """A language model, or its endpoint, could not do what was asked."""


class BudgetSpentError(ModelError):
    """The model was not asked, because what may be spent is spent."""


class EmptyAnswerError(ModelError):
    """The model answered with no text: cut off while it reasoned, filtered, or silent."""


class ModelUnavailableError(ModelError):
    """The model's endpoint gave no usable answer: refused, timed out, 5xx."""


class ModelBusyError(ModelUnavailableError):
    """The model's endpoint is up and asks for fewer requests (429)."""


class TrackerError(EvalhubError):
    """The experiment tracker could not do what was asked."""


class TrackerUnavailableError(TrackerError):
    """The tracker does not answer now: refused, timed out, 5xx."""
