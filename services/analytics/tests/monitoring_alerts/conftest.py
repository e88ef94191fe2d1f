"""Somebody who is told of alerts. No owner is set, so what they would say is not known."""

import pytest

from services.analytics.settings import AnalyticsSettings

TOLD = "operations@example.com"


@pytest.fixture
def settings(settings: AnalyticsSettings) -> AnalyticsSettings:
    return settings.model_copy(update={"operations_emails": (TOLD,), "runbooks_url": "https://wiki.example/runbooks/"})
