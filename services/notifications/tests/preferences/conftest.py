"""Somebody of our organization, and a person whom it knows."""

from typing import Final
from uuid import UUID

import pytest
import pytest_asyncio

from services.notifications.preferences.tokens import LinkTokens
from services.notifications.settings import NotificationsSettings
from shared.testing.service import ApiClient

OURS: Final = UUID(int=5)
ASHA: Final = "payments.customer:42"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


@pytest_asyncio.fixture
async def asha(operator: ApiClient) -> str:
    """The reference of a person of our organization, in India."""
    facts = {"name": "Asha Rao", "email": "asha@example.com", "locale": "en-IN", "time_zone": "Asia/Kolkata"}
    assert (await operator.put(f"/v1/people/{ASHA}", json=facts)).status_code == 201
    return ASHA


@pytest.fixture
def tokens(settings: NotificationsSettings) -> LinkTokens:
    """Those of the service."""
    return LinkTokens(settings.signing)
