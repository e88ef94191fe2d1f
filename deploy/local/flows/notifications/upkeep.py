"""What steers the service: cancelling, and what otherwise the clock asks for."""

from deploy.local.flows.notifications.cast import PLAIN, SENDGRID
from deploy.local.flows.notifications.chapter import Chapter
from shared.contracts.notifications import CancelMessages, ProcessEmailBounces, RetryFailedEmails, SendEmail, TrackDeliveries
from shared.contracts.retry import RetryPolicy

_AN_HOUR_S = 3600


async def play(chapter: Chapter) -> None:
    """One after the other, each beginning with a mail that gives it something to do."""
    await _cancel(chapter)
    await _retry_failed(chapter)
    await _fetch_bounces(chapter)
    tracked = await chapter.send(TrackDeliveries())
    await chapter.is_done(tracked, "asks after what is an hour old and unreported; of this run nothing is")


async def _cancel(chapter: Chapter) -> None:
    address, subject = chapter.cast.email("cancelled"), f"demo.order:{chapter.cast.run}"
    await chapter.world.rule("smtp", address, "451")
    mail = SendEmail(
        to_email=address,
        subject="Your order",
        body="It waits.",
        subject_key=subject,
        organization_id=chapter.cast.organizations[PLAIN],
        retry=RetryPolicy(max_retries=3, base_s=600, cap_s=600, jitter=False),
    )
    waiting = await chapter.send(mail)
    await chapter.waits_after_a_try(waiting)
    cancelled = await chapter.send(CancelMessages(subject_key=subject, reason="the order was called off"))
    await chapter.is_done(cancelled, "is carried out")
    await chapter.ends(waiting, "refused for now, and cancelled before its next try", "email dropped: cancelled")


async def _retry_failed(chapter: Chapter) -> None:
    address = chapter.cast.email("retried")
    await chapter.world.rule("smtp", address, "451")
    once = RetryPolicy(max_retries=0)
    mail = SendEmail(
        to_email=address,
        subject="Second chance",
        body="It came after all.",
        organization_id=chapter.cast.organizations[PLAIN],
        retry=once,
    )
    failed = await chapter.send(mail)
    await chapter.ends(failed, "refused with no retry left, it fails", "email failed: retries_exhausted")
    chapter.deliveries.pop()
    swept = await chapter.send(RetryFailedEmails())
    await chapter.is_done(swept, "takes up what failed of an outage")
    await chapter.ends(
        failed, "the mail that had failed goes out", "email sent by smtp", task="retry_failed_emails", revived=True
    )


async def _fetch_bounces(chapter: Chapter) -> None:
    """A provider knows of a bounce, and its call-back is long in coming: an hour."""
    address, sendgrid = chapter.cast.email("gone"), chapter.cast.organizations[SENDGRID]
    await chapter.world.rule("sendgrid", address, "bounce", seconds=_AN_HOUR_S)
    mail = SendEmail(to_email=address, subject="Are you there?", body="Hello.", organization_id=sendgrid)
    await chapter.ends(await chapter.send(mail), "taken, and nothing reported of it", "email sent by demo-sendgrid")
    swept = await chapter.send(ProcessEmailBounces())
    await chapter.is_done(swept, "fetches the providers' own lists of bounces")
    await chapter.is_suppressed(address, "process_email_bounces: what SendGrid lists is suppressed", "hard_bounce")
    await chapter.ends(await chapter.send(mail), "the next mail to the address is not sent", "email dropped: suppressed")
