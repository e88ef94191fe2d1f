"""What the tests of call-backs and suppressions share: deliveries as sending leaves them, and looking at what became of them."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.addresses import AddressHasher
from services.notifications.callbacks.callback_apply import CallbackApply
from services.notifications.callbacks.contents import EventContents
from services.notifications.callbacks.repository import ProviderEventRepository, ProviderEventRow
from services.notifications.callbacks.verp import InboundAddresses
from services.notifications.categories.repository import CategoryReader
from services.notifications.people.repository import PersonReader, PersonRepository
from services.notifications.policies.repository import PolicyReader
from services.notifications.preferences.declined_addresses import DeclinedAddresses
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.preferences.service import PreferenceChanges
from services.notifications.preferences.tokens import LinkTokens
from services.notifications.suppressions.repository import SuppressionRepository
from services.notifications.suppressions.service import Suppressing
from services.notifications.unsubscribing.address_choices import AddressChoices
from services.notifications.unsubscribing.choices import RecipientChoices
from services.notifications.unsubscribing.repository import AddressReader
from services.notifications.unsubscribing.visits import Visits
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7
from shared.runtime.payload_box import PayloadBox
from shared.testing.clock import MONDAY_MORNING

OURS, THEIRS = UUID(int=5), UUID(int=6)
ANN: Final = "ann@example.com"
NUMBER: Final = "+919812345678"
HASHER: Final = AddressHasher(b"another-secret-for-tests")
PLAIN: Final = PayloadBox({})

_ADD: Final = text("""
    INSERT INTO deliveries (id, organization_id, channel, to_address, address_hash, to_person, subject, status, message_id_header,
                            attempts, created_at, asked_at, finished_at, category, provider, awaits_report, subject_key)
    VALUES (:id, :organization_id, :channel, :to, :hash, :person, 'Late', 'sent', :header, 1, :at, :at, :at, :category, :provider,
            :provider NOT IN ('smtp', 'in_app'), :subject_key)
""")
_ATTEMPT: Final = text("""
    INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, detail, latency_ms,
                                   provider_message_id)
    VALUES (:id, 1, :provider, :at, :at, 'accepted', 'ok', 5, :message_id)
""")


def changes_of(session: Session, clock: Clock) -> PreferenceChanges:
    """What writes people's preferences in the session's unit of work."""
    history, people = PreferenceRepository(session), PersonReader(session)
    declined = DeclinedAddresses(SuppressionRepository(session), history, HASHER)
    about = (CategoryReader(session), PolicyReader(session), people)
    return PreferenceChanges(history, *about, PersonRepository(session), declined, clock)


def applying_of(session: Session, clock: Clock, addresses: InboundAddresses | None = None) -> CallbackApply:
    """What applies events in the session's unit of work. addresses: None where no mail is taken."""
    history, reader, changes = PreferenceRepository(session), AddressReader(session), changes_of(session, clock)
    visits = Visits(LinkTokens({"k1": b"a-secret-for-tests"}), changes, reader)
    by_address = AddressChoices(reader, SuppressionRepository(session), history, clock)
    choices = RecipientChoices(visits, changes, by_address, history)
    suppressing = Suppressing(session, HASHER, clock)
    return CallbackApply(session, suppressing, choices, HASHER, EventContents(PLAIN, addresses), clock)


async def sent(session: Session, to: str = ANN, *, message_id: str = "XID", at: datetime = MONDAY_MORNING, **fields: Any) -> UUID:
    """A delivery that a provider has taken, and its one attempt."""
    key = fields.pop("id", None) or uuid7()
    channel = fields.setdefault("channel", "email" if "@" in to else "sms")
    usual: dict[str, Any] = {"organization_id": OURS, "category": "marketing", "provider": "sendgrid"}
    bound = {**usual, "subject_key": None, "person": None, **fields}
    bound |= {"id": key, "to": to, "hash": HASHER.hash(channel, to), "at": at, "message_id": message_id}
    await session.execute(_ADD, {**bound, "header": f"<{key}@example.com>" if channel == "email" else None})
    await session.execute(_ATTEMPT, bound)
    return key


async def store(session: Session, provider: str, payload: bytes, *, event_id: str | None = None, at: datetime) -> UUID:
    """An event as the intake has stored it."""
    key = uuid7()
    _, sealed = PLAIN.seal(key, payload)
    await ProviderEventRepository(session).add([ProviderEventRow(key, provider, event_id or str(key), at, None, sealed)])
    return key


async def standing(session: ReadSession, delivery_id: UUID) -> tuple[str | None, list[str]]:
    """The receipt of a delivery, and the kinds of what was reported of it, by their times."""
    receipt = await session.scalar(text("SELECT receipt FROM deliveries WHERE id = :id"), {"id": delivery_id})
    kinds = "SELECT kind FROM delivery_events WHERE delivery_id = :id ORDER BY occurred_at, kind"
    return receipt, list(await session.scalars(text(kinds), {"id": delivery_id}))


async def listed(session: ReadSession) -> list[tuple[str, str, UUID | None, str | None, str | None]]:
    """The suppression list: reason, scope, organization, category and address of each entry."""
    rows = await session.execute(
        text(
            "SELECT reason, scope, organization_id, category, address FROM suppressions ORDER BY reason, scope, address, category"
        )
    )
    return [(row.reason, row.scope, row.organization_id, row.category, row.address) for row in rows]


async def states(session: ReadSession) -> list[str]:
    """The states of all events, in the order of their ids."""
    return list(await session.scalars(text("SELECT state FROM provider_events ORDER BY id")))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


async def own_account(session: Session, name: str = "acme") -> None:
    """An account that our organization has stored at SendGrid."""
    await session.execute(
        text("""
            INSERT INTO provider_accounts (id, organization_id, name, kind, channel, config, secret, key_id, updated_at)
            VALUES (uuidv7(), :organization_id, :name, 'sendgrid', 'email', '{}', '', 'k1', now())
        """),
        {"organization_id": OURS, "name": name},
    )
