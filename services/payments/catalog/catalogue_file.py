"""Reading a catalogue as CSV, row by row: what is good is kept, the rest is told with its place."""

from dataclasses import dataclass, field
from typing import Any, Final

from services.payments.catalog.errors import UnreadableCatalogue
from services.payments.catalog.schemas import ProductIn
from services.payments.csv_rows import Columns, Problem, read_rows

_COLUMNS: Final = Columns(
    required=("sku", "name", "hsn_sac", "unit_price_minor", "currency", "tax_rate_bp"),
    optional=("capability", "lead_time_days", "active"),
    numbers=frozenset({"unit_price_minor", "tax_rate_bp", "lead_time_days"}),
    truths=frozenset({"active"}),
)


@dataclass(slots=True)
class CatalogueFile:
    """What a file said: products by SKU, and problems of the rows that were left out."""

    rows: int = 0
    rejected: int = 0
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def reject(self, problems: list[Problem]) -> None:
        """Leave one row out, for these reasons."""
        self.rejected += 1
        self.problems += problems


def read_catalogue(body: bytes) -> CatalogueFile:
    """Read a whole file. Raises UnreadableCatalogue where nothing tells what the columns are, or there are too many rows."""
    file = CatalogueFile()
    for line, row in read_rows(body, ProductIn, _COLUMNS, UnreadableCatalogue):
        file.rows += 1
        if isinstance(row, list):
            file.reject(row)
        elif row.sku in file.products:
            file.reject([Problem(line, "sku", "stands in an earlier line already")])
        else:
            file.products[row.sku] = row.model_dump()
    return file
