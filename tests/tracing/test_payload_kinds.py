"""Payloads of hostile, lazy, large and changing values: recorded shortly, and left alone."""

import collections
import dataclasses
import datetime
import gc
import json
import pathlib
import subprocess
import sys
import threading
import types
import weakref
from typing import Any
from unittest.mock import MagicMock, Mock

import numpy as np
import pandas as pd
import pydantic
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import v1

from evalhub.tracing.encode import decode, encode

SETTINGS = ["__repr__", "__str__", "__len__", "__iter__", "__eq__", "__hash__", "__bool__"]
RAISING = [*SETTINGS, "__getattr__", "__getattribute__", "__class__", "__dict__", "model_dump"]


def hostile(names: list[str], base: type = object) -> Any:
    """Return an object whose methods *names* raise."""

    def refuse(self: object, *args: object, **kwargs: object) -> Any:
        raise RuntimeError("hostile")

    body: dict[str, Any] = {
        name: property(refuse) if name in ("__class__", "__dict__") else refuse for name in names
    }
    return type("Hostile", (base,), body)()


@given(
    st.lists(st.sampled_from(RAISING), unique=True),
    st.sampled_from([object, dict, list, str, set, Exception, collections.deque]),
)
def test_objects_that_raise_become_a_short_text(names: list[str], base: type) -> None:
    """Whatever an object refuses, the payload is JSON and what lies beside it is kept."""
    payload = decode(encode({"beside": 1, "it": hostile(names, base)}))
    assert payload["beside"] == 1
    assert len(json.dumps(payload)) < 1_000


class OldModel(v1.BaseModel):
    """A model of pydantic 1."""

    a: int
    key: v1.SecretStr


class AnyModel(pydantic.BaseModel):
    """A model whose field pydantic cannot turn into JSON."""

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    lock: Any
    a: int = 1


class Text(str):
    """A string with another repr."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("not now")


@dataclasses.dataclass
class Node:
    """A dataclass that may hold itself."""

    name: str
    next: Any = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OldModel(a=1, key=v1.SecretStr("x")), {"a": 1, "key": "SecretStr('**********')"}),
        (pydantic.SecretStr("hidden"), "SecretStr('**********')"),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (Text("text"), "text"),
        ({Text("key"): 1}, {"key": 1}),
        (
            {b"k": 1, 1.5: 2, True: 3, frozenset(): 4},
            {"b'k'": 1, "1.5": 2, "True": 3, "frozenset()": 4},
        ),
        (Node("a", Node("b")), {"name": "a", "next": {"name": "b", "next": None}}),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"),
        (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
        (pd.DataFrame({"a": [1, 2]}), "<pandas.DataFrame shape=(2, 1)>"),
        (torch.tensor([[1.0, 2.0]], requires_grad=True), [[1.0, 2.0]]),
        (torch.zeros(2000), "<torch.Tensor shape=(2000,) dtype=torch.float32 device=cpu>"),
        (
            torch.empty(3, device="meta"),
            "<torch.Tensor shape=(3,) dtype=torch.float32 device=meta>",
        ),
        (torch.nn.Linear(2, 2), "<torch.Linear>"),
        (torch.float32, "torch.float32"),
        (np.array([{"a": {1}}], dtype=object), [{"a": [1]}]),
        (np.array(["2026-01-02"], dtype="datetime64[D]"), ["2026-01-02"]),
        (np.int64(2**40), 2**40),
        (np.zeros(3, dtype=[("x", "f4")]), [[0.0], [0.0], [0.0]]),
        (1 + 2j, "(1+2j)"),
        (range(3), "range(0, 3)"),
        (print, "<built-in function print>"),
        (float, "<class 'float'>"),
        (ValueError("x"), "ValueError('x')"),
        (10**400, "1" + "0" * 400),
        ([-(10**5_000)], ["<int of about 4983 digits>"]),
    ],
)
def test_more_kinds(value: Any, expected: Any) -> None:
    """Records and arrays of common libraries are recorded as what they hold, or described."""
    assert json.loads(encode({"deep": [value]})) == {"deep": [expected]}


def test_fields_without_json_do_not_hide_the_others() -> None:
    """A model with a field of any kind keeps its other fields."""
    recorded = decode(encode(AnyModel(lock=threading.Lock())))
    assert recorded["a"] == 1
    assert "lock" in recorded["lock"]


@pytest.mark.parametrize(
    "value",
    [
        threading.Lock(),
        Mock(),
        MagicMock(),
        MagicMock(spec=dict),
        sys,
        object(),
        iter([1]),
        memoryview(b"x" * 1_000),
        weakref.WeakValueDictionary(),
        sys.stdout,
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_short(value: Any) -> None:
    """Locks, mocks, modules, files and views become one short text."""
    (recorded,) = decode(encode([value]))
    assert isinstance(recorded, str)
    assert len(recorded) < 500


def test_iterators_are_not_consumed(tmp_path: pathlib.Path) -> None:
    """Generators, maps, files and async generators are as they were."""

    async def count() -> Any:
        yield 1

    (tmp_path / "f").write_text("one\ntwo")
    with (tmp_path / "f").open() as file:
        numbers, doubled, later = (n for n in range(3)), map(str, [1, 2]), count()
        payload = encode({"a": numbers, "b": [doubled], "c": file, "d": later})
        assert list(numbers) == [0, 1, 2]
        assert list(doubled) == ["1", "2"]
        assert file.read() == "one\ntwo"
    assert b"<generator object" in payload


def test_no_reference_is_kept() -> None:
    """What was encoded can be freed at once."""
    value = Node("x", threading.Thread())
    gone = weakref.ref(value)
    encode({"value": [value]})
    encode({"value": hostile(["__repr__"])})
    del value
    gc.collect()
    assert gone() is None


def test_mutable_values_are_recorded_as_they_were() -> None:
    """A payload does not change with the list it was made of."""
    value = [1, {"a": {2}}]
    payload = encode(value)
    value.append(3)
    assert decode(payload) == [1, {"a": [2]}]


def test_structures_shared_but_without_a_cycle_are_recorded_twice() -> None:
    """Only what holds itself is cut."""
    shared = {"x": {1}}
    node = Node("n")
    node.next = node
    assert decode(encode([shared, shared, node])) == [
        {"x": [1]},
        {"x": [1]},
        {"name": "n", "next": "<Node that holds itself>"},
    ]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"text": "x" * 9_000_000}, 9_000_011),
        ({"text": "é" * 4_000_000}, 8_000_011),
        ({"text": "x" * 9_000_000, "path": pathlib.Path("/")}, 9_000_022),
        ([["x" * 3_000_000] * 3], 9_000_012),
    ],
    ids=["ascii", "two bytes", "with an object", "nested"],
)
def test_enormous_text_says_how_long_it_was(value: Any, size: int) -> None:
    """What is left out is not encoded, and still counted to the byte."""
    recorded = decode(encode(value, 1_000))
    assert recorded["bytes"] == size
    assert len(recorded["start"]) <= 500


def test_enormous_lists_are_not_walked() -> None:
    """A list of millions of values costs what its start costs."""

    class Counting:
        seen = 0

        def __repr__(self) -> str:
            Counting.seen += 1
            return "o"

    values = [Counting()] * 2_000_000
    assert decode(encode({"values": values}, 1_000))["bytes"] > 2_000_000
    assert Counting.seen <= 200_000


def test_long_reprs_keep_their_start_only() -> None:
    """The end of a long text without its start could not be recognised as half a secret."""
    value = type("Long", (), {"__repr__": lambda self: "begin" + "x" * 1_000 + "end"})()
    for recorded in (decode(encode([value]))[0], decode(encode({("x" * 1_000 + "end",): 1}))):
        assert "end" not in str(recorded)


CHURN = """
import sys, threading, time
from evalhub.tracing.encode import encode

sys.setswitchinterval(1e-6)

class Slow:
    def __repr__(self):
        for _ in range(50):
            pass
        return "slow"

values = [Slow() if n % 3 else [str(n)] for n in range(300)]
fields = {str(n): Slow() if n % 3 else [str(n)] for n in range(300)}

def churn():
    while True:
        values.clear()
        fields.clear()
        values.extend([Slow(), [str(time.time())]] * 150)
        fields.update((str(n), [str(time.time())]) for n in range(200))

threading.Thread(target=churn, daemon=True).start()
until = time.monotonic() + 2
while time.monotonic() < until:
    encode({"values": values, "fields": fields})
print("survived")
sys.stdout.flush()
import os
os._exit(0)
"""


def test_values_that_change_meanwhile_do_no_harm() -> None:
    """Another thread may empty a list while it is encoded: no crash, no error.

    Given a ``default`` function, orjson reads freed memory here: the process dies.
    """
    run = subprocess.run([sys.executable, "-c", CHURN], capture_output=True, text=True, check=False)
    assert (run.stdout, run.returncode) == ("survived\n", 0), run.stderr[-500:]
