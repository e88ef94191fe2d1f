"""How plans are put together, for endpoints and tasks alike."""

from services.payments.catalog.repository import ProductReader
from services.payments.plans.repository import PlanRepository
from services.payments.plans.service import Plans
from shared.runtime.clock import Clock
from shared.runtime.db import Session


def plans(session: Session, clock: Clock, *, by: str) -> Plans:
    """Writes plans, in the session's unit of work."""
    return Plans(PlanRepository(session), ProductReader(session), clock, by=by)
