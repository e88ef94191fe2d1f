"""One message over one channel: by each provider, urgent past a provider that refuses, and to many at once."""

from deploy.local.flows.notifications.cast import AMAZON, PLAIN, SENDGRID
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.flows.notifications.people import CUSTOMER, READERS
from shared.contracts.notifications import (
    BulkRecipient,
    SendBulkEmail,
    SendEmail,
    SendInApp,
    SendSms,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendUrgentEmail,
)

NEWSLETTER = {"headline": "What is new in December", "intro": "Three short stories."}


async def play(chapter: Chapter) -> None:
    """To one by each channel, then to many."""
    await _by_mail(chapter)
    await _by_sms_and_in_the_app(chapter)
    await _to_many(chapter)


async def _by_mail(chapter: Chapter) -> None:
    cast = chapter.cast
    await chapter.world.rule("smtp", cast.email("ops"), "451")
    plain, amazon = cast.organizations[PLAIN], cast.organizations[AMAZON]
    ready = await chapter.send(
        SendEmail(to_email=cast.email("desk"), subject="The gate code", body="It is 4711.", organization_id=plain)
    )
    templated = await chapter.send(
        SendTemplatedEmail(to_person=cast.customer("latha"), template_name="welcome", category="account", organization_id=amazon)
    )
    urgent = await chapter.send(SendUrgentEmail(to_email=cast.email("ops"), subject="The gateway is down", body="Since 09:41."))
    await chapter.ends(ready, "a ready mail goes out by SMTP", "email sent by smtp")
    await chapter.ends(templated, "a template becomes a mail by Amazon SES", "email sent by demo-ses, delivered")
    await chapter.ends(urgent, "refused by SMTP, it goes by SendGrid at once", "email sent by sendgrid, delivered")


async def _by_sms_and_in_the_app(chapter: Chapter) -> None:
    cast = chapter.cast
    plain, amazon = cast.organizations[PLAIN], cast.organizations[AMAZON]
    text = "Your Waybill code is 480213. It is good for 10 minutes."
    code = await chapter.send(SendSms(to_phone=cast.phone(5), body=text, organization_id=amazon))
    shipped = await chapter.send(
        SendTemplatedSms(
            to_person=cast.customer(CUSTOMER),
            template_name="order_shipped",
            context={"order_id": "1041", "order_number": "IN-1041", "carrier": "Delhivery"},
            category="orders",
            organization_id=plain,
        )
    )
    trip = {
        "trip_id": "T1",
        "trip_number": "T-2040",
        "pickup_at": "2026-11-22T03:30:00Z",
        "pickup": "Gate 2",
        "dropoff": "Dock 7",
    }
    item = await chapter.send(
        SendInApp(to_person=cast.customer(CUSTOMER), template_name="trip_assignment", context=dict(trip), organization_id=plain)
    )
    await chapter.ends(code, "a registered text goes out by MSG91", "sms sent by demo-msg91, delivered")
    await chapter.ends(shipped, "a template becomes an SMS by Twilio", "sms sent by twilio, delivered")
    await chapter.ends(item, "an item stands in the inbox of the app", "in_app sent")


async def _to_many(chapter: Chapter) -> None:
    cast = chapter.cast
    sent = await chapter.send(
        SendBulkEmail(
            email_list=[
                *(BulkRecipient(to_person=cast.customer(name)) for name in READERS),
                BulkRecipient(to_email="nobody at all"),
            ],
            common_context=dict(NEWSLETTER),
            template_name="campaign_newsletter",
            organization_id=cast.organizations[SENDGRID],
        )
    )
    good = ["email sent by demo-sendgrid, delivered"] * len(READERS)
    await chapter.ends(
        sent, "one mail each by SendGrid, and a bad address harms nobody else", *good, "email failed: bad_recipient"
    )
