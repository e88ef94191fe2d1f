"""Messages of unknown names: parked, dead after an hour, and replayed once the handler is deployed, however often that takes."""

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from shared.runtime import broker
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, Session
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.relay import junk
from shared.runtime.wire import Parcel, envelopes
from shared.testing.service import ApiClient
from shared.tests.operations.conftest import Query

API = "/v1/operations"


@pytest.fixture
def entry() -> bytes:
    """What a worker pushes to the junk list for a name that it does not know."""
    parcel = Parcel(uuid7(), "alerts.greet_moon", "alerts.default", "trips", system_clock(), 1, "c", "", '{"phase": "full"}')
    ((_, envelope, _),) = envelopes([parcel], {})
    return orjson.dumps({"raw": envelope.decode(), "reason": "unknown_task", "error": "no such task", "lane": "alerts.default"})


async def test_message_of_an_unknown_name_has_a_letter_after_every_hour_in_vain(
    entry: bytes, admin: ApiClient, app_database: Database, session: Session, redis: Redis, settings: HttpSettings, query: Query
) -> None:
    async def arrives() -> None:
        await redis.lpush(broker.junk_key("alerts"), entry)
        assert await junk.file(app_database, redis, settings) == 1

    async def after_an_hour() -> None:
        await session.execute(text("UPDATE inbox SET received_at = now() - interval '61 minutes', state = 3"))

    for died in (1, 2):
        await arrives()
        assert await query("SELECT count(*) AS open FROM dead_letters WHERE status = 'open'") == [{"open": 0}], "parked first"
        await after_an_hour()
        await arrives()

        (letter,) = (await admin.get(f"{API}/dead-letters")).json()["items"]
        shown = (await admin.get(f"{API}/dead-letters/{letter['id']}", params={"include": "body"})).json()
        assert (shown["reason"], shown["name"], shown["body"]) == ("unknown_task", "alerts.greet_moon", {"phase": "full"})
        replayed = await admin.post(f"{API}/dead-letters/{letter['id']}/replay", json={"note": f"deployed, try {died}"})
        assert replayed.status_code == 200
        await session.execute(text("UPDATE inbox SET state = 3"))

    assert await query("SELECT state, body->>'phase' AS phase FROM inbox") == [{"state": 3, "phase": "full"}]
