"""Bringing deliveries and the suppression list to what providers have reported.

The same events always lead to the same end, in whatever order they come and however often: reports have ranks and ids of their
own, entries of the list are there once, and soft bounces are counted by when they happened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from services.notifications.addresses import AddressHasher
from services.notifications.callbacks.contents import EventContents
from services.notifications.callbacks.facts import RESUBSCRIBED, UNSUBSCRIBED, Content, Fact, Word, sensible
from services.notifications.callbacks.report_consequences import Follow, ReportConsequences, Telling
from services.notifications.callbacks.repository import ProviderEventRepository, ProviderEventRow, Reported, Settled
from services.notifications.callbacks.resending import is_ahead
from services.notifications.costs import repository as costs
from services.notifications.deliveries.receipt_models import Report
from services.notifications.preferences.models import Choice, Source
from services.notifications.preferences.tokens import LinkSubject
from services.notifications.providers.answers import Verdict
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from services.notifications.sms.msg91_codes import CURRENCY
from services.notifications.sms.prices import told_price
from services.notifications.sms.told import Told
from services.notifications.suppressions.service import LEARNT, Suppressing
from services.notifications.unsubscribing.choices import RecipientChoices, Said
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.failpoints import failpoint
from shared.runtime.ids import NAMESPACE
from shared.runtime.outbox import Publisher

PATIENCE: Final = timedelta(minutes=5)
"""How long an event may be ahead of our own record of what it is about."""
_AGAIN_AFTER: Final = timedelta(seconds=5)
_AGAIN_AT_MOST: Final = timedelta(seconds=60)
_IDS_PER_MESSAGE: Final = 1000


_CHOICES: Final = {UNSUBSCRIBED: Choice.OFF, RESUBSCRIBED: Choice.ON}


@dataclass(frozen=True, slots=True)
class _Read:
    """An event and what it says. account: an organization's own that has told it; None for one of the installation."""

    row: ProviderEventRow
    contents: Sequence[Content]
    account: ProviderAccount | None

    @property
    def account_of(self) -> UUID | None:
        return self.account.organization_id if self.account is not None else None

    @property
    def provider(self) -> str:
        """The account, as attempts call it."""
        return self.account.name if self.account is not None else self.row.provider

    @property
    def has_word(self) -> bool:
        return any(isinstance(one, Word) for one in self.contents)

    @property
    def facts(self) -> list[Fact]:
        return [one for one in self.contents if isinstance(one, Fact)]


@dataclass(frozen=True, slots=True)
class _Matched:
    """A fact and the delivery that it is about. is_exact: it names nobody else than the delivery's recipient."""

    event: _Read
    fact: Fact
    delivery: Reported
    is_exact: bool

    @property
    def told(self) -> Told:
        return self.fact.if_marketing if self.fact.if_marketing is not None and self.delivery.is_marketing else self.fact.told

    @property
    def verdict(self) -> Verdict | None:
        """What it says of the recipient: nothing where it is about an address that the mail was passed on to."""
        return self.told.verdict if self.is_exact else None

    @property
    def choice(self) -> Choice | None:
        """What the recipient has chosen by it."""
        return _CHOICES.get(self.told) if self.is_exact else None


class CallbackApply:
    """Applies events in one unit of work.

    choices: where recipients' own words go. follow: what is told of the subjects whose deliveries have had reports.
    msg91_currency: of the installation's account, which its reports do not name.
    """

    def __init__(
        self,
        session: Session,
        suppressing: Suppressing,
        choices: RecipientChoices,
        hasher: AddressHasher,
        contents: EventContents,
        clock: Clock,
        follow: Follow | None = None,
        *,
        msg91_currency: str = CURRENCY,
    ) -> None:
        self._session = session
        self._msg91_currency = msg91_currency
        self._events = ProviderEventRepository(session)
        self._consequences = ReportConsequences(session, suppressing, follow)
        self._suppressing = suppressing
        self._choices = choices
        self._hasher = hasher
        self._contents = contents
        self._clock = clock

    async def apply(self, event_ids: Sequence[UUID]) -> None:
        """Apply those of the events that have not been; what is about a delivery or an attempt that is not recorded yet is tried
        again."""
        read = await self._read(await self._events.locked_waiting(event_ids))
        if not read:
            return
        matched = await self._match(read)
        told = [one for found in matched.values() for one in found]
        # First, because it holds people, whom an erasure holds before their deliveries.
        await self._choices.hear([said for one in told if (said := self._said(one)) is not None])
        await self._consequences.tell([_telling(one) for one in told])
        await costs.CostRepository(self._session).tell([price for one in told if (price := self._price(one)) is not None])
        for one in read:
            await self._heed(one)
        await self._settle(read, matched)
        failpoint("callbacks.before_commit")

    async def _read(self, rows: Sequence[ProviderEventRow]) -> Sequence[_Read]:
        named = [row.account_id for row in rows if row.account_id is not None]
        accounts = await ProviderReader(self._session).accounts_of(named) if named else {}
        read = []
        for row in rows:
            account = accounts.get(row.account_id) if row.account_id is not None else None
            is_gone = row.account_id is not None and account is None
            contents = () if is_gone else self._contents.of(row)
            read.append(_Read(row, contents, account))
        return read

    async def _match(self, read: Sequence[_Read]) -> Mapping[UUID, Sequence[_Matched]]:
        facts = [fact for one in read for fact in one.facts]
        by_id = await self._events.deliveries([fact.delivery_id for fact in facts if fact.delivery_id is not None])
        others = [fact.message_id for fact in facts if fact.delivery_id not in by_id and fact.message_id is not None]
        by_message = await self._events.deliveries_of_messages(others)
        matched: dict[UUID, Sequence[_Matched]] = {}
        for one in read:
            candidates = [
                (fact, delivery)
                for fact in one.facts
                for delivery in _candidates(fact, by_id, by_message)
                # An organization's own account has a say in that organization's messages alone.
                if delivery.channel == fact.channel and one.account_of in (None, delivery.organization_id)
            ]
            matched[one.row.id] = self._narrowed(one, candidates)
        return matched

    def _narrowed(self, event: _Read, candidates: Sequence[tuple[Fact, Reported]]) -> Sequence[_Matched]:
        """Those that name the delivery's own recipient; else the only one, of which nothing is learned: the address that failed
        is one that the mail was passed on to."""
        exact = [_Matched(event, fact, delivery, True) for fact, delivery in candidates if self._is_about(fact, delivery)]
        if exact or len(candidates) != 1 or candidates[0][0].channel == "sms":
            return exact
        [(fact, delivery)] = candidates
        # Under one id of the provider's there can be many recipients; only our own reference tells that it is this one.
        return [_Matched(event, fact, delivery, False)] if fact.delivery_id == delivery.id else []

    def _is_about(self, fact: Fact, delivery: Reported) -> bool:
        if not fact.named:
            return True
        own = self._hash_of(delivery)
        return any(self._hasher.hash(delivery.channel, one) == own for one in fact.named)

    def _hash_of(self, delivery: Reported) -> str | None:
        if delivery.address_hash is None and delivery.address is not None:
            return self._hasher.hash(delivery.channel, delivery.address)
        return delivery.address_hash

    def _said(self, one: _Matched) -> Said | None:
        """The recipient's own word, as the button of a mail program would tell it; None for everything else, and of somebody
        whom nothing names any more."""
        delivery, row, address_hash = one.delivery, one.event.row, self._hash_of(one.delivery)
        if one.choice is None or (delivery.person is None and address_hash is None):
            return None
        subject = LinkSubject(
            channel=delivery.channel,
            category=delivery.category,
            organization_id=delivery.organization_id,
            person=delivery.person,
            address_hash=address_hash if delivery.person is None else None,
        )
        source = Source.MAIL if row.provider == "bounce_mail" else Source.PROVIDER
        return Said(subject, address_hash, one.choice, sensible(one.fact.occurred_at, row.received_at), source)

    async def _heed(self, one: _Read) -> None:
        """What recipients have answered is about a number, and needs no delivery."""
        for word in one.contents:
            if isinstance(word, Word):
                heed = self._suppressing.opted_out if word.is_stop else self._suppressing.opted_in
                await heed(word.number, source=one.row.provider, at=one.row.received_at, account_of=one.account_of)

    def _price(self, one: _Matched) -> costs.Told | None:
        account = one.event.account
        currency = account.config.get("currency", CURRENCY) if account is not None else self._msg91_currency
        price = told_price(one.fact.cost, currency)
        if price is None:
            return None
        return costs.Told(one.delivery.id, one.event.provider, one.fact.message_id, price, one.fact.attempt)

    async def _settle(self, read: Sequence[_Read], matched: Mapping[UUID, Sequence[_Matched]]) -> None:
        now = self._clock()
        settled, early = [], []
        for one in read:
            found = matched[one.row.id]
            is_new = one.row.received_at > now - PATIENCE
            if is_new and any(is_ahead(each.told.receipt, each.delivery) for each in found):
                # It stands with the delivery by now, and is applied once more when the attempt has been recorded.
                early.append(one.row)
                settled.append(Settled(one.row.id, "waiting", found[0].delivery.id))
            elif found:
                taught = any(each.verdict in LEARNT or each.choice is not None for each in found)
                teaches = "recipient" if taught else None
                settled.append(Settled(one.row.id, "applied", found[0].delivery.id, teaches))
            elif one.has_word:
                settled.append(self._of_nobody(one, "applied", "word"))
            elif not one.contents:
                settled.append(Settled(one.row.id, "ignored"))
            elif is_new and any(fact.delivery_id or fact.message_id for fact in one.facts):
                early.append(one.row)
                settled.append(self._of_nobody(one, "waiting"))
            else:
                settled.append(self._of_nobody(one, "unmatched"))
        await self._events.settle(settled, now)
        if early:
            # The longer it has waited, the longer it waits again.
            waited = now - max(row.received_at for row in early)
            due_at = now + min(max(_AGAIN_AFTER, waited), _AGAIN_AT_MOST)
            for start in range(0, len(early), _IDS_PER_MESSAGE):
                ids = [row.id for row in early[start : start + _IDS_PER_MESSAGE]]
                Publisher(self._session).publish(ApplyCallbacks(event_ids=ids), due_at=due_at)

    def _of_nobody(self, one: _Read, state: str, teaches: str | None = None) -> Settled:
        """An event without a delivery. It is found by whom it names, and by the message's id once that is recorded."""
        named = {self._hasher.hash(fact.channel, recipient) for fact in one.facts for recipient in fact.named}
        named |= {self._hasher.hash("sms", word.number) for word in one.contents if isinstance(word, Word)}
        message_id = next((fact.message_id for fact in one.facts if fact.message_id is not None), None)
        return Settled(one.row.id, state, None, teaches, message_id, " ".join(sorted(named)) or None)


def _candidates(fact: Fact, by_id: Mapping[UUID, Reported], by_message: Mapping[str, Sequence[Reported]]) -> Sequence[Reported]:
    named = by_id.get(fact.delivery_id) if fact.delivery_id is not None else None
    if named is not None:
        return (named,)
    found = by_message.get(fact.message_id, ()) if fact.message_id is not None else ()
    return found if fact.named or len(found) == 1 else ()


def _telling(one: _Matched) -> Telling:
    row, told = one.event.row, one.told
    report = Report(
        id=uuid5(NAMESPACE, f"{row.provider}\n{row.event_id}\n{one.delivery.id}"),
        delivery_id=one.delivery.id,
        kind=told.kind,
        receipt=told.receipt,
        occurred_at=sensible(one.fact.occurred_at, row.received_at),
        provider=one.event.provider,
        code=one.fact.code,
        detail=one.fact.detail,
        provider_message_id=one.fact.message_id,
        verdict=one.verdict,
    )
    # What is chosen is no lesson: it can be taken back, and then an earlier word that comes late must not count.
    verdict = one.verdict if one.choice is None else None
    return Telling(report, one.delivery, verdict, row.provider, _account_of(one))


def _account_of(one: _Matched) -> UUID | None:
    """Whose own account has told it. A bounce mail comes in for all, and is the word of the account that had sent."""
    if one.event.row.provider == "bounce_mail" and one.delivery.is_by_own_account:
        return one.delivery.organization_id
    return one.event.account_of
