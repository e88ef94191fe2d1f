"""Call-backs that are sent once more when what they said is long gone: signatures of Twilio, for one, never grow old."""

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from services.notifications import callback_deps
from services.notifications.privacy.retention import Removal, Retention
from services.notifications.settings import NotificationsSettings
from services.notifications.suppressions.repository import SuppressionRepository
from services.notifications.tests.callbacks.arrange import ANN, NUMBER, listed, sent
from services.notifications.tests.callbacks.test_intake import EVENTS_KEY, TOKEN, post_sendgrid, post_twilio
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import published
from shared.testing.service import ApiClient

DAY = timedelta(days=1)


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    spki = EVENTS_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = {
        "sendgrid_event_key": base64.b64encode(spki).decode(),
        "twilio_auth_token": TOKEN,
        "backend_url": "https://api.example.com/notifications",
    }
    return NotificationsSettings(**{**settings.model_dump(exclude_unset=True), **own})


async def apply(session: Session, settings: NotificationsSettings, clock: FrozenClock) -> None:
    for message in await published(session, ApplyCallbacks):
        await callback_deps.callback_apply(session, settings, clock).apply(message.event_ids)
    clock.advance(timedelta(seconds=1))


async def later(joined_database: Database, clock: FrozenClock, days: int = 31) -> None:
    """So many days on, when what is old has been removed."""
    clock.advance(days * DAY)
    await Retention(joined_database.unit_of_work, 400, clock, slice_s=30.0).call(Removal(clock()))


def word(said: str) -> dict[str, str]:
    return {"MessageSid": f"SM{said}", "SmsStatus": "received", "From": NUMBER, "Body": said}


@pytest.mark.parametrize("days", [31, 800])
async def test_start_that_comes_again_takes_back_no_later_stop(
    client: ApiClient,
    session: Session,
    joined_database: Database,
    settings: NotificationsSettings,
    clock: FrozenClock,
    days: int,
) -> None:
    statuses = []
    for said in ("START", "STOP"):
        statuses.append(await post_twilio(client, word(said)))
        await apply(session, settings, clock)
    await later(joined_database, clock, days)
    statuses.append(await post_twilio(client, word("START")))
    await apply(session, settings, clock)
    kept = list(await session.scalars(text("SELECT payload FROM provider_events")))

    assert (statuses, await listed(session)) == ([204] * 3, [("opted_out", "global", None, None, NUMBER)])
    assert [bytes(one) for one in kept] == [b"", b""]
    assert await post_twilio(client, {**word("START"), "MessageSid": "SMnew"}) == 204
    await apply(session, settings, clock)
    assert await listed(session) == []


async def test_bounce_that_comes_again_puts_nobody_back_whom_an_operator_has_taken_off(
    client: ApiClient, session: Session, joined_database: Database, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    delivery = await sent(session)
    event = {"event": "bounce", "type": "bounce", "status": "5.1.1", "email": ANN, "ref": str(delivery), "sg_event_id": "e1"}
    assert await post_sendgrid(client, [event]) == 204
    await apply(session, settings, clock)
    [entry] = await session.scalars(text("SELECT id FROM suppressions"))
    await SuppressionRepository(session).remove([entry], by="ann", why="it works again", at=clock())
    await later(joined_database, clock)
    assert await post_sendgrid(client, [event]) == 204
    await apply(session, settings, clock)

    assert await listed(session) == []
