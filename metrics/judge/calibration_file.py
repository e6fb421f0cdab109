"""Calibrations on disk: written with the judge they are of, read back, and past their date.

A calibration speaks for one judge: another model, prompt, scale or parser is another judge.
And it ages: providers change models behind the same name, and users change what they ask.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from evalhub.errors import ConfigError
from evalhub.metrics.judge.calibration_record import Calibration

__all__ = [
    "SavedCalibration",
    "Validity",
    "calibration_json",
    "check_calibration",
    "load_calibration",
    "save_calibration",
    "unlike_parts",
]

_DEFAULT_AGE_DAYS = 90


@dataclass(frozen=True, slots=True)
class SavedCalibration:
    """A calibration, the judge it is of, and its date."""

    calibration: Calibration
    signature: str | None
    """The judge's; None where the verdicts were made elsewhere and nobody said by whom."""
    made_at: datetime
    max_age_days: int = _DEFAULT_AGE_DAYS
    format: Literal[1] = 1

    @property
    def model(self) -> str | None:
        """The model that judged, out of the signature."""
        return None if self.signature is None else _parts(self.signature).get("judge")

    @property
    def prompt(self) -> str | None:
        """The prompt's name and hash, out of the signature."""
        return None if self.signature is None else _parts(self.signature).get("prompt")


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether a calibration still speaks for a judge, and if not, why."""

    valid: bool
    reasons: tuple[str, ...] = ()


def check_calibration(
    saved: SavedCalibration, signature: str, *, now: datetime | None = None
) -> Validity:
    """Say whether *saved* holds for the judge with this *signature* today (or *now*)."""
    reasons = []
    if saved.signature is None:
        reasons.append("it does not say which judge it is of; calibrate with the judge's signature")
    elif saved.signature != signature:
        reasons.append(f"the judge is another one: {unlike_parts(saved.signature, signature)}")
    age = (now or datetime.now(UTC)) - saved.made_at
    if age > timedelta(days=saved.max_age_days):
        reasons.append(f"it is {age.days} days old, and was to hold for {saved.max_age_days}")
    return Validity(not reasons, tuple(reasons))


def save_calibration(path: str | Path, saved: SavedCalibration) -> None:
    """Write *saved* as JSON to *path*.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        plain = orjson.dumps(calibration_json(saved), option=orjson.OPT_INDENT_2)
        Path(path).write_bytes(plain + b"\n")
    except OSError as error:
        raise ConfigError(f"cannot write the calibration {path}: {error.strerror}") from error


def load_calibration(path: str | Path) -> SavedCalibration:
    """Return the calibration in the file *path*.

    Raises:
        ConfigError: the file cannot be read, or is none.
    """
    try:
        return _ADAPTER.validate_json(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the calibration {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise ConfigError(
            f"{path} is no calibration: {place}: {first['msg']}; make one with "
            "evalhub judge calibrate --save"
        ) from None


def calibration_json(saved: SavedCalibration) -> dict[str, Any]:
    """Return *saved* as plain JSON values, as the file has them, with model and prompt."""
    plain: dict[str, Any] = _ADAPTER.dump_python(saved, mode="json")
    return {**plain, "model": saved.model, "prompt": saved.prompt}


def unlike_parts(before: str, now: str) -> str:
    """Return the parts in which two signatures differ, as one line."""
    old, new = _parts(before), _parts(now)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(f"{name} was {old.get(name)} and is {new.get(name)}" for name in names)


def _parts(signature: str) -> dict[str, str]:
    name, *parts = signature.split("|")
    pairs = (part.partition(":") for part in parts)
    return {"metric": name, **{key: value for key, _, value in pairs}}


_ADAPTER = TypeAdapter(SavedCalibration)
