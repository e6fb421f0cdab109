"""JSON validity, schemas and field matches."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import MetricError
from evalhub.metrics import load
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.structure.json_text import NotJsonError, read_json, same_json
from evalhub.model import ScoreState

FENCED = 'Here you are:\n\n```json\n{"a": 1}\n```\n'

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _score(
    name: str, outputs: list[str | None], *columns: list[str], **settings: object
) -> ScoreColumn:
    return load(name, **settings).score_batch(outputs, *columns)[name]


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"a": [1, 2.5e3, null, true, "x"]}', 1),
        (" 3\n", 1),
        ('"text"', 1),
        ("", 0),
        ("{'a': 1}", 0),
        ('{"a": 1,}', 0),
        ('{"a": NaN}', 0),
        ("[Infinity]", 0),
        ('{"a": 1} and more', 0),
        (FENCED, 0),
        ("[" * 100_000, 0),
        ("9" * 5000, 0),
    ],
)
def test_validity_is_strict(output: str, value: float) -> None:
    """RFC 8259 and nothing around it; what cannot be read says why."""
    column = _score("json_valid", [output])
    assert column.values.tolist() == [value]
    assert (column.score(0).explanation is None) is bool(value)


def test_fenced_json_counts_when_asked_for() -> None:
    """The first block that is JSON's or nobody's is read; without a block, the whole text."""
    python = "```python\n{'a': 1}\n```\n"
    outputs: list[str | None] = [FENCED, '{"a": 1}', "```\n[1]\n```", python, python + FENCED]
    assert _score("json_valid", outputs, fences=True).values.tolist() == [1, 1, 1, 0, 1]


@given(JSON)
def test_what_json_writes_is_valid_and_the_same(value: object) -> None:
    """Any value that goes through the standard library's writer comes back equal."""
    read = read_json(json.dumps(value))
    assert same_json(read, value)


@pytest.mark.parametrize(
    ("first", "second", "tolerance", "same"),
    [
        (1, 1.0, 0, True),
        (True, 1, 0, False),
        (None, False, 0, False),
        ("1", 1, 0, False),
        (1.0, 1.05, 0.1, True),
        (1.0, 1.2, 0.1, False),
        ({"a": 1, "b": [1, {"c": 2}]}, {"b": [1, {"c": 2.05}], "a": 1}, 0.1, True),
        ([1, 2], [2, 1], 0, False),
        ([1], [1, 1], 0, False),
        ({"a": 1}, {"a": 1, "b": None}, 0, False),
        (10**400, 10**400, 0, True),
    ],
)
def test_equality_is_that_of_json(
    first: object, second: object, tolerance: float, same: bool
) -> None:
    """Booleans are no numbers, the order of keys is free, and numbers have a tolerance."""
    assert same_json(first, second, tolerance=tolerance) is same
    assert same_json(second, first, tolerance=tolerance) is same


def test_schema_names_the_first_error() -> None:
    """The path and the reason are in the explanation."""
    outputs: list[str | None] = ['{"name": "Ada"}', '{"name": "Ada", "tags": ["x", 3]}', "[]", "{"]
    column = _score("json_schema", outputs, schema=PERSON)
    assert column.values.tolist() == [1, 0, 0, 0]
    assert column.score(1).explanation == "$.tags[1]: 3 is not of type 'string'"
    assert column.score(2).explanation == "$: [] is not of type 'object'"
    assert (column.score(3).explanation or "").startswith("no JSON: ")


def test_schema_may_lie_in_a_file(tmp_path: Path) -> None:
    """A path and the schema itself are one metric, with one signature."""
    file = tmp_path / "person.json"
    file.write_text(json.dumps(PERSON), encoding="utf-8")
    from_file, inline = load("json_schema", schema=str(file)), load("json_schema", schema=PERSON)
    assert from_file.signature == inline.signature
    other = load("json_schema", schema={**PERSON, "required": []})
    assert other.signature != inline.signature
    assert from_file.score_batch(["{}"])["json_schema"].values.tolist() == [0]


def test_schema_s_own_draft_holds() -> None:
    """In draft 4, unlike today, exclusiveMaximum is a switch."""
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "maximum": 3,
        "exclusiveMaximum": True,
    }
    assert _score("json_schema", ["3", "2"], schema=draft4).values.tolist() == [0, 1]
    with pytest.raises(MetricError, match="exclusiveMaximum"):
        load("json_schema", schema={"exclusiveMaximum": True})


def test_schema_fetches_nothing() -> None:
    """A reference to another schema is an error that names it, and no request."""
    metric = load("json_schema", schema={"$ref": "http://127.0.0.1:9/person.json"})
    with pytest.raises(MetricError, match=r"http://127\.0\.0\.1:9/person\.json.*not in it"):
        metric.score_batch(["{}"])


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("missing.json", r"cannot read the JSON schema 'missing\.json'"),
        ({"type": "objekt"}, r"no JSON schema: \$\.type: 'objekt'"),
        ([1], "a JSON schema is an object; the given one is list"),
    ],
)
def test_bad_schemas_are_refused(schema: object, message: str) -> None:
    """Before anything is scored, with the place."""
    with pytest.raises(MetricError, match=message):
        load("json_schema", schema=schema)


def test_match_is_the_share_of_fields() -> None:
    """Leaves are fields; what is wrong, missing or too much is named."""
    reference = '{"name": "Ada", "born": 1815, "works": ["notes", "letters"]}'
    outputs: list[str | None] = [
        reference,
        '{"name": "Ada", "born": 1816, "works": ["notes", "letters"]}',
        '{"name": "Ada", "born": 1815, "works": ["notes"]}',
        '{"name": "Ada", "born": 1815, "works": ["notes", "letters"], "died": 1852}',
        "[]",
        "Ada",
    ]
    column = _score("json_match", outputs, [reference] * 6)
    assert column.values.tolist() == pytest.approx([1, 3 / 4, 3 / 4, 4 / 5, 0, 0])
    assert column.score(1).explanation == "wrong: $.born"
    assert column.score(2).explanation == "wrong: $.works[1]"
    assert column.score(3).explanation == "wrong: $.died"
    assert (column.score(5).explanation or "").startswith("no JSON")


def test_match_settings() -> None:
    """Fields can be chosen, numbers have a tolerance, and extra fields can be allowed."""
    reference, output = '{"a": 1, "b": 2}', '{"a": 1.01, "b": 3, "c": 4}'
    assert _score("json_match", [output], [reference]).values[0] == 0
    assert _score("json_match", [output], [reference], tolerance=0.1).values[0] == pytest.approx(
        1 / 3
    )
    chosen = _score("json_match", [output], [reference], tolerance=0.1, extra="ignore")
    assert chosen.values[0] == 0.5
    chosen = _score("json_match", [output], [reference], tolerance=0.1, fields=("a",))
    assert chosen.values[0] == 1
    assert _score("json_match", [FENCED], ['{"a": 1}'], fences=True).values[0] == 1


def test_match_takes_the_closest_reference_and_tells_a_broken_one() -> None:
    """A reference that is no JSON is an error of its example, not a 0."""
    metric = load("json_match")
    column = metric.score_batch(["[1]", "[1]", None, "1"], [["[2]", "[1]"], "[1", "[1]", None])
    assert column["json_match"].values[0] == 1
    assert column["json_match"].states == (
        *(ScoreState.SCORED, ScoreState.ERRORED, ScoreState.ERRORED, ScoreState.SKIPPED),
    )
    assert "the reference is no JSON" in (column["json_match"].score(1).explanation or "")


def test_match_counts_empty_values_as_fields() -> None:
    """An empty list is not the same as none."""
    assert _score("json_match", ["{}", '{"a": []}'], ["{}", '{"a": {}}']).values.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"tolerance": -1}, "tolerance is -1"),
        ({"extra": "some"}, "'some'"),
        ({"fields": "name"}, "'name'; give a list"),
    ],
)
def test_bad_match_settings_are_refused(setting: dict[str, object], message: str) -> None:
    """The message has the value."""
    with pytest.raises(MetricError, match=message):
        load("json_match", **setting)


def test_unreadable_text_says_so() -> None:
    """The reason is one line, whatever the text."""
    with pytest.raises(NotJsonError, match="the text is empty"):
        read_json(" \n")
    with pytest.raises(NotJsonError, match="nested too deeply"):
        read_json("[" * 100_000)


@pytest.mark.parametrize(
    ("output", "reference"),
    [
        ('{"a.b": 1}', '{"a": {"b": 1}}'),
        ('{"a[0]": 1}', '{"a": [1]}'),
        ('{"0": 1}', "[1]"),
        ('{"": 1}', "1"),
    ],
)
def test_a_key_is_no_path(output: str, reference: str) -> None:
    """Two shapes whose fields would be written alike are not equal."""
    score = _score("json_match", [output], [reference])
    assert score.values.tolist() == [0]
    assert "$" in (score.score(0).explanation or "")


def test_a_field_that_the_reference_lacks_is_an_error() -> None:
    """Nothing would be compared, which is no match: the name may be misspelt."""
    column = _score("json_match", ['{"a": 1}'] * 2, ['{"b": 2}', "[1]"], fields=("aa",))
    assert column.states == (ScoreState.ERRORED, ScoreState.ERRORED)
    assert column.score(0).explanation == "the reference has no field aa: {'b': 2}"


def test_numbers_beyond_all_floats_are_compared() -> None:
    """JSON has no largest integer."""
    huge = "1" + "0" * 400
    column = _score("json_match", [huge, huge], [huge, "1.5"], tolerance=0.1)
    assert column.values.tolist() == [1, 0]


def test_deep_values_are_compared_and_not_checked() -> None:
    """What is nested deeper than Python calls is compared by a loop; a schema cannot be."""
    deep = "[" * 700 + "]" * 700
    assert _score("json_match", [deep], [deep]).values.tolist() == [1]
    schema = {
        "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
        "$ref": "#/$defs/a",
    }
    column = _score("json_schema", ["[]", deep], schema=schema)
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED)
    assert "too deeply" in (column.score(1).explanation or "")


def test_schemas_go_to_other_processes() -> None:
    """As engines with workers send them."""
    metric = load("json_schema", schema={"type": "array"})
    again = pickle.loads(pickle.dumps(metric))
    assert again.signature == metric.signature
    assert again.score_batch(["[]", "{}"])["json_schema"].values.tolist() == [1, 0]
