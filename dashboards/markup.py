"""A page block as data: elements that the browser builds node by node.

What is shown here was written by models and by the users of other people's
programs. So no HTML text is ever put together: text stays text, and the
script makes DOM nodes of this tree, which leaves nothing to escape.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypedDict

__all__ = ["Child", "Element", "chip", "element", "find", "table", "text_of"]


class Element(TypedDict):
    """One element: its tag, attributes and children, as sent to the browser."""

    tag: str
    attrs: dict[str, str]
    children: "list[Element | str]"


Child: TypeAlias = Element | str | None


def element(tag: str, *children: Child, css: str = "", **attrs: str | None) -> Element:
    """Return an element; None children and None attributes are left out.

    Args:
        tag: Name of the element.
        children: Elements, or text to show as it is.
        css: Class names.
        attrs: Attributes; ``data_pick`` stands for ``data-pick``.
    """
    given = {"class": css or None, **attrs}
    return {
        "tag": tag,
        "attrs": {name.replace("_", "-"): value for name, value in given.items() if value},
        "children": [child for child in children if child is not None],
    }


def chip(label: str, *, tone: str = "", title: str | None = None) -> Element:
    """Return a small label; *tone* is a class such as ``error`` or ``kind-llm``."""
    return element("span", label, css=f"chip {tone}".strip(), title=title)


def table(
    headers: Sequence[str],
    rows: Sequence[Element],
    *,
    numeric: Sequence[str] = (),
    css: str = "",
) -> Element:
    """Return a table of ``tr`` elements; the *numeric* columns are right-aligned."""
    cells = [
        element("th", header, scope="col", css="number" if header in numeric else "")
        for header in headers
    ]
    head = element("thead", element("tr", *cells))
    body = element("table", head, element("tbody", *rows))
    return element("div", body, css=f"scroll {css}".rstrip())


def find(root: Element, css: str) -> Iterator[Element]:
    """Yield *root* and its descendants that carry the class *css*, in order."""
    if css in root["attrs"].get("class", "").split():
        yield root
    for child in root["children"]:
        if not isinstance(child, str):
            yield from find(child, css)


def text_of(root: Element) -> str:
    """Return the text inside *root*, its pieces separated by single spaces."""
    parts = [child if isinstance(child, str) else text_of(child) for child in root["children"]]
    return " ".join(part for part in parts if part)
