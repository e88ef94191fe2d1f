"""Reading what manufacturers can make as CSV, row by row."""

from dataclasses import dataclass, field
from typing import Final

from services.payments.csv_rows import Columns, Problem, read_rows
from services.payments.manufacturers.errors import CapabilitiesUnreadable
from services.payments.manufacturers.models import CapabilityFacts
from services.payments.manufacturers.schemas import CapabilityRow

_COLUMNS: Final = Columns(
    required=("manufacturer", "capability", "unit_price_minor", "currency", "lead_time_days", "capacity_units"),
    optional=("minimum_quantity", "capacity_period"),
    numbers=frozenset({"minimum_quantity", "unit_price_minor", "lead_time_days", "capacity_units"}),
)

Key = tuple[str, str]
"""A manufacturer's code, and the name of a capability."""


@dataclass(slots=True)
class CapabilityFile:
    """What a file said. lines: where each row that was kept stands. problems: of the `rejected` others."""

    rows: int = 0
    rejected: int = 0
    kept: dict[Key, CapabilityFacts] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def reject(self, *problems: Problem) -> None:
        """Count one row as bad, for these reasons."""
        self.rejected += 1
        self.problems += problems


def read_capabilities(body: bytes) -> CapabilityFile:
    """Read a whole file. Raises CapabilitiesUnreadable where nothing tells what the columns are, or there are too many rows."""
    file = CapabilityFile()
    for line, row in read_rows(body, CapabilityRow, _COLUMNS, CapabilitiesUnreadable):
        file.rows += 1
        if isinstance(row, list):
            file.reject(*row)
        elif (first := file.lines.setdefault((row.manufacturer, row.capability), line)) != line:
            file.reject(Problem(line, "capability", f"stands in line {first} already for this manufacturer"))
        else:
            file.kept[row.manufacturer, row.capability] = row.named_facts()
    return file
