"""What notifications fetches from its owner when it is needed: the PDF of an invoice, the trips of a digest.

The invoice is one of payments and the trip one of trips, both made for the run.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4, uuid5

import httpx

from deploy.local.flows.notifications.cast import PLAIN
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.flows.notifications.driven_trip import drive
from deploy.local.flows.notifications.people import CUSTOMER
from deploy.local.polling import ask_until, read
from shared.contracts.money import Money
from shared.contracts.notifications import SendDailyDigest, SendHourlyDigest, SendInvoiceEmail, SendOrderReminder

_TOTAL = Money(amount_minor=249_900, currency="INR")


async def play(chapter: Chapter) -> None:
    """An invoice with its PDF, one whose PDF nobody has, a digest with the day's trips, and one of an hour."""
    await _send_invoice(chapter)
    driver = await _send_digest(chapter)
    await _send_hourly_digest(chapter, driver)


async def _send_invoice(chapter: Chapter) -> None:
    async with chapter.world.stack.api("payments") as payments:
        invoice = await _issue(chapter, payments)
        pdf = (await payments.get(f"/v1/invoices/{invoice['id']}/pdf")).content
    sent = await chapter.send(_invoice(chapter, invoice["id"], invoice["number"]))
    missing = await chapter.send(_invoice(chapter, f"{invoice['id']}_missing", f"{invoice['number']}-0"))
    for delivery in await chapter.ends(sent, "an e-mail with a PDF, which payments serves", "email sent by smtp"):
        arrived = await _attached(chapter, delivery)
        chapter.check("send_invoice_email: the PDF arrives byte for byte", arrived == pdf, True, f"{len(pdf)} bytes")
    for given_up in await chapter.ends(missing, "without a PDF it is given up", "email failed: bad_content"):
        said = "payments.invoice: its owner answered 404; is it issued, and is its id right?"
        chapter.check("send_invoice_email: and says why", given_up["error"], said)


async def _issue(chapter: Chapter, payments: httpx.AsyncClient) -> Any:
    """An invoice to somebody without an address, so that payments sends no mail about it itself; once its PDF is there."""
    whose = {"organization_id": str(chapter.cast.organizations[PLAIN])}

    async def write(path: str, body: Any = None) -> Any:
        answer = await payments.post(path, params=whose, json=body, headers={"Idempotency-Key": str(uuid4())})
        return answer.raise_for_status().json()

    await write("/v1/legal-entities", {"name": "Demonstration", "address": {"line1": "14 MG Road", "city": "Pune"}})
    line = {"description": "Seen by nobody but the mailbox", "quantity": 1, "unit_price_minor": _TOTAL.amount_minor}
    buyer = {"name": "Ann Pillai", "address": {"line1": "14 Hill Road", "city": "Mumbai"}}
    draft = await write("/v1/invoices", {"buyer": buyer, "lines": [line]})
    issued = await write(f"/v1/invoices/{draft['id']}/issue")

    async def ask() -> int:
        return (await payments.get(f"/v1/invoices/{issued['id']}/pdf")).status_code

    await ask_until(ask, lambda status: status == httpx.codes.OK)
    return issued


def _invoice(chapter: Chapter, invoice_id: str, number: str) -> SendInvoiceEmail:
    return SendInvoiceEmail(
        to_person=chapter.cast.customer(CUSTOMER),
        organization_id=chapter.cast.organizations[PLAIN],
        invoice_id=invoice_id,
        invoice_number=number,
        total=_TOTAL,
        issued_on=datetime.now(UTC).date(),
    )


async def _attached(chapter: Chapter, delivery: Any) -> bytes | None:
    """What is attached to a mail in the sandbox's mailbox."""
    listed = await read(chapter.world.sandbox, "/mail", {"message_id": delivery["message_id_header"]})
    if not listed["items"]:
        return None
    answer = await chapter.world.sandbox.get(f"/mail/{listed['items'][0]['id']}/attachments/0")
    return answer.content if answer.is_success else None


async def _send_digest(chapter: Chapter) -> str:
    """A reminder that the driver wants daily is told of in the digest, beside the day's trips. Returns the driver."""
    trip = await drive(chapter)
    await _wants_reminders(chapter, trip.driver, "daily")
    reminder = await chapter.send(_reminder(chapter, trip.driver, "1043"))
    await chapter.ends(reminder, "what is wanted daily is collected", "email dropped: digested")
    asked = await chapter.send(SendDailyDigest(to_person=trip.driver, digest_on=trip.day))
    made = await chapter.ends(
        uuid5(asked, "email"),
        "one mail on the day, whose trips trips has",
        "email sent by smtp",
        task="send_daily_digest",
    )
    text = await _text(chapter, made[0]) if made else ""
    told = {word: word in text for word in (trip.number, "18 km driven", "IN-1043")}
    chapter.check(
        "send_daily_digest: it tells of the trip and of the reminder", all(told.values()) or told, True, ", ".join(told)
    )
    return trip.driver


async def _send_hourly_digest(chapter: Chapter, driver: str) -> None:
    """Two reminders that the driver wants hourly are told of in one mail; it is asked for now, and not waited for."""
    await _wants_reminders(chapter, driver, "hourly")
    for order in ("1044", "1045"):
        reminder = await chapter.send(_reminder(chapter, driver, order))
        await chapter.ends(reminder, "what is wanted hourly is collected", "email dropped: digested")
    asked = await chapter.send(SendHourlyDigest(to_person=driver))
    made = await chapter.ends(uuid5(asked, "email"), "one mail on the hour", "email sent by smtp", task="send_hourly_digest")
    text = await _text(chapter, made[0]) if made else ""
    told = {word: word in text for word in ("IN-1044", "IN-1045")}
    chapter.check("send_hourly_digest: it tells of both reminders", all(told.values()) or told, True, ", ".join(told))


def _reminder(chapter: Chapter, driver: str, order: str) -> SendOrderReminder:
    return SendOrderReminder(
        to_person=driver,
        organization_id=chapter.cast.organizations[PLAIN],
        order_id=order,
        order_number=f"IN-{order}",
        action="sign the hand-over",
    )


async def _wants_reminders(chapter: Chapter, driver: str, choice: str) -> None:
    """As soon as notifications knows the driver, of whom trips tells it."""

    async def ask() -> int:
        return (await chapter.world.api.get(f"/v1/people/{driver}")).status_code

    await ask_until(ask, lambda status: status == httpx.codes.OK)
    path = f"/v1/people/{driver}/preferences"
    tag = (await chapter.world.api.get(path)).raise_for_status().headers["ETag"]
    wanted = {"choices": [{"category": "reminders", "channel": "email", "choice": choice}]}
    (await chapter.world.api.put(path, json=wanted, headers={"If-Match": tag})).raise_for_status()


async def _text(chapter: Chapter, delivery: Any) -> str:
    listed = await read(chapter.world.sandbox, "/mail", {"message_id": delivery["message_id_header"]})
    mail = await read(chapter.world.sandbox, f"/mail/{listed['items'][0]['id']}")
    return str(mail["text"])
