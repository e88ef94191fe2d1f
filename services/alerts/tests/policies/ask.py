"""Policies and shipments as the tests of policies need them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from httpx import Response
from sqlalchemy import text

from services.alerts.tests.arrange import OURS, noon
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.service import ApiClient

POLICIES: Final = "/v1/policies"
STEPS: Final = [{"days_late": 2, "severity": "warning"}, {"days_late": 4, "severity": "critical"}]
DEFAULT_STEPS: Final = [
    {"days_late": 1, "severity": "info"},
    {"days_late": 3, "severity": "warning"},
    {"days_late": 5, "severity": "high"},
    {"days_late": 7, "severity": "critical"},
]

_SHIPMENT: Final = text("""
    INSERT INTO shipments (id, organization_id, customer, reference, carrier, origin, destination, original_eta, current_eta,
                           status, mode, recipients)
    VALUES (:id, :organization_id, :customer, :reference, 'Maersk', 'CNSHA', 'DEHAM', :eta, :eta, :status, :mode, :recipients)
""")
_HOLD: Final = text(
    "INSERT INTO shipment_holds (id, shipment_id, kind, placed_on) VALUES (:id, :shipment_id, :kind, '2026-01-01')"
)
_DUE: Final = text("INSERT INTO due_evaluations SELECT current_eta + 1, id FROM shipments WHERE id = :id ON CONFLICT DO NOTHING")
_REVISE: Final = text("UPDATE shipments SET current_eta = :eta, eta_revision = eta_revision + 1 WHERE id = :id")
_TOLD: Final = text("""
    UPDATE eta_revisions SET told_at = :at WHERE shipment_id = :id AND revision = (
        SELECT eta_revision FROM shipments WHERE id = :id)
""")
_LEAVE: Final = text("UPDATE shipments SET status = :status WHERE id = :id")
_LEFT: Final = text("UPDATE shipments SET watched_until = :at WHERE id = :id")


async def have_shipment(
    session: Session,
    eta: date,
    *,
    organization_id: UUID = OURS,
    customer: str = "Nordlicht Handels GmbH",
    mode: str | None = None,
    status: str = "in_transit",
    recipients: Sequence[str] = ("customs@example.com",),
    holds: Sequence[str] = (),
    told_on: date | None = None,
) -> UUID:
    """A shipment whose ETA we were told 30 days before it, or on the day that is named."""
    shipment_id = uuid7()
    bound: dict[str, Any] = {"organization_id": organization_id, "customer": customer, "mode": mode, "status": status}
    bound |= {"id": shipment_id, "reference": str(shipment_id), "eta": eta, "recipients": list(recipients)}
    await session.execute(_SHIPMENT, bound)
    await session.execute(_TOLD, {"id": shipment_id, "at": noon(told_on or eta - timedelta(days=30))})
    await session.execute(_DUE, {"id": shipment_id})
    for kind in holds:
        await session.execute(_HOLD, {"id": uuid4(), "shipment_id": shipment_id, "kind": kind})
    return shipment_id


async def revise(session: Session, shipment_id: UUID, eta: date, told_on: date) -> None:
    """Be told another ETA on a day."""
    await session.execute(_REVISE, {"id": shipment_id, "eta": eta})
    await session.execute(_TOLD, {"id": shipment_id, "at": noon(told_on)})
    await session.execute(_DUE, {"id": shipment_id})


async def leave(session: Session, shipment_id: UUID, on: date, status: str = "delivered") -> None:
    """The shipment leaves the statuses that are watched, on a day."""
    await session.execute(_LEAVE, {"id": shipment_id, "status": status})
    await session.execute(_LEFT, {"id": shipment_id, "at": noon(on)})


async def create(caller: ApiClient, *, params: dict[str, str] | None = None, **fields: Any) -> Response:
    """Ask for a policy, usual but for what is named; `version` is put over the usual one."""
    version = {"steps": STEPS} | fields.pop("version", {})
    body = {"name": "Ours", "version": version} | fields
    return await caller.post(POLICIES, json=body, params=params or {}, headers={"Idempotency-Key": str(uuid4())})


async def publish(caller: ApiClient, policy: str, tag: str | None, **version: Any) -> Response:
    """Ask for a version, usual but for what is named."""
    headers = {"If-Match": tag} if tag is not None else {}
    return await caller.post(f"{POLICIES}/{policy}/versions", json={"steps": STEPS} | version, headers=headers)


async def dry_run(caller: ApiClient, first: str, last: str, *, params: dict[str, str] | None = None, **fields: Any) -> Any:
    """The answer to a dry run that must be good."""
    body = {"steps": DEFAULT_STEPS, "from": first, "to": last} | fields
    answer = await caller.post(f"{POLICIES}/dry-run", json=body, params=params or {})
    assert answer.status_code == 200, answer.text
    return answer.json()
