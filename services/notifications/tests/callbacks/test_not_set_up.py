"""Providers of which no key is set."""

import pytest

from services.notifications.settings import NotificationsSettings
from shared.testing.service import ApiClient

KEYS = ("sendgrid_event_key", "twilio_auth_token", "msg91_callback_secret", "bounce_secret")


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={**dict.fromkeys(KEYS), "sns_topic_arns": ()})


@pytest.mark.parametrize("path", ["sendgrid", "sns", "twilio", "msg91/anything", "bounce-mail"])
async def test_provider_that_is_not_set_up_is_not_found_there(client: ApiClient, path: str) -> None:
    answer = await client.post(f"/v1/callbacks/{path}", content=b"[]")

    assert (answer.status_code, answer.json()["code"]) == (404, "callback_not_set_up")
