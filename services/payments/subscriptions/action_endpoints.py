"""/v1/subscriptions/{subscription_id}/…: what people do about a subscription."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from services.payments import subscription_deps as deps
from services.payments.actors import actor
from services.payments.auth import PaymentsWrite, ReadableOrganization
from services.payments.dunning.repository import DunningReader
from services.payments.dunning.schemas import DunningRunOut
from services.payments.mandates.repository import NoticeReader
from services.payments.mandates.schemas import NoticeOut
from services.payments.orders.errors import PlaceOfSupplyUnknown
from services.payments.plans.errors import PlanClosed, PlanNotFound
from services.payments.subscriptions.endpoints import SubscriptionId
from services.payments.subscriptions.errors import (
    BilledToday,
    CurrencyDiffers,
    EndTooEarly,
    MethodUnusable,
    NotAPeriodStart,
    NotHeld,
    NothingDelivered,
    PeriodBilled,
    PeriodUnpaid,
    QuantityNotOffered,
    ResumeTooEarly,
    SkipNotFound,
    SubscriptionForbids,
    SubscriptionNotFound,
)
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.repository import SubscriptionReader
from services.payments.subscriptions.schemas import (
    CancelIn,
    PauseIn,
    PlanChangeIn,
    ReasonIn,
    SubscriptionChange,
    SubscriptionOut,
)
from services.payments.subscriptions.service import subscription_of
from shared.runtime.errors import ServiceError
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"], route_class=IdempotentRoute)


class Desk:
    """Changes one subscription for a request, and shows what it has become."""

    def __init__(self, request: Request, principal: PaymentsWrite, db: WriteDb, etag: ETag) -> None:
        clock, by = runtime_of(request).clock, actor(principal)
        self.organization_id = principal.organization_id
        self.changing = deps.changing(db, clock, by=by)
        self.plans = deps.plan_changing(db, clock, by=by)
        self._etag = etag

    def show(self, subscription: Subscription) -> SubscriptionOut:
        """The subscription as it is now, with its tag."""
        self._etag.show(subscription.version)
        return SubscriptionOut.model_validate(subscription)


AtDesk = Annotated[Desk, Depends(made(Desk))]
FirstDay = Annotated[date, Path(description="The first day of the period.")]


def _refusals(*refused: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    return problems(SubscriptionNotFound, *refused)


_FORBIDDEN = _refusals(SubscriptionForbids)
_TO_CHANGE_PLAN = _refusals(
    SubscriptionForbids,
    PlanNotFound,
    PlanClosed,
    CurrencyDiffers,
    QuantityNotOffered,
    NothingDelivered,
    PeriodUnpaid,
    BilledToday,
)


@router.patch(
    "/{subscription_id:uuid}",
    summary="Change a subscription",
    responses=_refusals(SubscriptionForbids, MethodUnusable, EndTooEarly, PlaceOfSupplyUnknown),
)
async def change(subscription_id: SubscriptionId, body: SubscriptionChange, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """What is owed is tried at once with another method, which takes nothing of the tries that are made by themselves."""
    return desk.show(await desk.changing.set(subscription_id, desk.organization_id, body, if_match.check))


@router.post(
    "/{subscription_id:uuid}/pause",
    summary="Pause a subscription",
    responses=_refusals(SubscriptionForbids, ResumeTooEarly),
)
async def pause(subscription_id: SubscriptionId, body: PauseIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """Nothing is billed until it goes on; an end that is set comes all the same. Repeated it is refused, so it needs no key."""
    return desk.show(await desk.changing.pause(subscription_id, desk.organization_id, body, if_match.check))


@router.post("/{subscription_id:uuid}/resume", summary="Resume a subscription", responses=_FORBIDDEN)
async def resume(subscription_id: SubscriptionId, body: ReasonIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """From today on, without the days that were paused. Repeated it is refused, so it needs no key."""
    return desk.show(await desk.changing.resume(subscription_id, desk.organization_id, body.reason, if_match.check))


@router.post("/{subscription_id:uuid}/cancel", summary="Cancel a subscription", responses=_FORBIDDEN)
async def cancel(subscription_id: SubscriptionId, body: CancelIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """Now or at the end of what is paid, which a pause does not put off. Nothing is given back for days that are left; what was
    not paid is owed no more where it ends now."""
    return desk.show(await desk.changing.cancel(subscription_id, desk.organization_id, body, if_match.check))


@router.post("/{subscription_id:uuid}/keep", summary="Take back a cancellation", responses=_FORBIDDEN)
async def keep(subscription_id: SubscriptionId, body: ReasonIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """Of one that was to end with its period. Again it changes nothing."""
    return desk.show(await desk.changing.keep(subscription_id, desk.organization_id, body.reason, if_match.check))


@router.post("/{subscription_id:uuid}/release", summary="Let billing go on", responses=_refusals(NotHeld))
async def release(subscription_id: SubscriptionId, body: ReasonIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """Of one that waited for a person. Repeated it is refused, so it needs no key."""
    return desk.show(await desk.changing.release(subscription_id, desk.organization_id, body.reason, if_match.check))


@router.post("/{subscription_id:uuid}/start-anew", summary="Start an unpaid subscription anew", responses=_FORBIDDEN)
async def start_anew(subscription_id: SubscriptionId, body: ReasonIn, desk: AtDesk, if_match: IfMatch) -> SubscriptionOut:
    """What was owed is forgotten, and a period begins today. Repeated it is refused, so it needs no key."""
    return desk.show(await desk.changing.start_anew(subscription_id, desk.organization_id, body.reason, if_match.check))


@router.post(
    "/{subscription_id:uuid}/retry",
    status_code=202,
    summary="Charge what is owed",
    responses=_refusals(SubscriptionForbids, MethodUnusable),
)
async def retry(subscription_id: SubscriptionId, desk: AtDesk, if_match: IfMatch, _: Idempotent) -> SubscriptionOut:
    """With the method of now. It takes nothing of the tries that are made by themselves."""
    return desk.show(await desk.changing.retry(subscription_id, desk.organization_id, if_match.check))


@router.post("/{subscription_id:uuid}/change", name="change_plan", summary="Change plan or quantity", responses=_TO_CHANGE_PLAN)
async def change_plan(
    subscription_id: SubscriptionId, body: PlanChangeIn, desk: AtDesk, if_match: IfMatch, _: Idempotent
) -> SubscriptionOut:
    """The days that are left are credited at the old terms and charged at the new ones, with the next period.

    A plan with other periods begins one today, which the credit pays first. Deliveries change with the next period.
    """
    return desk.show(await desk.plans.change(subscription_id, desk.organization_id, body, if_match.check))


@router.put(
    "/{subscription_id:uuid}/skips/{start_on}",
    name="skip",
    summary="Skip a delivery",
    responses=_refusals(SubscriptionForbids, NothingDelivered, NotAPeriodStart, PeriodBilled),
)
async def skip(subscription_id: SubscriptionId, start_on: FirstDay, desk: AtDesk) -> SubscriptionOut:
    """Of a coming period, which is not charged either. Again it changes nothing."""
    return desk.show(await desk.changing.skip(subscription_id, desk.organization_id, start_on))


@router.delete(
    "/{subscription_id:uuid}/skips/{start_on}",
    name="unskip",
    summary="Take a delivery up again",
    responses=_refusals(SkipNotFound, PeriodBilled),
)
async def unskip(subscription_id: SubscriptionId, start_on: FirstDay, desk: AtDesk) -> SubscriptionOut:
    """As long as its period has not begun."""
    return desk.show(await desk.changing.unskip(subscription_id, desk.organization_id, start_on))


@router.get("/{subscription_id:uuid}/dunning", summary="Read what is done about unpaid periods", responses=_refusals())
async def dunning(subscription_id: SubscriptionId, organization_id: ReadableOrganization, db: ReadDb) -> list[DunningRunOut]:
    """The newest first; at most 100."""
    one = await subscription_of(SubscriptionReader(db), subscription_id, organization_id)
    return [DunningRunOut.model_validate(run) for run in await DunningReader(db).runs(one.id)]


@router.get("/{subscription_id:uuid}/notices", summary="List notices of debits", responses=_refusals())
async def notices(subscription_id: SubscriptionId, organization_id: ReadableOrganization, db: ReadDb) -> list[NoticeOut]:
    """That a mandate's holder had before debits. The newest first; at most 100."""
    one = await subscription_of(SubscriptionReader(db), subscription_id, organization_id)
    return [NoticeOut.model_validate(notice) for notice in await NoticeReader(db).of_subscription(one.id)]
