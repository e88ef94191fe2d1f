"""Looking up where orders stand, and runs."""

from uuid import UUID

from services.payments.matching.errors import OrderNotFound, RunNotFound
from services.payments.matching.match_repository import MatchReader
from services.payments.matching.models import MatchRun, OrderMatch
from services.payments.matching.run_repository import RunReader


class OrderMatches:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, matches: MatchReader, runs: RunReader) -> None:
        self._matches = matches
        self._runs = runs

    async def find(self, order_id: UUID, organization_id: UUID | None) -> OrderMatch:
        """Where an order stands. Raises OrderNotFound."""
        found = await self._matches.find(order_id, organization_id)
        if found is None:
            raise OrderNotFound("no order of this id has come to matching; it does when it is paid, GET /v1/orders shows it")
        return found

    async def run(self, run_id: UUID, organization_id: UUID | None) -> MatchRun:
        """A run. Raises RunNotFound."""
        found = await self._runs.find(run_id, organization_id)
        if found is None:
            raise RunNotFound("there is no run of this id, or nobody has taken it up yet; POST /v1/matching/runs asks for one")
        return found
