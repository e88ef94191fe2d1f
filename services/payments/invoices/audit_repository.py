"""Looking for gaps and repetitions among numbers."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession

# The documents of each series beside what its counter says: numbers from 1 to the counter's, each once, in the order of days.
_SERIES: Final = text("""
    WITH documents AS (
        SELECT legal_entity_id, series, financial_year, sequence, issued_on FROM invoices WHERE number IS NOT NULL
        UNION ALL
        SELECT legal_entity_id, series, financial_year, sequence, issued_on FROM credit_notes
    ), in_order AS (
        SELECT *, issued_on < lag(issued_on) OVER (PARTITION BY legal_entity_id, series, financial_year ORDER BY sequence)
                  AS is_backdated
          FROM documents
    ), counted AS (
        SELECT legal_entity_id, series, financial_year, count(*) AS documents, count(DISTINCT sequence) AS numbers,
               min(sequence) AS first, max(sequence) AS last, count(*) FILTER (WHERE is_backdated) AS backdated
          FROM in_order GROUP BY legal_entity_id, series, financial_year
    )
    SELECT coalesce(counted.legal_entity_id, counter.legal_entity_id) AS legal_entity_id,
           coalesce(counted.series, counter.series) AS series,
           coalesce(counted.financial_year, counter.financial_year) AS financial_year,
           coalesce(documents, 0) AS documents,
           coalesce(counter.last_sequence, 0) - coalesce(numbers, 0) AS gaps,
           coalesce(documents - numbers, 0) AS repeated,
           coalesce(backdated, 0) AS backdated,
           first = 1 AND last = counter.last_sequence AS is_whole
      FROM counted FULL JOIN invoice_counters AS counter
        ON (counter.legal_entity_id, counter.series, counter.financial_year)
         = (counted.legal_entity_id, counted.series, counted.financial_year)
     WHERE CAST(:organization_id AS uuid) IS NULL OR coalesce(counted.legal_entity_id, counter.legal_entity_id) IN (
               SELECT id FROM legal_entities WHERE organization_id = CAST(:organization_id AS uuid))
     ORDER BY 1, 2, 3
""")


@dataclass(frozen=True, slots=True)
class SeriesAudit:
    """One series of one year. gaps: numbers up to the counter's that no document has; below nothing the counter is behind."""

    legal_entity_id: UUID
    series: str
    financial_year: str
    documents: int
    gaps: int
    repeated: int
    backdated: int
    is_whole: bool | None

    @property
    def is_sound(self) -> bool:
        """Whether the numbers are as the law asks."""
        return bool(self.is_whole) and self.gaps == 0 and self.repeated == 0 and self.backdated == 0


class NumberAuditReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def series(self, organization_id: UUID | None) -> list[SeriesAudit]:
        """Every series of every year, an organization's or everybody's, of one snapshot."""
        rows = await self._session.execute(_SERIES, {"organization_id": organization_id})
        return [SeriesAudit(**row) for row in rows.mappings()]
