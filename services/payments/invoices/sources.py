"""What invoices are issued for, each kind behind the same door."""

from collections.abc import Mapping
from typing import Protocol

from services.payments.invoices.errors import SourceNotBillable
from services.payments.invoices.models import InvoiceDraft, Source


class InvoiceSource(Protocol):
    """Knows one kind of thing that is invoiced, and what of it."""

    async def draft(self, source: Source) -> InvoiceDraft:
        """What is to be invoiced now, the thing itself locked until the transaction ends.

        Raises SourceNotFound, SourceNotBillable, and SourceNotKnownYet where waiting can help.
        """
        ...


class Sources:
    """The kinds that there are: `order`, `period`, `trip`."""

    def __init__(self, kinds: Mapping[str, InvoiceSource]) -> None:
        self._kinds = kinds

    async def draft(self, source: Source) -> InvoiceDraft:
        """See InvoiceSource. Raises SourceNotBillable for a kind that nobody knows."""
        kind = "order" if source.order_id is not None else "trip" if source.trip_id is not None else "period"
        if kind not in self._kinds:
            raise SourceNotBillable(f"invoices of the kind {kind} are not issued here")
        return await self._kinds[kind].draft(source)
