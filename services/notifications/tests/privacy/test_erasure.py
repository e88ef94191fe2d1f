"""DELETE /v1/people/{reference}: nothing personal is left in any table, and what was declined stays declined."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.campaigns.counts_repository import CountsReader
from services.notifications.campaigns.messages import delivery_id_of
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.deps import address_hasher
from services.notifications.privacy.holdings_repository import HOLDINGS, NOT_PERSONAL
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.campaigns.arrange import ASHA as OPERATOR
from services.notifications.tests.campaigns.arrange import OURS, changes_of, publish_offer, read, row, running, step
from services.notifications.tests.campaigns.arrange import listed as listed_campaign
from services.notifications.tests.privacy.arrange import (
    ASHA,
    BY_PERSON,
    EMAIL,
    FOREIGN,
    NOW,
    PHONE,
    SECRETS,
    UNSEEN,
    WAITING,
    know_asha,
    move_asha,
)
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import DeliveryFinished, SendTemplatedEmail
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, outbox_of
from shared.testing.service import ApiClient

_TABLES = text("SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1")


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def tables(session: Session) -> list[str]:
    return list(await session.scalars(_TABLES))


async def found_in(session: Session, secret: str) -> list[str]:
    """The tables with a row that says it."""
    places = []
    for table in await tables(session):
        hit = text(f"SELECT count(*) FROM {table} WHERE strpos({table}::text, :secret) > 0")  # noqa: S608 - names of our tables
        bytes_hit = text("SELECT count(*) FROM provider_events WHERE strpos(encode(payload, 'escape'), :secret) > 0")
        if await session.scalar(bytes_hit if table == "provider_events" else hit, {"secret": secret}):
            places.append(table)
    return places


async def one(session: Session, statement: str, **bound: Any) -> Any:
    return (await session.execute(text(statement), bound)).one()


async def test_every_table_is_said_to_hold_something_personal_or_nothing(session: Session) -> None:
    told = {one.table for one in HOLDINGS}

    assert told | set(NOT_PERSONAL) == set(await tables(session))
    assert not told & set(NOT_PERSONAL)
    assert [one.table for one in HOLDINGS if one.erased is None and not one.why] == []


async def test_no_table_that_holds_nothing_personal_has_a_column_for_it(session: Session) -> None:
    columns = await session.execute(
        text("""
            SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema()
               AND column_name ~ '^(person|recipient|to_.*|address.*|email.*|phone.*|.*_email|.*_phone)$'
        """)
    )

    assert {table for table, column in columns if column != "to_status"} & set(NOT_PERSONAL) == set()


async def test_nothing_personal_is_left_in_any_table(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    await know_asha(session, address_hasher(settings))
    before = {secret: len(await found_in(session, secret)) for secret in SECRETS}

    erased = await operator.delete(f"/v1/people/{ASHA}")

    assert (erased.status_code, min(before.values()) > 0) == (204, True)
    assert {secret: await found_in(session, secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}


async def test_former_address_is_erased_with_the_person(
    operator: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)
    await publish_offer(session)
    rows = [row(hasher.hash("email", EMAIL), to_email=EMAIL, to_name="Asha Rao")]
    draft = await listed_campaign(session, clock, rows)
    await move_asha(session)

    await operator.delete(f"/v1/people/{ASHA}")

    assert {secret: await found_in(session, secret) for secret in (*SECRETS, *NOW)} == {secret: [] for secret in (*SECRETS, *NOW)}
    suppressed = await one(session, "SELECT address, note, address_hash FROM suppressions")
    assert tuple(suppressed) == (None, None, hasher.hash("email", EMAIL))
    assert await RecipientRepository(session).waiting(draft.id, 10) == []


async def test_former_address_that_somebody_else_has_now_is_left_to_them(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)
    await move_asha(session)
    await session.execute(text("UPDATE people SET email = :email WHERE reference = 'payments.customer:8'"), {"email": EMAIL})

    await operator.delete(f"/v1/people/{ASHA}")

    assert (await one(session, "SELECT address FROM suppressions")).address == EMAIL
    unseen = await one(session, "SELECT to_address FROM deliveries WHERE id = :id", id=UNSEEN)
    own = await one(session, "SELECT to_address FROM deliveries WHERE id = :id", id=BY_PERSON)
    assert (unseen.to_address, own.to_address) == ("Asha.Rao@Example.com", None)


async def test_what_was_declined_and_what_bounced_goes_on_to_count_and_others_lose_nothing(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)

    await operator.delete(f"/v1/people/{ASHA}")

    chosen = (await session.execute(text("SELECT person, category, choice FROM preferences"))).all()
    assert [tuple(row) for row in chosen] == [(ASHA, "marketing", "off")]
    suppressed = await one(session, "SELECT address, address_hash, reason FROM suppressions")
    assert tuple(suppressed) == (None, hasher.hash("email", EMAIL), "hard_bounce")
    theirs = await one(session, "SELECT to_address, subject FROM deliveries WHERE id = :id", id=FOREIGN)
    assert tuple(theirs) == ("old@example.com", "Theirs")
    kept = await one(session, "SELECT status, to_person, to_address FROM deliveries WHERE id = :id", id=BY_PERSON)
    assert tuple(kept) == ("sent", ASHA, None)
    assert (await one(session, "SELECT name FROM people WHERE reference = 'payments.customer:8'")).name == "Ben"
    audit = await one(session, "SELECT actor, action, target, details FROM operations_audit")
    assert tuple(audit) == ("user:test", "people.erase", f"person:{ASHA}", {"deliveries": 4, "dropped": 1})


async def test_what_waits_to_be_sent_is_dropped(operator: ApiClient, session: Session, settings: NotificationsSettings) -> None:
    await know_asha(session, address_hasher(settings))

    await operator.delete(f"/v1/people/{ASHA}")

    waiting = await one(session, "SELECT status, subject, to_address, error FROM deliveries WHERE id = :id", id=WAITING)
    word = await one(session, "SELECT subject_key, reason, cancelled_by FROM cancellations")
    assert tuple(waiting) == ("dropped", None, None, None)
    assert tuple(word) == (f"notifications.delivery:{WAITING}", "the person was erased", "user:test")
    await assert_nothing_published(session, DeliveryFinished)


async def test_campaign_passes_somebody_over_who_was_erased_meanwhile(
    operator: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)
    await publish_offer(session)
    to_all = await running(session, clock)
    rows = [row(hasher.hash("email", EMAIL), to_email=EMAIL, to_name="Asha Rao"), row("b", to_email="b@example.com")]
    draft = await listed_campaign(session, clock, rows)
    to_list = await changes_of(session, clock).start(OPERATOR, draft.id)
    sent = await running(session, clock)
    await step(session, clock, sent, 1)

    await operator.delete(f"/v1/people/{ASHA}")

    totals = [(await read(session, one.id)).total for one in (to_all, to_list, sent)]
    left = [len(await RecipientRepository(session).waiting(one.id, 10)) for one in (to_all, to_list)]
    assert (totals, left) == ([1, 1, 2], [1, 1])
    assert await found_in(session, EMAIL) == []


async def test_campaign_s_message_that_nobody_has_claimed_yet_is_dropped_and_leaves_no_address(
    operator: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock, run_task: TaskRunner
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)
    await publish_offer(session)
    draft = await listed_campaign(session, clock, [row(hasher.hash("email", EMAIL), to_email=EMAIL, to_name="Asha Rao")])
    by_address = await changes_of(session, clock).start(OPERATOR, draft.id)
    by_reference = await running(session, clock)
    for campaign in (by_address, by_reference):
        await step(session, clock, campaign, 1)
    keys = [delivery_id_of(by_address.id, hasher.hash("email", EMAIL)), delivery_id_of(by_reference.id, ASHA)]
    asked = {
        found.id: SendTemplatedEmail.model_validate_json(found.body) for found in await outbox_of(session) if found.id in keys
    }

    await operator.delete(f"/v1/people/{ASHA}")
    handled = await run_task.run([asked[key] for key in keys], ids=keys, lane=NOTIFICATIONS_BULK)
    await session.execute(text("DELETE FROM outbox"))

    assert [found.outcome for found in handled] == ["dropped", "dropped"]
    kept = (
        await session.execute(text("SELECT status, reason, to_address FROM deliveries WHERE id = ANY(:ids)"), {"ids": keys})
    ).all()
    assert [tuple(found) for found in kept] == [("dropped", "cancelled", None)] * 2
    assert {secret: await found_in(session, secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}
    counts = await CountsReader(session).of([by_address.id, by_reference.id])
    assert [counts[one.id].dropped for one in (by_address, by_reference)] == [1, 1]


async def test_dead_letters_and_events_of_others_are_left_as_they_are(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    hasher = address_hasher(settings)
    await know_asha(session, hasher)
    bodies = {
        "theirs": {"to_email": EMAIL, "organization_id": str(UUID(int=6))},
        "a longer address": {"to_email": f"m{EMAIL}", "organization_id": str(OURS)},
        "a longer number": {"to_phone": f"{PHONE}9", "organization_id": str(OURS)},
    }
    for body in bodies.values():
        await session.execute(
            text("INSERT INTO dead_letters (id, reason, body, fingerprint) VALUES (uuidv7(), 'permanent_error', :body, 'left')"),
            {"body": json.dumps(body)},
        )
    added = text("""
        WITH account AS (
            INSERT INTO provider_accounts (id, organization_id, name, kind, channel, config, secret, key_id, updated_at)
            VALUES (uuidv7(), :theirs, 'acme', 'sendgrid', 'email', '{}', '', 'k1', now()) RETURNING id
        )
        INSERT INTO provider_events (id, provider, event_id, received_at, state, settled_at, address_hashes, payload, account_id)
        SELECT uuidv7(), 'sendgrid', 'theirs', now(), 'unmatched', now(), ARRAY[CAST(:hash AS text)], 'theirs', id FROM account
    """)
    await session.execute(added, {"theirs": UUID(int=6), "hash": hasher.hash("email", EMAIL)})

    await operator.delete(f"/v1/people/{ASHA}")

    left = await session.scalars(text("SELECT body FROM dead_letters WHERE status = 'open' AND fingerprint = 'left' ORDER BY id"))
    assert [json.loads(body) for body in left] == list(bodies.values())
    event = await one(session, "SELECT state, payload FROM provider_events WHERE event_id = 'theirs'")
    assert (event.state, bytes(event.payload)) == ("unmatched", b"theirs")


async def test_letter_to_many_loses_the_person_alone_and_waits_for_an_operator_as_before(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    await know_asha(session, address_hasher(settings))
    people = [{"to_email": "b@example.com"}, {"to_email": EMAIL, "to_name": "Asha Rao"}, {"to_email": "c@example.com"}]
    body = {"email_list": people, "template_name": "offer", "organization_id": str(OURS)}
    add = "INSERT INTO dead_letters (id, reason, body, fingerprint) VALUES (uuidv7(), 'permanent_error', :body, :mark)"
    await session.execute(text(add), {"body": json.dumps(body), "mark": "many"})
    alone = {**body, "email_list": [people[1]]}
    await session.execute(text(add), {"body": json.dumps(alone), "mark": "alone"})

    await operator.delete(f"/v1/people/{ASHA}")

    many = await one(session, "SELECT status, body, note FROM dead_letters WHERE fingerprint = 'many'")
    assert (many.status, json.loads(many.body), many.note) == ("open", {**body, "email_list": [people[0], people[2]]}, None)
    only = await one(session, "SELECT status, body, note FROM dead_letters WHERE fingerprint = 'alone'")
    assert tuple(only) == ("discarded", "{}", "the person was erased")


async def test_somebody_with_many_deliveries_is_erased_at_once(
    operator: ApiClient, session: Session, settings: NotificationsSettings
) -> None:
    await know_asha(session, address_hasher(settings))
    many = text("""
        WITH added AS (
            INSERT INTO deliveries (id, organization_id, channel, to_person, to_address, subject, status, created_at, finished_at)
            SELECT gen_random_uuid(), :ours, 'email', :asha, 'x@example.com', 'Hello', 'sent', now(), now()
              FROM generate_series(1, :count) RETURNING id
        )
        INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, detail)
        SELECT id, 1, 'smtp', now(), now(), 'accepted', 'OK' FROM added
    """)
    await session.execute(many, {"ours": OURS, "asha": ASHA, "count": 5000})

    erased = await operator.delete(f"/v1/people/{ASHA}")

    assert (erased.status_code, await found_in(session, "x@example.com")) == (204, [])
