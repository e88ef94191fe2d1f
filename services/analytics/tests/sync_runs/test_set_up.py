"""The carrier's feed is set up as a whole, or not at all."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.analytics.settings import AnalyticsSettings
from services.analytics.tests.sync_runs.conftest import OURS

FEED = {
    "carrier_url": "https://carrier.example",
    "carrier_api_key": SecretStr("a-key"),
    "carrier_organization_id": OURS,
    "carrier_recipients": ("customs@example.com",),
}


def read(feed: dict[str, Any]) -> AnalyticsSettings:
    usual = {"database_url": SecretStr("postgresql://a:b@db/waybill"), "redis_url": SecretStr("redis://a:b@broker/0")}
    return AnalyticsSettings.model_validate(usual | {"auth_jwks": "https://waybill.example/jwks.json"} | feed)


@pytest.mark.parametrize("missing", ["carrier_api_key", "carrier_organization_id", "carrier_recipients"])
def test_feed_without_one_of_its_settings_stops_the_start_with_a_sentence_that_names_them(missing: str) -> None:
    with pytest.raises(ValidationError, match=f"CARRIER_URL needs .*{missing.upper()}.*: set them, or none of the four"):
        read({name: value for name, value in FEED.items() if name != missing})


def test_feed_that_is_set_up_or_not_wanted_at_all_starts() -> None:
    assert read(FEED).carrier_url == "https://carrier.example"
    assert read({}).carrier_url is None
