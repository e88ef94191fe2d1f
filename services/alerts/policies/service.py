"""Policies: creating them, publishing versions of them, and saying which one applies to a shipment."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from services.alerts.calendars.models import LAST_DAY
from services.alerts.calendars.service import Calendars
from services.alerts.policies.errors import (
    CustomerWithoutOrganization,
    DefaultsNeedAdmin,
    EffectiveTooEarly,
    FallbackStays,
    PolicyExists,
    PolicyNotFound,
)
from services.alerts.policies.models import Candidate, Content, Policy, Scope, Writer
from services.alerts.policies.repository import PolicyReader, PolicyRepository
from services.alerts.policies.schemas import CandidateOut, Effective, PolicyOut, PolicySummary, VersionOut
from services.alerts.shipments.errors import ShipmentNotFound

MAX_CANDIDATES: Final = 200


class PolicyCatalogue:
    """Reads policies. `organization_id` is whose the caller may see, those for all organizations included; None for anybody's."""

    def __init__(self, policies: PolicyReader) -> None:
        self._policies = policies

    async def summaries(self, policies: Sequence[Policy], *, today: date) -> Sequence[PolicySummary]:
        """Each policy with the version that holds today."""
        found = await self._policies.in_force([policy.id for policy in policies], today)
        in_force = {version.policy_id: VersionOut.model_validate(version) for version in found}
        return [PolicySummary.model_validate(_fields(policy) | {"in_force": in_force.get(policy.id)}) for policy in policies]

    async def show(self, policy_id: UUID, *, organization_id: UUID | None, today: date) -> tuple[PolicyOut, int]:
        """A policy with all its versions, and its entity version. Raises PolicyNotFound."""
        policy = await self._policies.find(policy_id, organization_id=organization_id)
        if policy is None:
            raise _not_found()
        versions = [VersionOut.model_validate(version) for version in await self._policies.versions(policy_id)]
        in_force = next((version for version in versions if version.effective_from <= today), None)
        shown = PolicyOut.model_validate(_fields(policy) | {"in_force": in_force, "versions": versions})
        return shown, policy.version

    async def effective(self, shipment_id: UUID, *, organization_id: UUID | None, as_of: date) -> Effective:
        """Which policy applies to a shipment, as it is now, on a day. Raises ShipmentNotFound."""
        candidates = await self._policies.candidates(shipment_id, as_of, organization_id=organization_id, limit=MAX_CANDIDATES)
        if not candidates:
            raise ShipmentNotFound("there is no shipment with this id; GET /v1/shipments lists them")
        applying = next((one for one in candidates if one.applies), None)
        return Effective(
            shipment_id=shipment_id,
            as_of=as_of,
            policy_id=applying.policy_id if applying else None,
            version_id=applying.version_id if applying else None,
            candidates=[_explained(one) for one in candidates],
        )


class Policies:
    """Writes policies. What was published is never changed; a newer version takes its place from its day on."""

    def __init__(self, reader: PolicyReader, repository: PolicyRepository, calendars: Calendars) -> None:
        self._reader = reader
        self._repository = repository
        self._calendars = calendars

    async def create(self, name: str, scope: Scope, content: Content, *, today: date, writer: Writer) -> UUID:
        """A policy with its first version, and its id.

        Raises PolicyExists, CustomerWithoutOrganization, DefaultsNeedAdmin, EffectiveTooEarly and UnknownCalendar.
        """
        _check(writer, scope.organization_id)
        if scope.customer is not None and scope.organization_id is None:
            raise CustomerWithoutOrganization("name the customer's organization, ?organization_id=…, or leave the customer out")
        effective_from = _day(content, today, newest=None)
        policy_id = await self._repository.create(name, scope, created_by=writer.name)
        if policy_id is None:
            known = await self._reader.with_scope(scope)
            raise PolicyExists(
                "there is a policy for exactly these shipments; publish a version of it: POST /v1/policies/{id}/versions",
                policy_id=known,
            )
        await self._write(policy_id, content, effective_from, writer)
        return policy_id

    async def lock(self, policy_id: UUID, writer: Writer) -> Policy:
        """The policy, so that nobody else publishes a version of it meanwhile. Raises PolicyNotFound and DefaultsNeedAdmin."""
        policy = await self._repository.lock(policy_id, organization_id=writer.organization_id)
        if policy is None:
            raise _not_found()
        _check(writer, policy.organization_id)
        return policy

    async def publish(self, policy: Policy, content: Content, *, today: date, writer: Writer) -> None:
        """The next version of a locked policy. Raises FallbackStays, EffectiveTooEarly and UnknownCalendar."""
        if not content.enabled and _scope(policy).is_everything:
            raise FallbackStays("every other policy falls back to this one, so it cannot be retired; publish other steps instead")
        effective_from = _day(content, today, newest=await self._repository.newest_day(policy.id))
        await self._write(policy.id, content, effective_from, writer)
        await self._repository.bump(policy.id)

    async def _write(self, policy_id: UUID, content: Content, effective_from: date, writer: Writer) -> None:
        if content.calendar is not None:
            await self._calendars.ensure(content.calendar)
        await self._repository.publish(policy_id, content, effective_from, created_by=writer.name)


def _check(writer: Writer, organization_id: UUID | None) -> None:
    if organization_id is None and not writer.writes_defaults:
        raise DefaultsNeedAdmin(
            "policies for all organizations are written with alerts:admin and a token that is bound to none; "
            "for those of one organization, name it: ?organization_id=…"
        )


def _day(content: Content, today: date, *, newest: date | None) -> date:
    earliest = max(today, newest) if newest is not None else today
    day = content.effective_from or earliest
    if day < today:
        raise EffectiveTooEarly(f"effective_from lies in the past, in which alerts were raised already; name {earliest} or later")
    if day < earliest:
        raise EffectiveTooEarly(f"the newest version holds only from {earliest} on; name that day or a later one")
    if day > LAST_DAY:
        raise EffectiveTooEarly(f"effective_from lies after {LAST_DAY}, the last day of every calendar; name an earlier day")
    return day


def _not_found() -> PolicyNotFound:
    return PolicyNotFound("there is no policy with this id; GET /v1/policies lists them")


def _scope(policy: Policy) -> Scope:
    return Scope(policy.organization_id, policy.customer, policy.mode, tuple(policy.for_holds))


def _fields(policy: Policy) -> dict[str, object]:
    return {name: getattr(policy, name) for name in PolicySummary.model_fields if name != "in_force"}


def _explained(one: Candidate) -> CandidateOut:
    return CandidateOut.model_validate(
        {
            "policy_id": one.policy_id,
            "name": one.name,
            "organization_id": one.organization_id,
            "customer": one.customer,
            "mode": one.mode,
            "for_holds": one.for_holds,
            "version_id": one.version_id,
            "number": one.number,
            "applies": one.applies,
            "reason": _reason(one),
        }
    )


def _reason(one: Candidate) -> str:
    if one.applies:
        return "it is the narrowest that is for this shipment"
    if not one.fits_customer:
        return "it is for another customer"
    if not one.fits_mode:
        return "it is for another mode"
    if not one.fits_holds:
        return f"it is for goods under a hold ({', '.join(one.for_holds)}), and none of these is in force"
    if one.version_id is None:
        return "none of its versions holds yet on this day"
    if not one.enabled:
        return "it is retired on this day"
    if not one.fits_status:
        return f"it counts in the statuses {', '.join(one.statuses or ())}, and the shipment is in another"
    return "a narrower one applies"
