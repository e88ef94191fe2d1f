"""Access that the analytics service has decided on: kept once, and honoured by this service's API."""

import pytest

from shared.contracts.analytics import ApiKeyChanged, OrganizationChanged, TokensRevoked
from shared.runtime.db import Session
from shared.testing.access import HonouredAccess, assert_kept_once
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


@pytest.mark.parametrize("event", [OrganizationChanged, TokensRevoked, ApiKeyChanged])
async def test_event_that_runs_twice_or_late_is_kept_once(event: type, session: Session, run_task: TaskRunner) -> None:
    await assert_kept_once(event, session, run_task)


async def test_what_was_revoked_or_suspended_is_refused_and_a_key_is_let_in(
    service: str, client: ApiClient, run_task: TaskRunner
) -> None:
    await HonouredAccess(service, client, run_task).prove()
