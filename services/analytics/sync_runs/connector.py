"""What a source is to the run that reads it. A new one is a class like `carrier_etas.py`, and a line in `sync_deps.py`."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from services.analytics.sync_runs.models import Item, Page, Unmapped
from shared.contracts.message import Command


class BadRow(ValueError):
    """A row that cannot be taken. reason: a sentence without what the row says. key: what it is about, where that is known."""

    def __init__(self, reason: str, key: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key = key


class Connector(Protocol):
    """One source, as it is set up."""

    name: str
    contract: str
    """Of the messages that it is handed on with."""

    async def fetch(self, cursor: str | None, etag: str | None) -> Page:
        """The page at a cursor, or that nothing of it is new. Raises what `errors.py` draws."""
        ...

    def read(self, row: Any, unmapped: Unmapped) -> Item:
        """What a row says. unmapped: counts values that nothing of ours stands for. Raises BadRow."""
        ...

    def messages(self, items: Sequence[Item]) -> Iterator[Command]:
        """What tells of these; each fits into one message."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
