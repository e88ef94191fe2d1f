"""/v1/alerts/{id}/acknowledge and others: what people do about alerts. Each answers the alert as it is then."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.alerts import deps
from services.alerts.alerts.action_schemas import BulkIn, BulkOut, CommentIn, ReasonIn, RefusedOut, SnoozeIn
from services.alerts.alerts.errors import (
    AcknowledgedByOther,
    ActionNotPossible,
    AlertNotFound,
    EtaSuperseded,
    ShipmentNotWatched,
    SnoozeOutOfRange,
    TooManyAlerts,
)
from services.alerts.alerts.life_cycle import Action, Asked
from services.alerts.alerts.models import Alert
from services.alerts.alerts.schemas import AlertOut
from services.alerts.auth import AlertsWrite, WritableOrganization
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import IfMatch, etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


class OneAlert:
    """The alert that the request is about, and who asks."""

    def __init__(
        self, alert_id: UUID, request: Request, response: Response, principal: AlertsWrite, db: WriteDb, if_match: IfMatch
    ) -> None:
        self._alert_id = alert_id
        self._response = response
        self._principal = principal
        self._if_match = if_match
        self._actions = deps.alert_actions(db, runtime_of(request).clock)

    async def take(self, action: Action, body: ReasonIn | None, until: datetime | None = None) -> AlertOut:
        """Take an action on it."""
        asked = Asked(action, self._principal.id, body.reason if body is not None else None, until)
        return self._show(await self._actions.take(self._alert_id, asked, self._principal.organization_id, self._if_match.check))

    async def comment(self, text: str) -> AlertOut:
        """Write into its timeline."""
        who = self._principal
        return self._show(await self._actions.comment(self._alert_id, who.id, text, who.organization_id, self._if_match.check))

    def _show(self, alert: Alert) -> AlertOut:
        self._response.headers["ETag"] = etag_of(alert.version)
        return AlertOut.model_validate(alert)


One = Annotated[OneAlert, Depends(made(OneAlert))]
_REFUSALS: Final = problems(AlertNotFound, ActionNotPossible)


@router.post(
    "/{alert_id:uuid}/acknowledge",
    name="acknowledge",
    summary="Acknowledge an alert",
    responses=problems(AlertNotFound, ActionNotPossible, AcknowledgedByOther),
)
async def acknowledge(alert: One, body: ReasonIn | None = None) -> AlertOut:
    """Say that you see to it. Ends a snooze; doing it twice changes nothing."""
    return await alert.take("acknowledge", body)


@router.post("/{alert_id:uuid}/unacknowledge", name="unacknowledge", summary="Give an alert back", responses=_REFUSALS)
async def unacknowledge(alert: One, body: ReasonIn | None = None) -> AlertOut:
    """Open an alert that somebody had acknowledged."""
    return await alert.take("unacknowledge", body)


@router.post(
    "/{alert_id:uuid}/snooze",
    name="snooze",
    summary="Snooze an alert",
    responses=problems(AlertNotFound, ActionNotPossible, SnoozeOutOfRange),
)
async def snooze(alert: One, body: SnoozeIn) -> AlertOut:
    """Hear no more of it until a time, at most 90 days ahead; then it opens by itself. A snooze can be given another end."""
    return await alert.take("snooze", body, body.until)


@router.post("/{alert_id:uuid}/wake", name="wake", summary="End an alert's snooze", responses=_REFUSALS)
async def wake(alert: One, body: ReasonIn | None = None) -> AlertOut:
    """Open a snoozed alert before its time."""
    return await alert.take("wake", body)


@router.post("/{alert_id:uuid}/resolve", name="resolve", summary="Resolve an alert", responses=_REFUSALS)
async def resolve(alert: One, body: ReasonIn | None = None) -> AlertOut:
    """Say that it is settled. Mails about it that were not sent are cancelled."""
    return await alert.take("resolve", body)


@router.post(
    "/{alert_id:uuid}/reopen",
    name="reopen",
    summary="Reopen an alert",
    responses=problems(AlertNotFound, ActionNotPossible, ShipmentNotWatched, EtaSuperseded),
)
async def reopen(alert: One, body: ReasonIn | None = None) -> AlertOut:
    """Open a resolved alert again, as long as its shipment is watched and has the ETA that the alert is about."""
    return await alert.take("reopen", body)


@router.post("/{alert_id:uuid}/comments", name="comment", summary="Comment on an alert", responses=problems(AlertNotFound))
async def comment(alert: One, body: CommentIn) -> AlertOut:
    """Write a sentence into its timeline. If-Match makes sure that a request that is sent again does not say it twice."""
    return await alert.comment(body.text)


@router.post("/actions", name="act_on_many", summary="Act on many alerts", responses=problems(SnoozeOutOfRange, TooManyAlerts))
async def act_on_many(
    organization_id: WritableOrganization, principal: AlertsWrite, db: WriteDb, request: Request, body: BulkIn
) -> BulkOut:
    """Take one action on up to 1,000 alerts by id, or up to 10,000 that a filter means, in one transaction.

    It needs no If-Match: what has changed meanwhile is acted on as it is, or refused with the reason, alert by alert.
    Another organization's ids are not found. Doing it twice changes nothing more.
    """
    asked = Asked(body.action, principal.id, body.reason, body.until)
    actions = deps.alert_actions(db, runtime_of(request).clock)
    outcome = await actions.take_on_all(asked, organization_id, body.ids, body.filter)
    refused = [RefusedOut(id=alert_id, code=error.code, reason=error.detail) for alert_id, error in outcome.refused]
    return BulkOut(changed=outcome.changed, unchanged=outcome.unchanged, refused=refused, not_found=outcome.not_found)
