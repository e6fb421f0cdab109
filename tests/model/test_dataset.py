"""A data set's version is its content."""

import pytest

from evalhub.errors import DatasetError
from evalhub.model import Dataset, Example

EXAMPLE = Example("a", {"question": "What grows?"}, ("Trees.",), {"topic": "trees"})


def test_same_content_same_version() -> None:
    """The name and the order of keys do not matter."""
    other = Example("a", {"question": "What grows?"}, ("Trees.",), {"topic": "trees"})
    assert Dataset("one", (EXAMPLE,)).version == Dataset("two", (other,)).version


def test_any_change_is_a_new_version() -> None:
    """Id, inputs, references, metadata, cluster and order all count."""
    versions = {
        Dataset("d", examples).version
        for examples in [
            (EXAMPLE,),
            (Example("b", EXAMPLE.inputs, EXAMPLE.references, EXAMPLE.metadata),),
            (Example("a", {"question": "?"}, EXAMPLE.references, EXAMPLE.metadata),),
            (Example("a", EXAMPLE.inputs, ("Grass.",), EXAMPLE.metadata),),
            (Example("a", EXAMPLE.inputs, EXAMPLE.references, {}),),
            (Example("a", EXAMPLE.inputs, EXAMPLE.references, EXAMPLE.metadata, "c"),),
            (EXAMPLE, Example("b", {})),
            (Example("b", {}), EXAMPLE),
        ]
    }
    assert len(versions) == 8


def test_no_two_examples_have_one_id() -> None:
    """What came of one would count for the other, and be paid for once."""
    with pytest.raises(DatasetError, match="2 examples of 'd' have the id 'a'; every one needs"):
        Dataset("d", (EXAMPLE, Example("b", {}), Example("a", {})))
