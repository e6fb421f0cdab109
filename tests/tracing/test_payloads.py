"""Payloads: always JSON, never an exception, cut where they are too long."""

import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import sys
import types
import uuid
from collections import OrderedDict, deque, namedtuple
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.tracing.encode import decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
TEXT_WITH_SURROGATES = st.text(st.characters())
SMALL_INTEGERS = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | SMALL_INTEGERS | FINITE | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
SCALARS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    TEXT_WITH_SURROGATES,
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.dates(),
    st.uuids(),
)
KEYS = st.none() | TEXT_WITH_SURROGATES | st.tuples(st.integers())
ANY_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.frozensets(st.text()),
        st.dictionaries(KEYS, inner),
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_values_survive(value: Any) -> None:
    """What JSON can say comes back as it was."""
    assert json.loads(encode(value)) == value
    assert decode(encode(value)) == value


@given(ANY_VALUES, st.integers(1, 500))
@settings(max_examples=200)
def test_anything_becomes_json_within_the_limit(value: Any, limit: int) -> None:
    """Any value gives valid UTF-8 JSON of about the limit at most."""
    payload = encode(value, limit)
    json.loads(payload.decode("utf-8"))
    assert len(payload) <= limit + 150


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    tags: set[str]


class Model(pydantic.BaseModel):
    """A pydantic model with a secret."""

    a: int
    key: pydantic.SecretStr


Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, {"t"}), {"x": 1, "tags": ["t"]}),
        (Model(a=1, key=pydantic.SecretStr("hidden")), {"a": 1, "key": "**********"}),
        (Colour.RED, "red"),
        (Pair(1, 2), {"left": 1, "right": 2}),
        ((1, 2), [1, 2]),
        ({1: "a", None: "b", (2, 3): "c"}, {"1": "a", "None": "b", "(2, 3)": "c"}),
        (OrderedDict(a=1), {"a": 1}),
        (np.float64(0.5), 0.5),
        (np.array([[1, 2]]), [[1, 2]]),
        (decimal.Decimal("1.10"), "1.10"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (2**70, str(2**70)),
        ("\ud800x", "\\ud800x"),
        ([math.nan, math.inf], [None, None]),
        (b"\x00\xff", "<bytes, 2 long> b'\\x00\\xff'"),
        ([deque([1])], ["deque([1])"]),
    ],
)
def test_known_kinds(value: Any, expected: Any) -> None:
    """Common kinds are recorded as what they hold, inside containers too."""
    assert json.loads(encode(value)) == expected
    assert json.loads(encode({"deep": [value]})) == {"deep": [expected]}


def test_cycles_and_depth() -> None:
    """A structure that holds itself, or is very deep, is cut where it must be."""
    cycle: dict[str, Any] = {"a": 1}
    cycle["self"] = cycle
    deep: Any = 1
    for _ in range(sys.getrecursionlimit() * 3):
        deep = [deep]
    assert json.loads(encode(cycle)) == {"a": 1, "self": "<dict that holds itself>"}
    assert b"too deep" in encode(deep)


def test_hostile_objects() -> None:
    """Objects that raise from everything, mocks and modules give a short text."""

    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __repr__(self) -> str:
            raise RuntimeError("repr")

    class BrokenModel(pydantic.BaseModel):
        def model_dump(self, **kwargs: Any) -> Any:
            raise RuntimeError("dump")

    for value in (Hostile(), MagicMock(), types, BrokenModel(), 10**5000, np.zeros(10**6)):
        assert len(encode(value)) < 1_000
        assert json.loads(encode([value]))


def test_long_payload_says_how_much_was_cut() -> None:
    """A payload over the limit is a JSON object with its size and its start."""
    cut = json.loads(encode({"text": "é" * 10_000}, 1_000))
    assert cut["truncated"] == "kept the first 500 of 20011 bytes"
    assert cut["bytes"] == 20_011
    assert cut["start"].startswith('{"text":"é')
