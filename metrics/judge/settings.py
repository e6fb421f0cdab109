"""Settings that all judges share, and the asker that they make."""

from dataclasses import dataclass, field
from pathlib import Path

from evalhub.config import load_settings
from evalhub.errors import MetricError
from evalhub.llm.client import ChatClient
from evalhub.llm.local import lasting_address
from evalhub.metrics.judge.answer_cache import CachedSource
from evalhub.metrics.judge.asking import AnswerSource, Asker, ModelSource
from evalhub.metrics.judge.breaker import Breaker
from evalhub.metrics.judge.recording import Recorder, Recording

__all__ = ["JudgeSettings", "open_asker"]


@dataclass(frozen=True)
class JudgeSettings:
    """Whom a judge asks, and how; judges are subclasses that add what they ask.

    Args:
        client: The model to ask; None where *replay* answers.
        concurrency: Requests under way at once.
        seed: For endpoints that take one.
        cache: Whether answers are kept in evalhub's home, and taken from there.
        replay: A recording that answers in place of the model.
        record: A file to which the answers are written, for *replay*.
    """

    client: ChatClient | None = None
    concurrency: int = field(default=4, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    cache: bool = field(default=False, kw_only=True)
    replay: str | None = field(default=None, kw_only=True)
    record: str | None = field(default=None, kw_only=True)
    _asker: Asker = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asker = open_asker(
            self.client,
            concurrency=self.concurrency,
            cache=self.cache,
            replay=self.replay,
            record=self.record,
        )
        object.__setattr__(self, "_asker", asker)


def open_asker(
    client: ChatClient | None,
    *,
    concurrency: int = 4,
    cache: bool = False,
    replay: str | Path | None = None,
    record: str | Path | None = None,
) -> Asker:
    """Return what asks *client*, or reads the recording *replay* in its place.

    Raises:
        MetricError: the settings do not go together.
        ConfigError: the recording cannot be read.
    """
    if type(concurrency) is not int or concurrency < 1:
        raise MetricError(f"concurrency is {concurrency!r}; give a whole number, 1 or more")
    source = _replayed(replay, cache, record) if replay else _asked(client, cache)
    return Asker(Recorder(source, record) if record else source, concurrency=concurrency)


def _replayed(replay: str | Path, cache: bool, record: str | Path | None) -> AnswerSource:
    if cache or record:
        other = "cache" if cache else "record"
        raise MetricError(f"'replay' is {str(replay)!r}; leave {other!r} out, nothing is asked")
    return Recording(replay)


def _asked(client: ChatClient | None, cache: bool) -> AnswerSource:
    if client is None:
        raise MetricError("a judge needs a model; give 'client', or 'replay' with a recording")
    source = Breaker(ModelSource(client))
    if not cache:
        return source
    path = load_settings().home / "cache" / "answers.db"
    address = lasting_address(str(getattr(client, "base_url", "")))
    return CachedSource(source, path, address=address)
