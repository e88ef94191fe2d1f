"""CSV files (RFC 4180) as answers, which a spreadsheet shows and does not carry out."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from io import StringIO
from typing import Any, Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(example: str) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of an endpoint that answers a file. example: how it begins."""
    content = {"text/csv": {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": "The file.", "content": content}}


def attachment(name: str) -> dict[str, str]:
    """The header by which a browser saves the answer under this name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """The rows in UTF-8. Of thousands of them it takes long enough to belong into a thread."""
    text = StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not carry out: what looks like a formula begins with an apostrophe (OWASP)."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value
