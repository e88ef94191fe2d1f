"""What the tests of campaigns share: people, drafts, steps, and deliveries that have ended."""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications import deps
from services.notifications.campaigns.models import SUBJECT, Campaign, CampaignFacts, Counts, subject_of
from services.notifications.campaigns.recipient_repository import RecipientRepository, RecipientRow
from services.notifications.campaigns.repository import CampaignRepository
from services.notifications.campaigns.service import Asker, CampaignChanges
from services.notifications.templates.repository import NewDraft, TemplateRepository
from shared.contracts.notifications import AdvanceCampaign
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.testing.clock import MONDAY_MORNING

OURS: Final = UUID(int=5)
ASHA: Final = Asker("user:asha", OURS)
EVERYBODY: Final[dict[str, Any]] = {"reference_prefix": "payments.customer:"}

_PEOPLE: Final = text("""
    INSERT INTO people (reference, organization_id, email, phone, locale, entity_version, revision, updated_at)
    SELECT 'payments.customer:' || number, :organization_id, 'c' || number || '@example.com', '+9198' || 10000000 + number,
           :locale, 1, 1, now()
      FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS number
""")
_ENDED: Final = text("""
    INSERT INTO deliveries (id, organization_id, channel, to_address, subject, subject_key, status, receipt, created_at,
                            finished_at)
    SELECT gen_random_uuid(), :organization_id, 'email', 'c@example.com', 'Offer', :subject_key, :status, :receipt, :at, :at
      FROM generate_series(1, CAST(:count AS int))
    RETURNING id
""")
_REPORTED: Final = text("""
    INSERT INTO deliveries (id, organization_id, channel, to_address, subject, subject_key, status, receipt, created_at)
    SELECT gen_random_uuid(), :organization_id, 'email', 'c@example.com', 'Offer', :subject_key, 'sending', :receipt, :at
      FROM generate_series(1, CAST(:count AS int))
""")
_REFUSED: Final = text("""
    INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome)
    SELECT id, 1, 'smtp', :at, :at, 'bad_recipient' FROM unnest(CAST(:ids AS uuid[])) AS id
""")
_REFUSAL: Final = text("UPDATE deliveries SET reason = 'bad_recipient', attempts = 1 WHERE id = ANY(CAST(:ids AS uuid[]))")
_HELD: Final = text("""
    INSERT INTO deliveries (id, organization_id, channel, subject_key, status, reason, asked_at, created_at)
    SELECT uuidv7(), :organization_id, 'email', :subject_key, 'queued', :reason, now() - make_interval(secs => 1000000 - number),
           now()
      FROM generate_series(1, CAST(:count AS int)) AS number ORDER BY number
    RETURNING id
""")
_HELD_MESSAGES: Final = text("""
    INSERT INTO inbox (id, name, lane, state, occurred_at, due_at, body)
    SELECT id, 'notifications.send_templated_email', 'notifications.bulk', 2, now(), now() + interval '6 hours', '{}'
      FROM unnest(CAST(:ids AS uuid[])) AS id
""")
_RECOUNT: Final = text(f"""
    SELECT count(*) FILTER (WHERE known.status = 'sent'), count(*) FILTER (WHERE known.status = 'failed'),
           count(*) FILTER (WHERE known.status = 'dropped'), count(*) FILTER (WHERE receipt = 'delivered'),
           count(*) FILTER (WHERE is_bounce), count(*) FILTER (WHERE receipt = 'complained'),
           count(*) FILTER (WHERE counts AND (known.status = 'sent' OR receipt IS NOT NULL OR is_refused)),
           count(*) FILTER (WHERE counts AND (is_bounce OR is_refused)),
           count(*) FILTER (WHERE counts AND receipt = 'complained')
      FROM campaigns
      JOIN deliveries AS known ON subject_key = '{SUBJECT}' || campaigns.id
                              AND known.organization_id IS NOT DISTINCT FROM campaigns.organization_id
     CROSS JOIN LATERAL (
           SELECT coalesce(receipt IN ('bounced_hard', 'bounced_soft', 'blocked'), false) AS is_bounce,
                  known.status = 'failed' AND attempts > 0 AND reason IS NOT DISTINCT FROM 'bad_recipient' AS is_refused,
                  rates_since IS NULL OR known.finished_at >= rates_since AS counts) AS facts
     WHERE campaigns.id = :id
""")  # noqa: S608 - put together from a constant
_DUE: Final = text("""
    SELECT wanted.id FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted(id, place) JOIN inbox USING (id)
     WHERE state = 2 AND due_at <= now() ORDER BY place
""")


def changes_of(session: Session, clock: Clock) -> CampaignChanges:
    """What people do to campaigns, by a clock of the test's own."""
    return deps.campaign_changes(session, clock)


async def know_customers(session: Session, last: int, first: int = 1, **facts: Any) -> None:
    """Customers of our organization: `payments.customer:1` with `c1@example.com`, and so on."""
    bound = {"organization_id": OURS, "locale": None, **facts}
    await session.execute(_PEOPLE, {"first": first, "last": last, **bound})


async def publish_offer(session: Session, *, variables: dict[str, Any] | None = None, **parts: Any) -> None:
    """Publish a version of the template `offer` in the place of the one before."""
    templates = TemplateRepository(session)
    await templates.add("offer", None)
    template_id = await templates.locked("offer", None)
    assert template_id is not None, "it was added"
    columns = {"subject": "Offer", "text": "Buy {{ thing }}.", "html": None, "sms": "Buy {{ thing }}.", **parts}
    locale = columns.pop("locale", "en")
    schema = json.dumps(variables or {})
    draft = NewDraft(locale=locale, sample_context="{}", created_by="ann", variables=schema, **columns)
    version_id = await templates.add_draft(template_id, draft, MONDAY_MORNING)
    await templates.retire(template_id, locale)
    await templates.publish(version_id, MONDAY_MORNING)


def offer(**facts: Any) -> CampaignFacts:
    """A campaign to all customers."""
    usual: dict[str, Any] = {"name": "Offer", "channel": "email", "template_name": "offer", "category": "marketing"}
    more = {"context": {"thing": "tea"}, "locale": None, "segment": EVERYBODY, "per_minute": None}
    return CampaignFacts(**{**usual, **more, **facts})


async def running(session: Session, clock: Clock, **facts: Any) -> Campaign:
    """A campaign that has just started."""
    changes = changes_of(session, clock)
    campaign = await changes.create(ASHA, offer(**facts))
    return await changes.start(ASHA, campaign.id)


async def listed(session: Session, clock: Clock, rows: list[RecipientRow], **facts: Any) -> Campaign:
    """A draft with a list."""
    campaign = await changes_of(session, clock).create(ASHA, offer(segment=None, **facts))
    await RecipientRepository(session).replace(campaign.id, rows)
    await CampaignRepository(session).touch(campaign.id, len(rows), clock())
    return campaign


def row(recipient: str, **fields: Any) -> RecipientRow:
    """One line of a list."""
    empty = dict.fromkeys(("to_person", "to_email", "to_phone", "to_name", "locale", "context"))
    return RecipientRow(**{**empty, **fields}, recipient=recipient)


async def step(session: Session, clock: Clock, campaign: Campaign, number: int) -> Campaign:
    """Deliver one step; the campaign as it is then."""
    await deps.campaign_steps(session, clock).take([AdvanceCampaign(campaign_id=campaign.id, step=number)])
    return await read(session, campaign.id)


async def read(session: Session, campaign_id: UUID) -> Campaign:
    """The campaign as the database has it now, apart from the session."""
    found = await CampaignRepository(session).find(campaign_id, None)
    assert found is not None, "campaigns are not removed"
    session.expunge(found)
    return found


async def ended(
    session: Session, campaign: Campaign, count: int, at: datetime, status: str = "sent", receipt: str | None = None
) -> list[UUID]:
    """Deliveries of the campaign that have ended so."""
    bound = {"organization_id": campaign.organization_id, "subject_key": subject_of(campaign.id), "at": at, "count": count}
    return list(await session.scalars(_ENDED, {**bound, "status": status, "receipt": receipt}))


async def reported(session: Session, campaign: Campaign, count: int, at: datetime, receipt: str) -> None:
    """Deliveries that the provider has taken and reported on, whose process has died before it recorded that."""
    bound = {"organization_id": campaign.organization_id, "subject_key": subject_of(campaign.id), "at": at, "count": count}
    await session.execute(_REPORTED, {**bound, "receipt": receipt})


async def refused(session: Session, campaign: Campaign, count: int, at: datetime) -> None:
    """Deliveries of the campaign whose address the provider has refused at once."""
    ids = await ended(session, campaign, count, at, "failed")
    for statement in (_REFUSED, _REFUSAL):
        await session.execute(statement, {"ids": ids, "at": at})


async def held(session: Session, campaign: Campaign, count: int, reason: str = "campaign_paused") -> list[UUID]:
    """Messages of the campaign that have come and wait for hours, the oldest first."""
    bound = {"organization_id": campaign.organization_id, "subject_key": subject_of(campaign.id), "count": count}
    ids = list(await session.scalars(_HELD, {**bound, "reason": reason}))
    await session.execute(_HELD_MESSAGES, {"ids": ids})
    return ids


async def due(session: Session, ids: list[UUID]) -> list[UUID]:
    """Those of these messages whose turn it is."""
    return list(await session.scalars(_DUE, {"ids": ids}))


async def recounted(session: ReadSession, campaign_id: UUID) -> Counts:
    """What has become of a campaign's messages, by its deliveries one by one."""
    return Counts(*(await session.execute(_RECOUNT, {"id": campaign_id})).one())
