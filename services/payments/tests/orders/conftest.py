"""A shop for each test of orders."""

import pytest_asyncio

from services.payments.tests.shop import Shop, open_shop
from shared.testing.service import ApiClient


@pytest_asyncio.fixture
async def shop(client: ApiClient) -> Shop:
    """A shop in Maharashtra with chairs and tables."""
    return await open_shop(client)
