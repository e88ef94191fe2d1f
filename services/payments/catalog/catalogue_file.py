"""Reading a catalogue as CSV (RFC 4180, UTF-8), row by row: what is good is kept, the rest is told with its place."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from services.payments.catalog.errors import UnreadableCatalogue
from services.payments.catalog.schemas import ProductIn

MAX_ROWS: Final = 10_000
_REQUIRED: Final = ("sku", "name", "hsn_sac", "unit_price_minor", "currency", "tax_rate_bp")
_OPTIONAL: Final = ("capability", "lead_time_days", "active")
_NUMBERS: Final = frozenset({"unit_price_minor", "tax_rate_bp", "lead_time_days"})
_TRUTH: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """line: counted from 1. column: None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class CatalogueFile:
    """What a file said: products by SKU, and problems of the rows that were left out."""

    rows: int = 0
    rejected: int = 0
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_catalogue(body: bytes) -> CatalogueFile:
    """Read a whole file. Raises UnreadableCatalogue where nothing tells what the columns are, or there are too many rows."""
    try:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        file = CatalogueFile()
        columns = _columns(next(reader, []))
        for cells in reader:
            if any(cells):
                _add(file, reader.line_num, columns, cells)
    except UnicodeDecodeError:
        raise UnreadableCatalogue("the file is not UTF-8; save it in UTF-8") from None
    except csv.Error as error:
        raise UnreadableCatalogue(f"the file is no CSV: {error}; put texts with commas or quotes into quotes") from None
    return file


def _columns(header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    unknown = [place for place, name in enumerate(names, start=1) if name not in (*_REQUIRED, *_OPTIONAL)]
    if unknown or len(set(names)) != len(names) or not set(_REQUIRED) <= set(names):
        raise UnreadableCatalogue(
            f"the first line must name the columns {', '.join(_REQUIRED)} and may name {', '.join(_OPTIONAL)}, each once"
        )
    return names


def _add(file: CatalogueFile, line: int, columns: list[str], cells: list[str]) -> None:
    file.rows += 1
    if file.rows > MAX_ROWS:
        raise UnreadableCatalogue(f"the file has more than {MAX_ROWS} rows; split it")
    problems = list(_problems(file, line, columns, cells))
    file.problems += problems
    file.rejected += bool(problems)


def _problems(file: CatalogueFile, line: int, columns: list[str], cells: list[str]) -> Iterator[Problem]:
    """Keep a good row; say what is wrong with another."""
    if len(cells) != len(columns):
        yield Problem(line, None, f"has {len(cells)} cells and the first line names {len(columns)}")
        return
    values = {name: _value(name, cell.strip()) for name, cell in zip(columns, cells, strict=True) if cell.strip()}
    try:
        product = ProductIn.model_validate(values)
    except ValidationError as error:
        for one in error.errors():
            yield Problem(line, str(one["loc"][0]), str(one["msg"]).removeprefix("Value error, "))
        return
    if product.sku in file.products:
        yield Problem(line, "sku", "stands in an earlier line already")
        return
    file.products[product.sku] = product.model_dump()


def _value(name: str, cell: str) -> Any:
    if name in _NUMBERS and cell.isascii() and cell.isdecimal():
        return int(cell[:20])
    return _TRUTH.get(cell.lower(), cell) if name == "active" else cell
