"""Matching by message."""

from dataclasses import asdict
from typing import Any

from services.payments import matching_deps as deps
from services.payments.matching.models import SYSTEM
from shared.contracts.payments import MatchOrders
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(MatchOrders)
async def match_orders(session: Session, received: Received[MatchOrders]) -> dict[str, Any]:
    """Match one order or the next chunk of those that wait; answers what it did."""
    counts = await deps.match_runs(session).carry_out(received.id, received.message, requested_by=SYSTEM)
    return asdict(counts)
