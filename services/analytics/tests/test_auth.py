"""Who may write for whom, and who may see to what concerns all organizations."""

from uuid import UUID

import pytest

from services.analytics.auth import (
    BoundToOrganization,
    ForeignOrganization,
    OrganizationMissing,
    overseeing_reader,
    overseeing_writer,
    writable_organization,
)
from shared.runtime.auth.principal import Principal

OURS = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
BOUND = Principal("ours", "user", frozenset(), organization_id=OURS)
UNBOUND = Principal("everybody", "user", frozenset())


def test_organization_that_is_written_is_the_callers_own_or_the_one_that_is_named() -> None:
    assert writable_organization(BOUND) == writable_organization(BOUND, OURS) == OURS
    assert writable_organization(UNBOUND, THEIRS) == THEIRS


def test_writing_for_nobody_or_somebody_else_is_refused() -> None:
    with pytest.raises(OrganizationMissing, match="name one"):
        writable_organization(UNBOUND)
    with pytest.raises(ForeignOrganization, match="bound to another organization"):
        writable_organization(BOUND, THEIRS)


def test_what_concerns_all_organizations_is_for_callers_that_are_bound_to_none() -> None:
    assert overseeing_reader(UNBOUND) is overseeing_writer(UNBOUND) is UNBOUND
    for oversee in (overseeing_reader, overseeing_writer):
        with pytest.raises(BoundToOrganization, match="use a token that is bound to none"):
            oversee(BOUND)
