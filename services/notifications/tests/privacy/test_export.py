"""GET /v1/people/{reference}/export: all that is held about a person."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.notifications.deps import address_hasher
from services.notifications.privacy.export import PersonExport
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.campaigns.arrange import OURS, publish_offer, running
from services.notifications.tests.privacy.arrange import ASHA, EMAIL, NOW, know_asha, move_asha
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient


async def exported(client: ApiClient) -> dict[str, Any]:
    answer = await client.as_role("operator", organization_id=OURS).get(f"/v1/people/{ASHA}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


async def test_export_has_everything_that_any_table_says(
    client: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    await know_asha(session, address_hasher(settings))
    await publish_offer(session)
    campaign = await running(session, clock)

    found = await exported(client)

    assert {name: len(rows) for name, rows in found.items() if name != "exported_at"} == {
        "person": 1,
        "deliveries": 4,
        "in_app": 1,
        "digests": 1,
        "digest_window": 1,
        "preferences": 2,
        "preference_sheet": 1,
        "preference_changes": 2,
        "suppressions": 1,
        "suppression_removals": 1,
        "campaigns": 1,
    }
    assert found["exported_at"] == clock().isoformat()
    assert (found["person"][0]["email"], found["campaigns"][0]["id"]) == (EMAIL, str(campaign.id))
    timelines = {one["subject"] or one["channel"]: one for one in found["deliveries"] if one["status"] in ("sent", "failed")}
    assert timelines["Hello Asha"]["attempts"][0]["detail"] == "OK for Asha Rao"
    assert timelines["Hello Asha"]["events"][0]["kind"] == "delivered"
    assert timelines["sms"]["error"] == "Asha Rao is away"


async def test_export_has_what_went_to_former_addresses(
    client: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    await know_asha(session, address_hasher(settings))
    before = await exported(client)
    await move_asha(session)

    found = await exported(client)

    assert found["person"][0]["email"] == NOW[0]
    assert {name: len(rows) for name, rows in found.items() if name != "exported_at"} == {
        name: len(rows) for name, rows in before.items() if name != "exported_at"
    }
    assert [one["address"] for one in found["suppressions"]] == [EMAIL]


async def test_export_of_many_deliveries_comes_in_parts_and_is_one_json_document(
    session: Session, joined_database: Database, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    await know_asha(session, address_hasher(settings))
    many = text("""
        INSERT INTO deliveries (id, organization_id, channel, to_person, subject, status, created_at, finished_at)
        SELECT gen_random_uuid(), :ours, 'email', :asha, 'Hello', 'sent', now(), now() FROM generate_series(1, 2500)
    """)
    await session.execute(many, {"ours": OURS, "asha": ASHA})

    export = PersonExport(joined_database, address_hasher(settings), clock)
    parts = [part async for part in await export.begin(ASHA, OURS)]

    found = json.loads(b"".join(parts))
    assert len({one["id"] for one in found["deliveries"]}) == 2504
    assert max(len(part) for part in parts) < 1_000_000


async def test_nobody_exports_another_organizations_people_or_somebody_who_was_erased(
    client: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    await know_asha(session, address_hasher(settings))
    path = f"/v1/people/{ASHA}/export"
    ours, theirs = (client.as_role("operator", organization_id=UUID(int=number)) for number in (5, 6))
    foreign, anonymous = await theirs.get(path), await client.get(path)
    await ours.delete(f"/v1/people/{ASHA}")
    erased = await ours.get(path)

    assert [one.status_code for one in (foreign, anonymous, erased)] == [404, 401, 404]
