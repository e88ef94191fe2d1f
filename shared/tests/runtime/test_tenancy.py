"""Whose rows a request means."""

from uuid import UUID

import pytest

from shared.runtime.auth.access import require
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tenancy import (
    BoundToOrganization,
    ForeignOrganization,
    OrganizationMissing,
    optional_organization,
    overseeing,
    required_organization,
)

OURS = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
BOUND = Principal("ours", "user", frozenset(), organization_id=OURS)
UNBOUND = Principal("everybody", "user", frozenset())

_optional = optional_organization(require("trips:read")).dependency
_required = required_organization(require("trips:write")).dependency
_overseer = overseeing(require("trips:read")).dependency


async def test_organization_is_the_callers_own_or_the_one_that_is_named() -> None:
    assert [await _required(BOUND, None), await _required(BOUND, OURS), await _optional(BOUND, None)] == [OURS] * 3
    assert [await _required(UNBOUND, THEIRS), await _optional(UNBOUND, THEIRS)] == [THEIRS] * 2
    assert await _optional(UNBOUND, None) is None


async def test_naming_somebody_elses_is_refused() -> None:
    for organization in (_optional, _required):
        with pytest.raises(ForeignOrganization, match="bound to another organization"):
            await organization(BOUND, THEIRS)


async def test_writing_for_nobody_is_refused() -> None:
    with pytest.raises(OrganizationMissing, match="name one"):
        await _required(UNBOUND, None)


async def test_what_concerns_all_organizations_is_for_callers_that_are_bound_to_none() -> None:
    assert await _overseer(UNBOUND) is UNBOUND
    with pytest.raises(BoundToOrganization, match="use a token that is bound to none"):
        await _overseer(BOUND)
