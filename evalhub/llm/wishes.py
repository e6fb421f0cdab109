"""Settings that an endpoint may refuse, and that are then left out."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["RefusedSettingError", "Wishes"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class RefusedSettingError(Exception):
    """The endpoint does not take one setting of a request; *said* is how it put that."""

    def __init__(self, setting: str, said: str) -> None:
        super().__init__(f"{setting} is refused: {said}")
        self.setting = setting


class Wishes:
    """Knows which settings one model refused; threads may share it.

    Args:
        model: Whom the log names.
        words: Settings that may be refused, and how refusals name them.
    """

    def __init__(self, model: str, words: Mapping[str, tuple[str, ...]]) -> None:
        self._model = model
        self._words = words
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def send(self, settings: Mapping[str, Any], request: Callable[[dict[str, Any]], _T]) -> _T:
        """Return *request* of the settings, made again without each that it is refused."""
        while True:
            sent = {key: value for key, value in settings.items() if key not in self._refused}
            try:
                return request(sent)
            except RefusedSettingError as refusal:
                self._give_up(refusal.setting)

    def refused_of(self, settings: Iterable[str]) -> tuple[str, ...]:
        """Return those of *settings* that are left out, in alphabetical order."""
        return tuple(sorted(self._refused.intersection(settings)))

    def named_in(self, message: str, sent: Mapping[str, Any]) -> str | None:
        """Return the setting of those *sent* that a refusal's *message* names."""
        named = (
            setting
            for setting, words in self._words.items()
            if setting in sent and any(word in message for word in words)
        )
        return next(named, None)

    def _give_up(self, setting: str) -> None:
        with self._lock:
            if setting not in self._refused:
                self._refused.add(setting)
                _log.warning("%s refuses %s; asking without it", self._model, setting)
