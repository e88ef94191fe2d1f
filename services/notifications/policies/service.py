"""Organizations' policies as operators see and change them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

import phonenumbers

from services.notifications.categories.repository import CategoryReader
from services.notifications.locales import canonical
from services.notifications.policies.errors import PolicyUnusable
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyReader, PolicyRepository
from services.notifications.preferences.checks import check_choices
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict


class Policies:
    """Reading policies."""

    def __init__(self, reader: PolicyReader) -> None:
        self._reader = reader

    async def get(self, organization_id: UUID) -> Policy:
        """One that says nothing, at revision 0, where there is none yet."""
        return await self._reader.find(organization_id)


class PolicyChanges:
    """Writing policies."""

    def __init__(self, policies: PolicyRepository, categories: CategoryReader, clock: Clock) -> None:
        self._policies = policies
        self._categories = categories
        self._clock = clock

    async def put(self, policy: Policy, expect: Callable[[int], None], by: str) -> Policy:
        """Replace what the organization has said. expect: refuses a revision that the caller has not seen.

        Raises PolicyUnusable, CategoryLocked, ChoiceImpossible, CategoryUnknown, Conflict, and what `expect` raises.
        """
        assert policy.organization_id is not None, "a policy is an organization's"
        revision = await self._policies.locked_revision(policy.organization_id)
        expect(revision)
        check_choices(policy.choices, await self._categories.seen_by(policy.organization_id))
        checked = replace(_checked(policy), revision=revision)
        kept = await self._policies.put(checked, now=self._clock(), by=by)
        if kept is None:
            raise Conflict("somebody else changed the policy just now; read it and repeat the change on it")
        return replace(checked, revision=kept)


def _checked(policy: Policy) -> Policy:
    """With the locale in its canonical form and no slash at the end of the URL. Raises PolicyUnusable."""
    locale = canonical(policy.locale) if policy.locale is not None else None
    if policy.locale is not None and locale is None:
        raise PolicyUnusable("the locale must be a BCP 47 tag of language, script and region, such as en-IN")
    if policy.time_zone is not None and policy.time_zone not in _time_zones():
        raise PolicyUnusable("the time zone must be a name of the IANA database, such as Asia/Kolkata")
    if policy.country is not None and policy.country not in phonenumbers.SUPPORTED_REGIONS:
        raise PolicyUnusable("the country must be an ISO 3166-1 code of a country that has telephone numbers, such as IN")
    hour, day = policy.throttle_per_hour, policy.throttle_per_day
    if hour is not None and day is not None and day < hour:
        raise PolicyUnusable(
            "throttle_per_day is below throttle_per_hour, which could never be reached; raise the one or lower the other"
        )
    url = policy.frontend_url.rstrip("/") if policy.frontend_url is not None else None
    return replace(policy, locale=locale, frontend_url=url)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
