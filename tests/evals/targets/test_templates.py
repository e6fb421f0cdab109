"""Texts and trees in which inputs are filled in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import ConfigError
from evalhub.evals.targets.templates import Template
from evalhub.evals.targets.tree import TreeTemplate


def test_jinja_loops_filters_and_conditions_work() -> None:
    """A Jinja template is a Jinja template."""
    text = "{% for d in docs %}[{{ loop.index }}] {{ d | upper }}{% if loop.last %}!{% endif %}"
    template = Template(text + "{% endfor %}", "jinja")
    assert template.fill({"docs": ["a", "b"]}) == "[1] A[2] B!"
    assert template.names == {"docs"}


@given(st.text())
def test_an_input_is_never_taken_for_jinja(text: str) -> None:
    """Braces, percent signs and all else in an input reach the model unchanged."""
    assert Template("{{ x }}", "jinja").fill({"x": text}) == text


def test_a_missing_name_is_found_before_a_call() -> None:
    """The names that a Jinja template needs are known when it is made, and named."""
    template = Template("{{ question }} {{ contxt }}", "jinja")
    assert template.names == {"question", "contxt"}
    with pytest.raises(ConfigError, match="needs 'contxt', which is not among the inputs: que"):
        template.fill({"question": "?"})


@pytest.mark.parametrize(
    "text",
    ["{% if c is defined %}{{ c }}{% endif %}ok", "{{ c | default('') }}ok", "{{ c|d('') }}ok"],
)
def test_a_name_that_is_asked_for_may_be_missing(text: str) -> None:
    """``is defined`` and ``default`` make an input optional."""
    assert Template(text, "jinja").fill({}) == "ok"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ x", "line 1"),
        ("a\n{% if x %}", "line 2"),
        ("{{ x | nofilter }}", "nofilter"),
        ("{% include 'other.j2' %}", "includes another"),
        ("{% extends 'base.j2' %}", "includes another"),
    ],
)
def test_a_jinja_template_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    """What is wrong is said when it is made, in one line."""
    with pytest.raises(ConfigError, match=message) as caught:
        Template(text, "jinja")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x.__class__.__mro__ }}",
        "{{ ''.__class__ }}{{ x }}",
        "{{ x.append(1) }}",
        "{{ cycler.__init__.__globals__ }}{{ x }}",
        "{{ x.nothing }}",
        "{{ 1 / 0 }}{{ x }}",
    ],
)
def test_the_sandbox_holds(text: str) -> None:
    """Python's inside, changes of inputs, absent attributes and failures are one error."""
    with pytest.raises(ConfigError, match="the template fails"):
        Template(text, "jinja").fill({"x": []})


@pytest.mark.parametrize(
    ("syntax", "whole", "part"), [("braces", "{k}", "k={k}"), ("jinja", "{{ k }}", "k={{ k }}")]
)
def test_a_tree_keeps_the_type_of_an_input_that_stands_alone(
    syntax: Any, whole: str, part: str
) -> None:
    """A list stays a list, a number a number; within a text it is text. Keys are left."""
    tree = TreeTemplate({"{k}": [whole, {"t": part}], "n": 3, "none": None}, syntax)
    assert tree.names == {"k"}
    assert tree.fill({"k": [1]}) == {"{k}": [[1], {"t": "k=[1]"}], "n": 3, "none": None}


def test_filling_a_tree_leaves_it_as_it_was() -> None:
    """Two threads may fill one tree."""
    tree = TreeTemplate({"a": ["{x}"]})
    assert tree.fill({"x": 1}) == {"a": [1]}
    assert tree.fill({"x": 2}) == {"a": [2]}


def test_a_tree_names_what_is_missing() -> None:
    """It is an error, and not an empty text."""
    with pytest.raises(ConfigError, match="needs 'x'"):
        TreeTemplate(["{x}"]).fill({"y": 1})
