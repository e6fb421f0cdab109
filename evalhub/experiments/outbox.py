"""Runs that a tracker did not take: kept in a folder, and sent later, each once."""

import contextlib
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalhub.config import load_settings
from evalhub.errors import TrackerError, TrackerUnavailableError
from evalhub.experiments.base import RunInfo, Tracker
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.tags import ATTEMPT_TAG, LOCAL_TAG
from evalhub.tracing.lockfile import LockFile

__all__ = ["Outbox", "Sent", "default_outbox", "unsent_note"]

_PREFIX = "unsent-"
_SENT = "sent.json"
_LATER = "later"


@dataclass(frozen=True, slots=True)
class Sent:
    """A run that went from the folder to the tracker."""

    local_id: str
    run_id: str
    suite: str
    target: str


class Outbox:
    """Runs, tags and files that a tracker has yet to get, in one folder."""

    def __init__(self, root: Path) -> None:
        """Use the folder *root*, which need not be there yet."""
        self.root = root
        self.runs = FolderTracker(root, prefix=_PREFIX)

    def waiting(self) -> list[RunInfo]:
        """Return the runs that were not sent, oldest first."""
        return self.runs.list_runs(limit=10**9)[::-1]

    def late_additions(self) -> list[str]:
        """Return the ids of runs of the tracker for which tags or files wait."""
        return sorted({path.name.partition(".")[0] for path in self._later()})

    def keep_addition(
        self, run_id: str, tags: Mapping[str, str], files: Sequence[Path] = ()
    ) -> None:
        """Keep *tags* and *files* for a run that the tracker has already.

        Raises:
            TrackerError: the folder cannot be written.
        """
        with _explained(self.root):
            (self.root / _LATER).mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=".", dir=self.root / _LATER))
            (folder / "tags.json").write_text(json.dumps(dict(tags)), encoding="utf-8")
            (folder / "files").mkdir()
            for file in files:
                shutil.copyfile(file, folder / "files" / file.name)
            # In the order in which they came: the last of two verdicts is the one that counts.
            order = f"{time.time_ns():020d}.{uuid.uuid4().hex}"
            folder.rename(self.root / _LATER / f"{run_id}.{order}")

    def sent_as(self, local_id: str) -> str | None:
        """Return the id that a run has in the tracker, or None when it was not sent."""
        return self._sent().get(local_id)

    def send(self, tracker: Tracker) -> Iterator[Sent]:
        """Send everything to *tracker*, and give each run once it is there.

        Each is sent once, also when this is killed in the middle and done again. What is damaged,
        or what *tracker* refuses, stays, and keeps nothing behind it from being sent.

        Raises:
            TrackerUnavailableError: *tracker* does not answer; the rest was not tried.
            TrackerError: something stays, and is named; or another process sends as well.
        """
        refused: dict[Path, str] = {
            self.root / run_id: reason for run_id, reason in self.runs.damaged().items()
        }
        with self._alone():
            for run in self.waiting():
                try:
                    run_id = self._send(run, tracker)
                except TrackerUnavailableError:
                    raise
                except TrackerError as error:
                    refused[self.root / run.run_id] = str(error)
                else:
                    yield Sent(run.run_id, run_id, run.suite, run.target)
            refused |= self._send_additions(tracker)
        if refused:
            told = "; ".join(f"{path} stays: {reason}" for path, reason in refused.items())
            raise TrackerError(f"{told}. Delete a folder to give up what is in it")

    def _send_additions(self, tracker: Tracker) -> dict[Path, str]:
        """Send tags and files of runs that were sent before; return what stays, and why."""
        refused: dict[Path, str] = {}
        for folder in sorted(self._later()):
            run_id = folder.name.partition(".")[0]
            try:
                tags = _tags_in(folder)
                tracker.attach(run_id, sorted((folder / "files").iterdir()))
                tracker.tag(run_id, tags)
            except TrackerUnavailableError:
                raise
            except TrackerError as error:
                refused[folder] = str(error)
            else:
                shutil.rmtree(folder)
        return refused

    def _send(self, run: RunInfo, tracker: Tracker) -> str:
        # A kill between what follows left it there already, and here as well; so did a
        # tracker that took it whose answer was lost.
        run_id = tracker.find(run.suite, LOCAL_TAG, run.run_id)
        if run_id is None and ATTEMPT_TAG in run.tags:
            run_id = tracker.find(run.suite, ATTEMPT_TAG, run.tags[ATTEMPT_TAG])
        files = _stamps(self.runs.artifacts(run.run_id))
        if run_id is None:
            run_id = tracker.log(
                self.runs.load(run.run_id),
                artifacts=list(files),
                tags={**run.tags, LOCAL_TAG: run.run_id},
            )
        self._note_sent(run.run_id, run_id)
        self._keep_what_came_since(run, files, run_id)
        return run_id

    def _keep_what_came_since(
        self, run: RunInfo, sent: Mapping[Path, tuple[int, int]], run_id: str
    ) -> None:
        """Delete the run that was sent; keep the tags and files that it got meanwhile.

        Sending takes seconds, and the evaluation that made the run may still be deciding.
        """
        with self.runs.taken_out(run.run_id) as left:
            tags = {
                name: value for name, value in left.info.tags.items() if run.tags.get(name) != value
            }
            known = {path.name: stamp for path, stamp in sent.items()}
            files = [
                path
                for path, stamp in _stamps(left.artifacts).items()
                if known.get(path.name) != stamp
            ]
            if tags or files:
                self.keep_addition(run_id, tags, files)

    def _later(self) -> list[Path]:
        folder = self.root / _LATER
        found = folder.iterdir() if folder.is_dir() else ()
        return [path for path in found if not path.name.startswith(".")]

    def _sent(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads((self.root / _SENT).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}  # the tracker knows by a tag of the run what it was called here
        return found

    def _note_sent(self, local_id: str, run_id: str) -> None:
        with _explained(self.root):
            whole = self.root / f".{_SENT}.{uuid.uuid4().hex}"
            whole.write_text(json.dumps({**self._sent(), local_id: run_id}), encoding="utf-8")
            whole.replace(self.root / _SENT)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.root.is_dir():
            yield
            return
        lock = LockFile.take(self.root / ".lock")
        if lock is None:
            raise TrackerError(f"another process sends the runs in {self.root}; wait for it")
        try:
            yield
        finally:
            lock.release()


def default_outbox() -> Outbox:
    """Return where runs wait that MLflow did not take."""
    return Outbox(load_settings().home / "unsent")


def unsent_note(run_ids: Iterable[str | None]) -> str | None:
    """Return what a report must say where runs with these ids were not sent; else None."""
    unsent = [run_id for run_id in run_ids if (run_id or "").startswith(_PREFIX)]
    if not unsent:
        return None
    return (
        f"The tracker did not take {', '.join(map(str, unsent))}; they are kept on the machine "
        "that ran them. Send them there with: evalhub eval sync"
    )


def _stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Return the files with what changes when one is written again."""
    found = {path: path.stat() for path in paths}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found.items()}


def _tags_in(folder: Path) -> dict[str, str]:
    try:
        tags: dict[str, str] = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrackerError(f"its tags cannot be read: {error}") from error
    return tags


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrackerError(f"the runs in {root} cannot be written: {error}") from error
