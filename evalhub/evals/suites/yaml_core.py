"""What plain words mean in a suite file: the core schema of YAML 1.2.

PyYAML reads YAML 1.1, where ``no``, the language, is false, ``2026-11-22`` is a date that no key
takes, ``1:30`` is 90, ``010`` is 8, and ``1e-3``, a number of JSON's, is a text. Editors and
nearly all other readers have moved on.
"""

import re
from typing import Any

import yaml

__all__ = ["CoreLoader", "read_plain"]

_TAG = "tag:yaml.org,2002:"


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader, with the plain words of YAML 1.2."""

    # Of 1.1 only << is kept, which the core schema lacks and suites use.
    yaml_implicit_resolvers = {  # noqa: RUF012 - the base declares it so
        "<": [(f"{_TAG}merge", re.compile(r"^<<$"))],
    }


def _whole_number(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    # Base 0 reads 0x and 0o, and refuses the zeros before a decimal number.
    return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)


_BOOL = r"true|True|TRUE|false|False|FALSE"
_NULL = r"~|null|Null|NULL|"
_INT = r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_DECIMAL = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_FLOAT = rf"{_DECIMAL}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"

CoreLoader.add_constructor(f"{_TAG}int", _whole_number)
# With each kind the characters that it may begin with; the first kind that fits counts.
for _kind, _pattern, _begins in (
    ("bool", _BOOL, [*"tTfF"]),
    ("null", _NULL, [*"~nN", ""]),
    ("int", _INT, [*"-+0123456789"]),
    ("float", _FLOAT, [*"-+.0123456789"]),
):
    CoreLoader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"^(?:{_pattern})$"), _begins)


def read_plain(text: str) -> Any:
    """Return what a plain *text* means: a number, true, or the text itself."""
    try:
        value = yaml.load(text, CoreLoader)
    except (yaml.YAMLError, ValueError):
        return text
    return value if isinstance(value, bool | int | float) else text
