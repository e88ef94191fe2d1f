"""Somebody of whom every table knows something."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.addresses import AddressHasher
from services.notifications.tests.campaigns.arrange import OURS
from shared.runtime.db import Session

ASHA: Final = "payments.customer:7"
EMAIL: Final = "asha.rao@example.com"
PHONE: Final = "+919812345678"
SECRETS: Final = (EMAIL, PHONE, "Asha Rao", "Hello Asha")
"""What must be found nowhere once she was erased."""

NOW: Final = ("asha@rao.example", "+919899999999")
"""Her addresses after she has moved."""

BY_PERSON, BY_ADDRESS, WAITING, FOREIGN, UNSEEN = (UUID(int=number) for number in (11, 12, 13, 14, 15))

_PEOPLE: Final = """
    INSERT INTO people (reference, organization_id, name, email, phone, entity_version, revision, updated_at)
    VALUES (:asha, :ours, 'Asha Rao', :email, :phone, 1, 1, now()),
           ('payments.customer:8', :ours, 'Ben', 'b@example.com', NULL, 1, 1, now())
"""
_DELIVERIES: Final = """
    INSERT INTO deliveries (id, organization_id, channel, to_person, to_address, address_hash, subject, status, created_at,
                            finished_at, error)
    VALUES (:by_person, :ours, 'email', :asha, :email, :email_hash, 'Hello Asha', 'sent', now(), now(), NULL),
           (:by_address, :ours, 'sms', NULL, :phone, :phone_hash, NULL, 'failed', now(), now(), 'Asha Rao is away'),
           (:waiting, :ours, 'email', :asha, :email, :email_hash, 'Hello Asha', 'queued', now(), NULL, NULL),
           (:unseen, :ours, 'email', NULL, 'Asha.Rao@Example.com', NULL, 'Hello Asha', 'dropped', now(), now(), NULL),
           (:foreign, :theirs, 'email', NULL, 'old@example.com', :email_hash, 'Theirs', 'sent', now(), now(), NULL)
"""
_REST: Final = (
    """INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, detail)
       VALUES (:by_person, 1, 'smtp', now(), now(), 'accepted', 'OK for Asha Rao')""",
    """INSERT INTO delivery_events (id, delivery_id, kind, occurred_at, detail)
       VALUES (:by_person, :by_person, 'delivered', now(), 'to Asha Rao')""",
    "INSERT INTO delivery_texts (delivery_id, to_name, text) VALUES (:waiting, 'Asha Rao', 'Hello Asha')",
    """INSERT INTO provider_events (id, provider, event_id, received_at, delivery_id, payload)
       VALUES (:by_person, 'sendgrid', 'e', now(), :by_person, 'asha.rao@example.com')""",
    # A word, a report of a message that is none of ours, and one that waits for its message; as `callback_apply.py` leaves them.
    """INSERT INTO provider_events (id, provider, event_id, received_at, state, settled_at, address_hashes, payload)
       VALUES (:by_address, 'twilio', 'w', now(), 'applied', now(), ARRAY[CAST(:phone_hash AS text)], '+919812345678'),
              (:unseen, 'ses', 'u', now(), 'unmatched', now(), ARRAY[CAST(:email_hash AS text), 'x'], 'asha.rao@example.com'),
              (:waiting, 'ses', 'v', now(), 'waiting', NULL, ARRAY[CAST(:email_hash AS text)], 'asha.rao@example.com')""",
    """INSERT INTO dead_letters (id, message_id, reason, body, fingerprint)
       VALUES (:by_person, :by_address, 'bad_recipient', '{"to_phone": "+919812345678"}', 'f'),
              (:waiting, NULL, 'permanent_error', '{"to_person": "payments.customer:7", "to_name": "Asha Rao"}', 'f'),
              (:unseen, NULL, 'permanent_error',
               '{"to_email": "Asha.Rao@Example.com", "organization_id": "' || CAST(:ours_text AS text) || '"}',
               'f'),
              (:foreign, NULL, 'permanent_error',
               '{"to_phone": "+91 98123-45678", "body": "Hello Asha", "organization_id": "' || CAST(:ours_text AS text) || '"}',
               'f'),
              (:by_address, NULL, 'undecodable', 'to=asha.rao@example.com;name=Asha Rao', 'f')""",
    """INSERT INTO suppression_removals (suppression_id, channel, address_hash, scope, reason, added_by, added_at, removed_by,
                                         removed_at, why)
       VALUES (:by_person, 'email', :email_hash, 'global', 'manual', 'x', now(), 'x', now(), 'Asha Rao, asha.rao@example.com')""",
    "INSERT INTO in_app_inboxes (person, last_seq, unread) VALUES (:asha, 1, 1)",
    """INSERT INTO in_app_items (id, person, delivery_id, category, title, body, seq, changed_seq, created_at)
       VALUES (:by_person, :asha, :by_person, 'trips', 'Hello Asha', 'Hello Asha', 1, 1, now())""",
    """INSERT INTO digest_entries (delivery_id, person, category, occurred_at) VALUES (:by_person, :asha, 'alerts', now())""",
    "INSERT INTO digest_windows (person, id, opened_at, closes_at) VALUES (:asha, :by_person, now(), now())",
    """INSERT INTO preference_sheets (person, revision, quiet_from, quiet_until, quiet_days, updated_at)
       VALUES (:asha, 1, '21:00', '07:00', '{1,2}', now())""",
    """INSERT INTO preferences (person, category, channel, choice, updated_at)
       VALUES (:asha, 'marketing', 'email', 'off', now()), (:asha, 'reminders', 'email', 'daily', now())""",
    """INSERT INTO preference_changes (person, what, category, channel, after, source, actor, changed_at)
       VALUES (:asha, 'choice', 'marketing', 'email', 'off', 'one_click', :asha, now()),
              (:asha, 'choice', 'reminders', 'email', 'daily', 'preference_page', :asha, now())""",
    """INSERT INTO suppressions (channel, address, address_hash, scope, reason, source, note, created_by, created_at)
       VALUES ('email', :email, :email_hash, 'global', 'hard_bounce', 'sendgrid', 'Asha Rao', 'system', now())""",
)


async def know_asha(session: Session, hasher: AddressHasher) -> None:
    """Write something about her into every table that can hold it, and about somebody else beside it."""
    bound: dict[str, Any] = {
        "asha": ASHA,
        "ours": OURS,
        "ours_text": str(OURS),
        "theirs": UUID(int=6),
        "email": EMAIL,
        "phone": PHONE,
        "by_person": BY_PERSON,
        "by_address": BY_ADDRESS,
        "waiting": WAITING,
        "unseen": UNSEEN,
        "foreign": FOREIGN,
        "email_hash": hasher.hash("email", EMAIL),
        "phone_hash": hasher.hash("sms", PHONE),
    }
    for statement in (_PEOPLE, _DELIVERIES, *_REST):
        clause = text(statement.replace('": ', '"\\: '))
        await session.execute(clause, {name: bound[name] for name in clause.compile().params})


async def move_asha(session: Session) -> None:
    """Let her have another e-mail address and number than those that the rest tells of; an SMS has gone to the old one."""
    await session.execute(text("UPDATE deliveries SET to_person = :asha WHERE id = :id"), {"asha": ASHA, "id": BY_ADDRESS})
    moved = text("UPDATE people SET email = :email, phone = :phone WHERE reference = :asha")
    await session.execute(moved, {"asha": ASHA, "email": NOW[0], "phone": NOW[1]})
