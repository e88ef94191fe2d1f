"""Statements on what providers report of deliveries."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import text

from services.notifications.deliveries.receipt_models import RANKS, Receipt, Report
from shared.runtime.db import Session

_RANKED: Final = ", ".join(f"('{receipt.value}', {rank})" for receipt, rank in RANKS.items())

# An SMS that came back is sent again, and how the attempt before has come about or come back says nothing of the next one; that
# it has arrived after all, or never can, does. What was taken and is not `sent` has come back.
_FOLLOWED: Final = """
    SELECT FROM delivery_attempts AS attempt JOIN deliveries ON deliveries.id = attempt.delivery_id
     WHERE attempt.delivery_id = told.delivery_id AND attempt.provider_message_id = told.provider_message_id
       AND attempt.outcome = 'accepted'
       AND (deliveries.status <> 'sent'
            OR EXISTS (SELECT FROM delivery_attempts AS later
                        WHERE later.delivery_id = attempt.delivery_id AND later.number > attempt.number
                          AND later.outcome = 'accepted'))
"""

_APPLY: Final = text(f"""
    WITH told AS (
        SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:delivery_id AS uuid[]), CAST(:kind AS text[]), CAST(:receipt AS text[]),
                             CAST(:occurred_at AS timestamptz[]), CAST(:provider AS text[]), CAST(:code AS text[]),
                             CAST(:detail AS text[]), CAST(:provider_message_id AS text[]), CAST(:verdict AS text[]))
                      AS row(id, delivery_id, kind, receipt, occurred_at, provider, code, detail, provider_message_id, verdict)
    ), kept AS (
        INSERT INTO delivery_events (id, delivery_id, kind, occurred_at, provider, code, detail, provider_message_id, verdict)
        SELECT told.id, delivery_id, kind, occurred_at, told.provider, code, detail, provider_message_id, verdict
          FROM told JOIN deliveries ON deliveries.id = delivery_id ORDER BY told.id
        ON CONFLICT (id) DO NOTHING
    ), ranked (receipt, rank) AS (VALUES {_RANKED}
    ), best AS (
        SELECT DISTINCT ON (delivery_id) delivery_id, receipt, rank, occurred_at
          FROM told JOIN ranked USING (receipt)
         WHERE rank > {RANKS[Receipt.BOUNCED_SOFT]} OR NOT EXISTS ({_FOLLOWED})
         ORDER BY delivery_id, rank DESC, occurred_at, id
    ), held AS (
        SELECT deliveries.id, best.receipt, best.occurred_at
          FROM deliveries JOIN best ON best.delivery_id = deliveries.id
          LEFT JOIN ranked AS stands ON stands.receipt = deliveries.receipt
         WHERE stands.rank IS NULL OR stands.rank < best.rank
            OR (stands.rank = best.rank AND best.occurred_at < deliveries.receipt_at)
         ORDER BY deliveries.id FOR UPDATE OF deliveries
    )
    UPDATE deliveries SET receipt = held.receipt, receipt_at = held.occurred_at FROM held WHERE deliveries.id = held.id
""")  # noqa: S608 - put together from constants of this module; values are bound

_LOCK: Final = text("""
    SELECT id FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")


class ReportRepository:
    """Brings deliveries to what was reported of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def apply(self, reports: Sequence[Report]) -> None:
        """Keep the reports in the deliveries' timelines and move each delivery up to the highest; those of unknown deliveries
        are left out. The same reports again change nothing."""
        if not reports:
            return
        # Before the statement takes its snapshot: of two batches at once, the second sees where the first has left them.
        await self._session.execute(_LOCK, {"ids": sorted({report.delivery_id for report in reports})})
        columns: dict[str, list[Any]] = {
            field.name: [getattr(report, field.name) for report in reports] for field in fields(Report)
        }
        await self._session.execute(_APPLY, columns)
