"""Who the tests of the service are."""

import pytest

from services.trips.tests.fleet import Fleet, fleet_of
from shared.testing.service import ApiClient


@pytest.fixture
def fleet(client: ApiClient) -> Fleet:
    """The dispatcher of OURS."""
    return fleet_of(client)
