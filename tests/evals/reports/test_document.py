"""The JSON form of a report."""

import json
from dataclasses import replace

import jsonschema
import pytest

from evalhub.errors import ConfigError
from evalhub.evals.reports.document import as_json, read_report, report_schema, write_json
from evalhub.evals.reports.report import VERSION, Report


def test_it_gives_the_report_back(report: Report) -> None:
    """Nothing is lost, so every other form can be made from it."""
    assert read_report(write_json(report)) == report


def test_it_follows_its_schema(report: Report) -> None:
    """The schema is one of draft 2020-12, and strict JSON is written: no NaN, no Infinity."""
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    text = write_json(report)
    document = json.loads(text, parse_constant=pytest.fail)
    jsonschema.validate(document, schema)
    assert document == as_json(report)
    assert document["experiments"][0]["metrics"]["latency_ms"]["bounds"] == [0.0, None]
    broken = {**document, "gates": [{}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_what_is_no_report_is_refused(report: Report) -> None:
    """The message says where it goes wrong; a newer version asks for an upgrade."""
    with pytest.raises(ConfigError, match="not a report of evalhub: suite"):
        read_report('{"verdict": null}')
    with pytest.raises(ConfigError, match=f"version {VERSION + 1}.*upgrade"):
        read_report(write_json(replace(report, version=VERSION + 1)))
    with pytest.raises(ConfigError, match=f"version {VERSION + 1}.*upgrade"):
        read_report(f'{{"version": {VERSION + 1}, "renamed": 1}}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("garbage", "not JSON: Expecting value"),
        (b"\xff\xfe\xfd", "not JSON: "),
        ("[]", "it starts with '\\[\\]', not {"),
    ],
)
def test_what_is_no_json_is_named(text: str | bytes, message: str) -> None:
    """One line, with what was found in place of a report."""
    with pytest.raises(ConfigError, match=f"not a report of evalhub: {message}"):
        read_report(text)
