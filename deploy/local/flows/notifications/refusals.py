"""Who must not be written to: addresses that bounce, people who say STOP, people who unsubscribe; and a campaign among them."""

import re

from deploy.local.flows.notifications.cast import AMAZON, PLAIN, SENDGRID
from deploy.local.flows.notifications.chapter import Chapter, Delivery
from deploy.local.flows.notifications.people import READERS, STOPPER
from deploy.local.flows.notifications.requests import sendgrid_personalization
from deploy.local.flows.notifications.sends import NEWSLETTER
from deploy.local.polling import read
from shared.contracts.notifications import BulkRecipient, SendBulkEmail, SendEmail, SendSms

_BOUNCES, _UNSUBSCRIBES = READERS[1], READERS[2]


async def play_readers(chapter: Chapter) -> None:
    """The readers of SendGrid's organization, and then a campaign to all of them."""
    await _bounce(chapter)
    await _unsubscribe(chapter)
    await _unsubscribe_by_mail(chapter)
    await _campaign(chapter)


async def _bounce(chapter: Chapter) -> None:
    address, ours = chapter.cast.email(_BOUNCES), chapter.cast.organizations[SENDGRID]
    await chapter.world.rule("sendgrid", address, "bounce")
    mail = SendEmail(to_email=address, subject="Your parcel", body="It is here.", organization_id=ours)
    await chapter.ends(
        await chapter.send(mail), "SendGrid calls back that it bounced", "email sent by demo-sendgrid, bounced_hard"
    )
    await chapter.is_suppressed(address, "a call-back of a bounce puts the address on the suppression list", "hard_bounce")
    await chapter.ends(await chapter.send(mail), "the next mail to the address is not sent", "email dropped: suppressed")


async def _unsubscribe(chapter: Chapter) -> None:
    person, ours = chapter.cast.customer(_UNSUBSCRIBES), chapter.cast.organizations[SENDGRID]
    mail = SendBulkEmail(
        email_list=[BulkRecipient(to_person=person)],
        common_context=dict(NEWSLETTER),
        template_name="campaign_newsletter",
        organization_id=ours,
    )
    delivered = "email sent by demo-sendgrid, delivered"
    for first in await chapter.ends(await chapter.send(mail), "a newsletter with a link to unsubscribe", delivered):
        link = await _way(chapter, first, r"<(https?://[^>\s]+)>")
        # As a mail program does it (RFC 8058): without opening the page, and without anybody's login.
        answer = await chapter.world.sandbox.post(link, data={"List-Unsubscribe": "One-Click"}) if link else None
        chapter.check("one-click unsubscribe by the mail's own header is taken", answer and answer.status_code, 200)
    await chapter.ends(await chapter.send(mail), "the next newsletter is not sent", "email dropped: suppressed")


async def _unsubscribe_by_mail(chapter: Chapter) -> None:
    address, ours = chapter.cast.email("writes-back"), chapter.cast.organizations[SENDGRID]
    mail = SendBulkEmail(
        email_list=[BulkRecipient(to_email=address)],
        common_context=dict(NEWSLETTER),
        template_name="campaign_newsletter",
        organization_id=ours,
    )
    delivered = "email sent by demo-sendgrid, delivered"
    for first in await chapter.ends(await chapter.send(mail), "a newsletter to a bare address", delivered):
        to = await _way(chapter, first, r"<mailto:([^?>]+)\?subject=unsubscribe>")
        wish = f"From: {address}\r\nTo: {to}\r\nSubject: unsubscribe\r\n\r\n"
        await _hand_over(chapter, wish.encode(), "a mail to the address that the header names is taken")
        await chapter.is_suppressed(address, "it unsubscribes the address", "unsubscribed")
    await chapter.ends(await chapter.send(mail), "the next newsletter to it is not sent", "email dropped: suppressed")


async def _way(chapter: Chapter, delivery: Delivery, form: str) -> str | None:
    """One of the ways to unsubscribe that the header names, as SendGrid was given it."""
    found = await sendgrid_personalization(chapter.world.sandbox, delivery)
    match = re.search(form, found.get("headers", {}).get("List-Unsubscribe", "")) if found else None
    return match[1] if match else None


async def _campaign(chapter: Chapter) -> None:
    api, whose = chapter.world.api, {"organization_id": str(chapter.cast.organizations[SENDGRID])}
    planned = {
        "name": "December",
        "channel": "email",
        "template_name": "campaign_newsletter",
        "context": NEWSLETTER,
        "segment": {"reference_prefix": "payments.customer:"},
    }
    headers = {"Idempotency-Key": f"demo-{chapter.cast.run}"}
    drafted = (await api.post("/v1/campaigns", params=whose, json=planned, headers=headers)).raise_for_status()
    path = drafted.headers["Location"]
    (await api.post(f"{path}/start", params=whose)).raise_for_status()

    async def progress() -> dict[str, int]:
        counts = (await read(api, path))["progress"]
        return {name: counts[name] for name in ("total", "sent", "dropped", "delivered")}

    expected = {"total": len(READERS), "sent": len(READERS) - 2, "dropped": 2, "delivered": len(READERS) - 2}
    found = await chapter.world.wait(progress, lambda counts: counts == expected)
    chapter.check("a campaign passes over who bounced and who unsubscribed", found, expected, _in_words(found))


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


async def play_stop(chapter: Chapter) -> None:
    """STOP by SMS, and START again."""
    number = chapter.cast.phone(2)
    sms = SendSms(to_phone=number, body="Your parcel arrives today.", organization_id=chapter.cast.organizations[PLAIN])
    delivered = "sms sent by twilio, delivered"
    await chapter.ends(await chapter.send(sms), f"{STOPPER} gets an SMS", delivered)
    await _answer(chapter, number, "STOP")
    await chapter.is_suppressed(number, "STOP puts the number on the suppression list", "opted_out", channel="sms")
    await chapter.ends(await chapter.send(sms), "after STOP nothing is sent", "sms dropped: suppressed")
    await _answer(chapter, number, "START")
    await chapter.is_suppressed(number, "START takes it off again", None, channel="sms")
    await chapter.ends(await chapter.send(sms), "after START the next SMS arrives", delivered)


async def _answer(chapter: Chapter, number: str, text: str) -> None:
    (await chapter.world.sandbox.post("/twilio/answers", json={"sender": number, "text": text})).raise_for_status()


async def play_bounce_mail(chapter: Chapter) -> None:
    """A mail that a far server takes and sends back, by SMTP and by Amazon SES."""
    address = chapter.cast.email("returned")
    await chapter.world.rule("smtp", address, "bounce_later", seconds=0)
    mail = SendEmail(to_email=address, subject="Return", body="Hello.", organization_id=chapter.cast.organizations[PLAIN])
    sent = await chapter.send(mail)
    if await _hand_over_bounce(chapter, sent.hex):
        await chapter.ends(sent, "its bounce comes back as a mail", "email sent by smtp, bounced_hard")
        await chapter.ends(await chapter.send(mail), "the next mail to the address is not sent", "email dropped: suppressed")
    amazon = chapter.cast.email("vanished")
    await chapter.world.rule("ses", amazon, "bounce")
    mail = SendEmail(to_email=amazon, subject="Return", body="Hello.", organization_id=chapter.cast.organizations[AMAZON])
    await chapter.ends(await chapter.send(mail), "SES tells of the bounce through SNS", "email sent by demo-ses, bounced_hard")


async def _hand_over_bounce(chapter: Chapter, delivery: str) -> bool:
    """Give the bounce that has come to the mail's own address to notifications, as the mail server of that address does."""

    async def ask() -> list[dict[str, object]]:
        found = await read(chapter.world.sandbox, "/mail", {"to": f"bounce+{delivery}.*"})
        return list(found["items"])

    found = await chapter.world.wait(ask, bool)
    if not found:
        chapter.check("a bounce comes to the mail's own bounce address", "nothing", "a mail")
        return False
    mail = await chapter.world.sandbox.get(f"/mail/{found[0]['id']}/raw")
    return await _hand_over(chapter, mail.content, "the bounce mail is taken")


async def _hand_over(chapter: Chapter, mail: bytes, claim: str) -> bool:
    """Give a mail to notifications, as the mail server of BOUNCE_ADDRESS does."""
    headers = {"Authorization": f"Bearer {chapter.world.environment['BOUNCE_SECRET']}", "Content-Type": "message/rfc822"}
    url = f"{chapter.world.environment['BACKEND_URL']}/v1/callbacks/bounce-mail"
    answer = await chapter.world.sandbox.post(url, content=mail, headers=headers)
    chapter.check(claim, answer.status_code, 204)
    return answer.is_success
