"""An office for each test of credit that pays subscriptions."""

import pytest_asyncio

from services.payments.tests.subscriptions.arrange import ADA, OURS, Office, have_seller
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient


@pytest_asyncio.fixture
async def office(client: ApiClient, session: Session, clock: FrozenClock, run_task: TaskRunner) -> Office:
    """Of an organization in Maharashtra."""
    await have_seller(session)
    return Office(client.as_role("admin", organization_id=OURS, subject=ADA), session, clock, run_task)
