"""/v1/monitoring/alerts: what is wrong with the task system, and who looks after it."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from services.analytics import monitoring_alert_deps as deps
from services.analytics.auth import AnalyticsOperator
from services.analytics.monitoring_alerts.alertmanager import Accepted, Webhook
from services.analytics.monitoring_alerts.errors import AlertAcknowledged, AlertNotFiring, MonitoringAlertNotFound
from services.analytics.monitoring_alerts.models import State
from services.analytics.monitoring_alerts.repository import MonitoringAlertReader
from services.analytics.monitoring_alerts.rules import RULES
from services.analytics.monitoring_alerts.schemas import (
    Acknowledge,
    MonitoringAlertOut,
    MonitoringAlertPage,
    RuleList,
    RuleOut,
    shown,
)
from services.analytics.monitoring_alerts.service import AlertView
from shared.runtime.http.cursors import Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(tags=["monitoring"])
webhook = APIRouter(tags=["monitoring"])
"""Apart from the others, which ask for `analytics:read` besides: who tells of alerts need not see any."""

_STATES: Final[dict[str, tuple[State, ...]]] = {
    "open": ("pending", "firing"),
    "pending": ("pending",),
    "firing": ("firing",),
    "resolved": ("resolved",),
    "all": ("pending", "firing", "resolved"),
}
Wanted = Literal["open", "pending", "firing", "resolved", "all"]
AlertId = Annotated[UUID, Path(description="The alert's id.")]


async def _view(db: ReadDb, request: Request) -> AlertView:
    return deps.alert_view(db, runtime_of(request).clock())


@router.get("/alerts", name="list_alerts", summary="List alerts")
async def list_alerts(
    db: ReadDb,
    view: Annotated[AlertView, Depends(_view)],
    paging: Paging,
    state: Annotated[Wanted, Query(description="open: what is so, whether or not it fires yet.")] = "open",
    rule: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]+$", description="Only of this rule.")] = None,
) -> MonitoringAlertPage:
    """The newest first. What is over is kept for 90 days."""
    before, reader = UUID(str(paging.after[0])) if paging.after else None, MonitoringAlertReader(db)
    rows = await reader.page(_STATES[state], rule=rule, before=before, limit=paging.fetch)
    page = paging.page(await view.all(rows), MonitoringAlertOut, key=lambda row: (row.id,))
    evaluated_at, _ = await reader.last_look()
    return MonitoringAlertPage(items=page.items, next_cursor=page.next_cursor, evaluated_at=evaluated_at)


@router.get("/alerts/{alert_id:uuid}", name="get_alert", summary="Read an alert", responses=problems(MonitoringAlertNotFound))
async def get_alert(alert_id: AlertId, view: Annotated[AlertView, Depends(_view)]) -> MonitoringAlertOut:
    """One of them."""
    return await view.one(alert_id)


@router.get("/alert-rules", name="list_alert_rules", summary="List the rules")
async def list_alert_rules() -> RuleList:
    """What raises an alert, after how long, and when it ends."""
    return RuleList(items=[RuleOut.model_validate(rule) for rule in RULES])


@router.post(
    "/alerts/{alert_id:uuid}/acknowledge",
    name="acknowledge_alert",
    summary="Look after an alert",
    responses=problems(MonitoringAlertNotFound, AlertNotFiring, AlertAcknowledged),
)
async def acknowledge_alert(
    caller: AnalyticsOperator, alert_id: AlertId, body: Acknowledge, db: WriteDb, request: Request
) -> MonitoringAlertOut:
    """Acknowledging it twice is refused and changes nothing, so it needs no Idempotency-Key."""
    desk = deps.alert_desk(db, runtime_of(request).clock(), caller.id)
    return shown(await desk.acknowledge(alert_id, body.note), is_silenced=False)


@webhook.post("/alertmanager", name="take_alertmanager_webhook", summary="Take alerts of an Alertmanager")
async def take_alertmanager_webhook(_caller: AnalyticsOperator, body: Webhook, db: WriteDb, request: Request) -> Accepted:
    """Its webhook, version 4, with a bearer token or an API key that has `analytics:write` (`http_config.authorization`).

    The same notification again changes nothing, so it needs no Idempotency-Key. Fields that we do not know are passed over.
    """
    runtime = runtime_of(request)
    now = runtime.clock()
    await (await deps.raising(runtime.settings, db, now)).take([one.told(now) for one in body.alerts])
    return Accepted(accepted=len(body.alerts))
