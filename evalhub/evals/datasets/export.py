"""Write examples to a file from which they come back equal."""

import contextlib
import csv
import gzip
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from evalhub.errors import DatasetError
from evalhub.evals.datasets.text_files import JSON_LINES, TABLES, suffix_of
from evalhub.model import Example

__all__ = ["export_examples"]


def export_examples(examples: Iterable[Example], path: Path) -> int:
    """Write *examples* to the file at *path* and return how many there were.

    JSON Lines hold everything: :func:`~evalhub.evals.datasets.load.load_dataset` makes of them a
    data set of the same version, without being told any role. CSV and TSV are for people: a
    column for each input, reference and key of the metadata; what is no text is JSON there.
    ``.gz`` compresses any of them. The file is there whole or not at all.

    Raises:
        DatasetError: the suffix is not known, the file cannot be written, or an input has the
            name of another column of a table.
    """
    suffix = suffix_of(path)
    if suffix not in (*JSON_LINES, *TABLES):
        raise DatasetError(f"{path} is neither .jsonl, .csv nor .tsv (each also .gz)")
    try:
        with _replacing(path) as file:
            if suffix in TABLES:
                return _write_table(list(examples), file, TABLES[suffix], path)
            return _write_json_lines(examples, file)
    except UnicodeEncodeError as error:
        told = "a text holds half of a surrogate pair; it was cut in two"
        raise DatasetError(f"cannot write {path}: {told}") from error
    except OSError as error:
        raise DatasetError(f"cannot write {path}: {error.strerror}") from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """Open a file that takes the place of *path* once the block ends well."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with _opened(draft, is_compressed=path.name.lower().endswith(".gz")) as file:
            yield file
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path, *, is_compressed: bool) -> Iterator[IO[str]]:
    if is_compressed:
        # Without a time: the same data set is the same file.
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text
    else:
        with path.open("w", encoding="utf-8", newline="") as text:
            yield text


def _write_json_lines(examples: Iterable[Example], file: IO[str]) -> int:
    count = 0
    for example in examples:
        file.write(_json(_row(example)) + "\n")
        count += 1
    return count


def _row(example: Example) -> dict[str, Any]:
    return {
        "id": example.id,
        "inputs": dict(example.inputs),
        "references": list(example.references),
        "metadata": dict(example.metadata),
        "cluster": example.cluster,
    }


def _write_table(examples: list[Example], file: IO[str], delimiter: str, path: Path) -> int:
    rows = [_flat(example, path) for example in examples]
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(file, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return len(rows)


def _flat(example: Example, path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"id": example.id}
    references = {f"reference_{n}": text for n, text in enumerate(example.references[1:], 2)}
    if example.references:
        references = {"reference": example.references[0], **references}
    parts: tuple[Mapping[str, Any], ...] = (
        example.inputs,
        references,
        {} if example.cluster is None else {"cluster": example.cluster},
        example.metadata,
    )
    for part in parts:
        for name, value in part.items():
            if name in row:
                raise DatasetError(
                    f"{path}: example {example.id!r} has two columns {name!r}; export .jsonl"
                )
            row[name] = value
    return row


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    # Not orjson, which has no integers above 64 bits; a database's decimals are such.
    return json.dumps(value, ensure_ascii=False, default=str)
