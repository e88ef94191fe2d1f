"""Unsubscribing by a mail to the address of List-Unsubscribe: what one click does, and nobody can do it for another."""

import re
from email.message import EmailMessage
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.callbacks.unsubscribe_mail import read_unsubscribe_mail, unsubscribed_delivery
from services.notifications.callbacks.verp import UnsubscribeAddresses
from services.notifications.tests.callbacks import mails
from services.notifications.tests.callbacks.arrange import OURS, applying_of, listed, sent, standing, states, store
from services.notifications.tests.callbacks.mails import DELIVERY, INBOUND
from services.notifications.tests.callbacks.test_intake import post_mail
from services.notifications.tests.deliveries.arrange import delivery, know_person, publish_template, templated
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient

ASHA: Final = "payments.customer:42"
ADDRESS: Final = "asha@example.com"
OWN: Final = INBOUND.unsubscribes.for_delivery(DELIVERY)
FORGED: Final = UnsubscribeAddresses("bounce@bounces.example.com", {"k1": b"a-strangers-secret"}).for_delivery(DELIVERY)
MAIL_TOKEN: Final = "a-bearer-token-for-mail"
CHOICES: Final = "SELECT person, category, channel, choice FROM preferences"
CHANGES: Final = "SELECT person, category, before, after, source, actor FROM preference_changes ORDER BY changed_at, id"


async def rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(statement))]


def wish(*headers: str) -> bytes:
    """What a mail program sends; nobody reads what it says."""
    return "\r\n".join(["From: Asha <asha@example.com>", *headers, "Subject: unsubscribe", "", "Sent by a program.", ""]).encode()


@pytest.fixture
def _smtp_environment(request: pytest.FixtureRequest, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """param: a setting that is left out."""
    inbound = {"BOUNCE_ADDRESS": "bounce@bounces.example.com", "BOUNCE_SECRET": MAIL_TOKEN}
    for name, value in {**mail_server.environment, **inbound, "BACKEND_URL": "https://api.example.com/n"}.items():
        if name != getattr(request, "param", None):
            monkeypatch.setenv(name, value)


async def mailed(run_task: TaskRunner, session: Session, mail_server: MailServer, **fields: Any) -> EmailMessage:
    """A mail to Asha as she got it."""
    await publish_template(session)
    await run_task(templated(to_person=ASHA, organization_id=OURS, **fields))
    return await mail_server.newest(ADDRESS)


def mail_to(mail: EmailMessage) -> str:
    """The address at which the mail is declined."""
    [found] = re.findall(r"<mailto:([^?>]+)\?subject=unsubscribe>", "".join(str(mail["List-Unsubscribe"]).split()))
    return str(found)


@pytest.mark.usefixtures("settings_of_the_process")
async def test_mail_to_the_address_that_a_mail_names_does_what_one_click_does(
    run_task: TaskRunner, client: ApiClient, session: Session, mail_server: MailServer
) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    mail = await mailed(run_task, session, mail_server, category="marketing")
    raw = wish(f"To: <{mail_to(mail)}>")
    taken = [await post_mail(client, raw, MAIL_TOKEN) for _ in range(2)]
    [apply] = await published(session, ApplyCallbacks)
    for _ in range(2):
        await run_task(apply)
    next_id = uuid7()
    await run_task.run([templated(to_person=ASHA, organization_id=OURS, category="marketing")], ids=[next_id])

    assert taken == [204, 204]
    assert await rows(session, CHOICES) == [(ASHA, "marketing", "email", "off")]
    assert await rows(session, CHANGES) == [(ASHA, "marketing", None, "off", "mail", "recipient")]
    assert await listed(session) == [("unsubscribed", "category", OURS, "marketing", ADDRESS)]
    assert (await delivery(session, next_id)).reason == "suppressed"
    assert len(await mail_server.mails(ADDRESS)) == 1


async def test_mail_offers_both_ways_and_one_click_is_the_one_over_https(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    mail = await mailed(run_task, session, mail_server, category="marketing")
    ways = re.findall(r"<([a-z]+):", str(mail["List-Unsubscribe"]))

    assert (ways, mail["List-Unsubscribe-Post"]) == (["https", "mailto"], "List-Unsubscribe=One-Click")
    assert len(mail_to(mail).partition("@")[0]) <= 64


async def test_what_cannot_be_declined_names_no_address(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    mail = await mailed(run_task, session, mail_server, category="orders")

    assert "List-Unsubscribe" not in mail


@pytest.mark.parametrize("_smtp_environment", ["BOUNCE_ADDRESS", "BOUNCE_SECRET"], indirect=True)
async def test_no_address_is_named_where_no_mail_comes_in(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    mail = await mailed(run_task, session, mail_server, category="marketing")

    assert re.findall(r"<([a-z]+):", str(mail["List-Unsubscribe"])) == ["https"]


async def test_made_up_addresses_and_strangers_are_refused_and_change_nothing(client: ApiClient, session: Session) -> None:
    await sent(session, id=DELIVERY)

    codes = [
        await post_mail(client, wish(f"To: {FORGED}"), MAIL_TOKEN),
        await post_mail(client, wish("To: x@example.com", f"Delivered-To: {FORGED}"), MAIL_TOKEN),
        await post_mail(client, wish(f"To: {OWN}"), "a-guess"),
        (await client.get("/v1/callbacks/bounce-mail")).status_code,
    ]

    assert codes == [403, 403, 401, 405]
    assert (await states(session), await rows(session, CHANGES)) == ([], [])


@pytest.mark.parametrize("name", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_address_is_read_where_recipients_are_named(name: str) -> None:
    raw = wish("X: y", f"{name}: Waybill\r\n <{OWN.upper().replace('EXAMPLE.COM', 'example.com')}>")
    [fact] = read_unsubscribe_mail(raw, INBOUND.unsubscribes)

    assert (fact.told.kind, fact.delivery_id, fact.recipient) == ("unsubscribed", DELIVERY, None)


@pytest.mark.parametrize("header", [f"List-Unsubscribe: <mailto:{OWN}>", f"References: <{OWN}>", f"Subject: {OWN}"])
def test_mail_of_ours_that_somebody_sends_back_declines_nothing(header: str) -> None:
    assert read_unsubscribe_mail(wish("To: bounce@bounces.example.com", header), INBOUND.unsubscribes) == []
    assert unsubscribed_delivery(wish(header.replace(OWN, FORGED)), INBOUND.unsubscribes) == (None, False)


@pytest.mark.parametrize(
    "raw",
    [
        mails.failed(ADDRESS, OWN),
        mails.mail(mails.HOLIDAY),
        wish(f"To: {INBOUND.bounces.for_delivery(DELIVERY)}"),
        wish("To: x@example.com") + OWN.encode(),
    ],
)
async def test_reports_and_mails_to_another_address_are_no_wish(session: Session, clock: FrozenClock, raw: bytes) -> None:
    await sent(session, id=DELIVERY)
    await applying_of(session, clock, INBOUND).apply([await store(session, "bounce_mail", raw, at=MONDAY_MORNING)])

    assert (await rows(session, CHANGES), await listed(session)) == ([], [])


async def test_address_of_nobody_known_is_declined_by_mail_for_its_category_and_organization(
    session: Session, clock: FrozenClock
) -> None:
    await sent(session, ADDRESS, id=DELIVERY)
    await applying_of(session, clock, INBOUND).apply([await store(session, "bounce_mail", wish(f"To: {OWN}"), at=MONDAY_MORNING)])

    assert await listed(session) == [("unsubscribed", "category", OURS, "marketing", ADDRESS)]
    assert await standing(session, DELIVERY) == (None, ["unsubscribed"])
