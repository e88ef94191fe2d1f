"""The sandbox's SMS providers."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.notifications.tests.sms.sms_server import SmsServer, sms_server_with


@pytest_asyncio.fixture
async def server() -> AsyncIterator[SmsServer]:
    """The stand-ins of this test's own."""
    async with sms_server_with() as started:
        yield started
