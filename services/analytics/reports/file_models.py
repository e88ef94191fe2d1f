"""A file of a report."""

import hashlib
from dataclasses import dataclass
from typing import Literal

FileName = Literal["report.pdf", "report.xlsx", "summary.csv", "days.csv", "manifest.json"]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One file. rows: of figures, where it has rows."""

    name: str
    media_type: str
    content: bytes
    rows: int | None = None

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.content).hexdigest()
