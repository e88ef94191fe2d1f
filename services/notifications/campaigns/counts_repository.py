"""Statements on what has become of campaigns' messages, and what they cost. Triggers on deliveries and on the costs of attempts
keep the figures; see migrations 0012 and 0023."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.campaigns.models import Cost, Counts
from shared.runtime.db import ReadSession, Session

RECENT: Final = timedelta(minutes=1)
"""What ended since then keeps its second when rows are summed up: a campaign that is resumed now counts its rates from now on."""

ROWS_AT_ONCE: Final = 10_000
MANY_ROWS: Final = 200
CAMPAIGNS_AT_ONCE: Final = 50

_FIGURES: Final = "sent, failed, dropped, delivered, bounced, complained, rated_sent, rated_bounced"
_SUMS: Final = ", ".join(f"sum({name})::int" for name in _FIGURES.split(", "))

_COUNTS: Final = text("""
    SELECT campaigns.id, sum(sent), sum(failed), sum(dropped), sum(delivered), sum(bounced), sum(complained),
           coalesce(sum(rated_sent) FILTER (WHERE counts), 0), coalesce(sum(rated_bounced) FILTER (WHERE counts), 0),
           coalesce(sum(complained) FILTER (WHERE counts), 0)
      FROM campaigns
      JOIN campaign_counts ON campaign_id = campaigns.id
     CROSS JOIN LATERAL (SELECT rates_since IS NULL OR campaign_counts.finished_at >= rates_since AS counts) AS rated
     WHERE campaigns.id = ANY(CAST(:ids AS uuid[]))
     GROUP BY campaigns.id
""")

# Of what ended before `recent`, it only matters on which side of `rates_since` it lies: that can still move, but only to a moment
# that is later than `recent`, and then none of it counts.
_SUM_UP: Final = text(f"""
    WITH gone AS (
        DELETE FROM campaign_counts WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM campaign_counts WHERE campaign_id = ANY(CAST(:ids AS uuid[])) LIMIT :limit
               FOR UPDATE SKIP LOCKED))
        RETURNING *
    )
    INSERT INTO campaign_counts (campaign_id, finished_at, {_FIGURES})
    SELECT campaign_id, CASE WHEN gone.finished_at >= CAST(:recent AS timestamptz) THEN gone.finished_at
                             WHEN gone.finished_at >= rates_since THEN rates_since
                             ELSE '-infinity' END, {_SUMS}
      FROM gone JOIN campaigns ON campaigns.id = campaign_id
     GROUP BY 1, 2
""")  # noqa: S608 - put together from constants of this module; values are bound

_COSTS: Final = text("""
    SELECT currency, sum(estimate), CAST(sum(estimated) AS int), sum(price), CAST(sum(priced) AS int)
      FROM campaign_costs WHERE campaign_id = :id GROUP BY currency ORDER BY currency
""")

_SUM_UP_COSTS: Final = text("""
    WITH gone AS (
        DELETE FROM campaign_costs WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM campaign_costs WHERE campaign_id = ANY(CAST(:ids AS uuid[])) LIMIT :limit
               FOR UPDATE SKIP LOCKED))
        RETURNING *
    )
    INSERT INTO campaign_costs (campaign_id, currency, estimate, estimated, price, priced)
    SELECT campaign_id, currency, sum(estimate), sum(estimated), sum(price), sum(priced) FROM gone GROUP BY 1, 2
""")

_WITH_MANY_ROWS: Final = text("""
    (SELECT campaign_id FROM campaign_counts GROUP BY campaign_id HAVING count(*) > :many LIMIT :limit)
     UNION
    (SELECT campaign_id FROM campaign_costs GROUP BY campaign_id HAVING count(*) > :many LIMIT :limit)
""")


class CountsReader:
    """What is read of the figures."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of(self, ids: Sequence[UUID]) -> Mapping[UUID, Counts]:
        """What has become of these campaigns' messages, in one statement."""
        found = {row.id: Counts(*row[1:]) for row in await self._session.execute(_COUNTS, {"ids": list(ids)})}
        return {one: found.get(one, Counts()) for one in ids}

    async def costs(self, campaign_id: UUID) -> list[Cost]:
        """What a campaign's SMS cost, by currency; none of e-mails."""
        return [Cost(*row) for row in await self._session.execute(_COSTS, {"id": campaign_id})]


class CountsRepository(CountsReader):
    """Sums up. Whoever reads beside it, or adds to the figures, waits for nobody and misses nothing."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def sum_up(self, ids: Sequence[UUID], now: datetime) -> None:
        """Put sums in the place of these campaigns' rows. What somebody else sums up at the moment is left to them."""
        await self._writing.execute(_SUM_UP, {"ids": list(ids), "recent": now - RECENT, "limit": ROWS_AT_ONCE})
        await self._writing.execute(_SUM_UP_COSTS, {"ids": list(ids), "limit": ROWS_AT_ONCE})

    async def with_many_rows(self) -> list[UUID]:
        """Campaigns that nobody has summed up for a while: those that do not run, and whose providers still report."""
        return list(await self._writing.scalars(_WITH_MANY_ROWS, {"many": MANY_ROWS, "limit": CAMPAIGNS_AT_ONCE}))
