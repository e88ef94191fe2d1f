"""Rows of CSV (RFC 4180, UTF-8) as models: what is good is kept, the rest is told with its place."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from shared.runtime.errors import Invalid

MAX_ROWS: Final = 10_000
_TRUTH: Final = {"true": True, "false": False}

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """line: counted from 1. column: None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, in any order. numbers: those that are whole. truths: those that are true or false."""

    required: Sequence[str]
    optional: Sequence[str]
    numbers: frozenset[str]
    truths: frozenset[str] = frozenset()


def read_rows(
    body: bytes, model: type[Model], columns: Columns, unreadable: type[Invalid]
) -> Iterator[tuple[int, Model | list[Problem]]]:
    """(line, the row or what is wrong with it) of each row that has anything in it.

    Raises `unreadable` where nothing tells what the columns are, or there are too many rows.
    """
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        names = _names(next(reader, []), columns, unreadable)
        for number, cells in enumerate((cells for cells in reader if any(cells)), start=1):
            if number > MAX_ROWS:
                raise unreadable(f"the file has more than {MAX_ROWS} rows; split it")
            yield reader.line_num, _row(reader.line_num, names, cells, model, columns)
    except UnicodeDecodeError:
        raise unreadable("the file is not UTF-8; save it in UTF-8") from None
    except csv.Error as error:
        raise unreadable(f"the file is no CSV: {error}; put texts with commas or quotes into quotes") from None


def _names(header: list[str], columns: Columns, unreadable: type[Invalid]) -> list[str]:
    names = [name.strip() for name in header]
    known = {*columns.required, *columns.optional}
    if not known >= set(names) >= set(columns.required) or len(set(names)) != len(names):
        required, optional = ", ".join(columns.required), ", ".join(columns.optional)
        raise unreadable(f"the first line must name the columns {required} and may name {optional}, each once")
    return names


def _row(line: int, names: list[str], cells: list[str], model: type[Model], columns: Columns) -> Model | list[Problem]:
    if len(cells) != len(names):
        return [Problem(line, None, f"has {len(cells)} cells and the first line names {len(names)}")]
    values = {name: _value(name, cell.strip(), columns) for name, cell in zip(names, cells, strict=True) if cell.strip()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        return [Problem(line, str(one["loc"][0]), one["msg"].removeprefix("Value error, ")) for one in error.errors()]


def _value(name: str, cell: str, columns: Columns) -> Any:
    if name in columns.numbers and cell.isascii() and cell.isdecimal():
        return int(cell[:20])
    return _TRUTH.get(cell.lower(), cell) if name in columns.truths else cell
