"""What is asked of notifications: the messages that our side publishes, and what must stand in its tables for them."""

from typing import Final
from uuid import UUID, uuid4

from bench.email import mails
from bench.stack import Stack, as_owner
from shared.contracts.message import Command
from shared.contracts.notifications import SendEmail, SendTemplatedEmail, SendUrgentEmail

ORGANIZATION: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
CAMPAIGN: Final = f"notifications.campaign:{UUID('019a9f5e-0a00-7e21-b7c4-90ab12cd34f0')}"

# What the gates look through: an organization with limits and choices of its own, and addresses that nobody writes to.
_SURROUNDINGS: Final = """
    INSERT INTO organization_policies (organization_id, revision, display_name, throttle_per_hour, throttle_per_day,
                                       updated_at, updated_by)
    VALUES ('{organization}', 1, 'Northern Line', 10000, 10000, now(), 'bench');
    INSERT INTO organization_choices (organization_id, category, channel, choice)
    VALUES ('{organization}', 'marketing', 'email', 'on');
    INSERT INTO suppressions (channel, address_hash, scope, organization_id, reason, source, created_by, created_at)
    SELECT 'email', md5(number::text), 'organization', '{organization}', 'complaint', 'bench', 'bench', now()
      FROM generate_series(1, 50000) AS number;
    ANALYZE suppressions;
"""


async def prepare(stack: Stack) -> None:
    """Fill the tables that the gates ask."""
    await as_owner(stack, "notifications", _SURROUNDINGS.format(organization=ORGANIZATION))


def plain(number: int) -> Command:
    """A mail with a ready text for which no gate has much to ask: of no organization, transactional, without keys."""
    return SendEmail(to_email=mails.recipient(number), subject=mails.subject(number), body=mails.body(number))


def gated(number: int) -> Command:
    """The same as a campaign's mail, for which each gate asks the database, and which carries headers to unsubscribe."""
    return SendEmail(
        to_email=mails.recipient(number),
        subject=mails.subject(number),
        body=mails.body(number),
        organization_id=ORGANIZATION,
        category="marketing",
        subject_key=CAMPAIGN,
        dedupe_key=str(uuid4()),
    )


def templated(number: int) -> Command:
    """A campaign's mail as campaigns ask for it: a template with text and HTML, rendered for each recipient."""
    return SendTemplatedEmail(
        to_email=mails.recipient(number),
        to_name=f"Person {number}",
        template_name="campaign_newsletter",
        context={
            "headline": "New sailings to Rotterdam",
            "intro": "From next month on there are two more departures a week. Your shipments can be booked from today.",
            "articles": [
                {"title": "Customs", "text": "One form less for returning goods.", "url": "https://example.com/customs"}
            ],
            "action_label": "See the sailings",
            "action_url": "https://example.com/sailings",
        },
        organization_id=ORGANIZATION,
        category="marketing",
        subject_key=CAMPAIGN,
    )


def urgent(number: int) -> Command:
    """A code that somebody waits for."""
    return SendUrgentEmail(
        to_email=f"waiting{number}@example.org", subject="Your code", body=f"Your code is {number:06}.", category="account"
    )
