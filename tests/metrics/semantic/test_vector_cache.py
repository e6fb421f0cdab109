"""The cache of vectors on disk: exact, bounded, shared, and never a reason to fail."""

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.metrics.semantic.vector_cache import VectorCache

Arrays = dict[bytes, NDArray[np.float32]]


def _arrays(count: int, *, seed: int = 0, tokens: int = 30) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        f"{seed}/{i}".encode(): rng.standard_normal((tokens, 64)).astype(np.float32)
        for i in range(count)
    }


def _assert_equal(found: Mapping[bytes, NDArray[np.float32]], expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)


def _set_used(path: Path, key: bytes, seconds_ago: int) -> None:
    with sqlite3.connect(path) as connection:
        then = int(time.time()) - seconds_ago
        connection.execute("UPDATE entry SET used = ? WHERE key = ?", (then, key))
    connection.close()


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """Bit by bit, more arrays than one statement asks for; what is not there is left out."""
    cache, arrays = VectorCache(tmp_path / "deep" / "v.sqlite"), _arrays(450, tokens=3)
    assert cache.read(list(arrays)) == {}
    cache.write(arrays)
    _assert_equal(cache.read([*arrays, b"absent"]), arrays)
    assert cache.read([]) == {}


def test_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    """The log of SQLite is folded in when the last one closes."""
    VectorCache(tmp_path / "v.sqlite").write(_arrays(3))
    assert [path.name for path in tmp_path.glob("v.*")] == ["v.sqlite"]


def test_a_key_keeps_its_first_array(tmp_path: Path) -> None:
    """Two that computed the same text at once do not write it twice."""
    cache, arrays = VectorCache(tmp_path / "v.sqlite"), _arrays(2)
    cache.write(arrays)
    size = cache.path.stat().st_size
    cache.write(arrays)
    _assert_equal(cache.read(list(arrays)), arrays)
    assert cache.path.stat().st_size == size


def test_size_is_bounded_and_the_longest_unused_goes_first(tmp_path: Path) -> None:
    """However much is written; what was read lately stays."""
    cache = VectorCache(tmp_path / "v.sqlite", max_bytes=1 << 20)
    first = _arrays(20, seed=1)
    cache.write(first)
    for key in first:
        _set_used(cache.path, key, 10_000)
    kept = next(iter(first))
    cache.read([kept])
    for seed in range(2, 12):
        cache.write(_arrays(20, seed=seed))
        assert cache.path.stat().st_size <= 1 << 20
        _set_used(cache.path, kept, -seed)
    found = cache.read([*first, *_arrays(20, seed=11)])
    assert set(found) == {kept, *_arrays(20, seed=11)}


def test_more_than_fits_at_once_is_kept_in_part(tmp_path: Path) -> None:
    """One write larger than the bound fills it, and no more."""
    cache, arrays = VectorCache(tmp_path / "v.sqlite", max_bytes=1 << 20), _arrays(200)
    cache.write(arrays)
    found = cache.read(list(arrays))
    assert 20 < len(found) < 100
    assert cache.path.stat().st_size <= 1 << 20


def test_use_is_noted(tmp_path: Path) -> None:
    """A read counts as use, once an hour."""
    cache = VectorCache(tmp_path / "v.sqlite")
    cache.write(_arrays(2))
    _set_used(cache.path, b"0/0", 7_200)
    _set_used(cache.path, b"0/1", 1_800)
    cache.read([b"0/0", b"0/1"])
    with sqlite3.connect(cache.path) as connection:
        ages = [int(time.time()) - used for (used,) in connection.execute("SELECT used FROM entry")]
    connection.close()
    assert ages[0] < 60
    assert ages[1] >= 1_800


@pytest.mark.parametrize("where", ["header", "pages", "vectors", "end"])
def test_damaged_file_is_dropped_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """Whatever is damaged: no wrong vector, no failure, and the next write starts anew."""
    cache, arrays = VectorCache(tmp_path / "v.sqlite"), _arrays(40)
    cache.write(arrays)
    _damage(cache.path, arrays, where)
    found = cache.read(list(arrays))
    assert all((found[key] == arrays[key]).all() for key in found)
    assert len(found) < len(arrays)
    cache.write(arrays)
    _assert_equal(cache.read(list(arrays)), arrays)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "v.sqlite is damaged" in record.message


def _damage(path: Path, arrays: Arrays, where: str) -> None:
    content = bytearray(path.read_bytes())
    if where == "header":
        content[:100] = b"x" * 100
    elif where == "pages":
        content[16_384:] = b"\xff" * (len(content) - 16_384)
    elif where == "vectors":
        content[content.index(arrays[b"0/7"].tobytes()[:64]) + 5] ^= 1
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)


def test_file_of_someone_else_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A path given by mistake costs its owner nothing; it is told once."""
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    before = path.read_bytes()
    cache = VectorCache(path)
    cache.write(_arrays(2))
    assert cache.read([b"0/0"]) == {}
    assert path.read_bytes() == before
    assert [r.message for r in caplog.records] == [
        f"the cache of vectors {path} is a database of something else; give another path as cache"
    ]


def test_document_given_as_cache_is_set_aside(tmp_path: Path) -> None:
    """It is renamed and not removed."""
    path = tmp_path / "notes.txt"
    path.write_text("my notes " * 100)
    VectorCache(path).write(_arrays(1))
    assert (tmp_path / "notes.txt.damaged").read_text() == "my notes " * 100


def test_place_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder below a file: told once, and nothing fails."""
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / "v.sqlite")
    cache.write(_arrays(1))
    cache.write(_arrays(1))
    assert cache.read([b"0/0"]) == {}
    assert len(caplog.records) == 1
    assert "texts are encoded anew" in caplog.text


_PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from evalhub.metrics.semantic.vector_cache import VectorCache

cache, begin, limit = VectorCache(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for number in range(begin, begin + 5):
    cache.write({b"%d/%d" % (number, i): np.full((30, 64), number + i, "f4") for i in range(10)})
"""


def _start(path: Path, begin: int, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, str(path), str(begin), str(limit)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_processes_share_a_file(tmp_path: Path) -> None:
    """Four begin at once, with no file there, and lose nothing."""
    path = tmp_path / "v.sqlite"
    for worker in [_start(path, 5 * number) for number in range(4)]:
        _, said = worker.communicate()
        assert (said, worker.returncode) == ("", 0)
    expected = {
        f"{number}/{i}".encode(): np.full((30, 64), number + i, np.float32)
        for number in range(20)
        for i in range(10)
    }
    _assert_equal(VectorCache(path).read(list(expected)), expected)


def test_disk_that_takes_no_more_is_done_without(tmp_path: Path) -> None:
    """The system refuses to let files grow: told once, and what was kept is sound."""
    path = tmp_path / "v.sqlite"
    worker = _start(path, 0, limit=200_000)
    _, said = worker.communicate()
    assert worker.returncode == 0
    assert said.count("texts are encoded anew") == 1
    found = VectorCache(path).read([f"{n}/{i}".encode() for n in range(5) for i in range(10)])
    assert 0 < len(found) < 50
    assert all((array == array[0, 0]).all() for array in found.values())


_FORKING = """
import os, signal, sys, threading
from pathlib import Path
import numpy as np
from evalhub.metrics.semantic.vector_cache import VectorCache

cache, ended = VectorCache(Path(sys.argv[1])), threading.Event()

def use():
    number = 0
    while not ended.is_set():
        number += 1
        cache.write({b"%d" % number: np.ones((5, 8), np.float32)})
        cache.read([b"%d" % number])

threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(20):
    child = os.fork()
    if not child:
        signal.alarm(20)  # a child that waits for ever is killed by it
        cache.read([b"1"])
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print("hangs")
        break
ended.set()
for thread in threads:
    thread.join()
"""


def test_forked_process_does_not_wait_for_the_parents_threads(tmp_path: Path) -> None:
    """Nobody in the child would release a lock of SQLite's that another thread held."""
    command = [sys.executable, "-W", "ignore", "-c", _FORKING, str(tmp_path / "v.sqlite")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)
