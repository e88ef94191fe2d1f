"""The daily proof that numbers have no gap and no repetition."""

import logging
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from services.payments.invoices.audit_repository import NumberAuditReader, SeriesAudit
from services.payments.invoices.errors import NumbersUnsound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NumberAudit:
    """What was looked at. unsound: the series whose numbers are not as the law asks."""

    series: int
    documents: int
    unsound: tuple[SeriesAudit, ...]

    def answer(self) -> dict[str, Any]:
        """As JSON values."""
        wrong = [{**asdict(one), "legal_entity_id": str(one.legal_entity_id)} for one in self.unsound]
        return {"series": self.series, "documents": self.documents, "unsound": wrong}


class NumberAudits:
    """Looks at every series of every year."""

    def __init__(self, reader: NumberAuditReader) -> None:
        self._reader = reader

    async def look(self, organization_id: UUID | None) -> NumberAudit:
        """What there is, of an organization or of all."""
        series = await self._reader.series(organization_id)
        return NumberAudit(len(series), sum(one.documents for one in series), tuple(one for one in series if not one.is_sound))

    async def prove(self) -> NumberAudit:
        """The same of all; raises NumbersUnsound where something is wrong, and writes an error for each series to the log."""
        audit = await self.look(None)
        for one in audit.unsound:
            logger.error("invoice_numbers_unsound", extra={**asdict(one), "legal_entity_id": str(one.legal_entity_id)})
        if audit.unsound:
            wrong = ", ".join(f"{one.series}/{one.financial_year}" for one in audit.unsound)
            raise NumbersUnsound(
                f"numbers are missing, repeated or backdated in {wrong}; GET /v1/invoices/number-audit says which"
            )
        return audit
