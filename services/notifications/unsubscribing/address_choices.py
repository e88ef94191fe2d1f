"""Unsubscribing of an address that belongs to nobody known: it goes onto the suppression list, for that category."""

from collections.abc import Mapping
from dataclasses import replace

from services.notifications.preferences.checks import check_choices
from services.notifications.preferences.models import Change, Choice, Key
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.preferences.service import RECIPIENT, Shown, Way
from services.notifications.preferences.tokens import LinkSubject
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import Removal, SuppressionRepository, SuppressionRow
from services.notifications.unsubscribing.repository import AddressReader
from shared.runtime.clock import Clock


class AddressChoices:
    """Writes what an address has chosen."""

    def __init__(
        self, addresses: AddressReader, suppressions: SuppressionRepository, history: PreferenceRepository, clock: Clock
    ) -> None:
        self._addresses = addresses
        self._suppressions = suppressions
        self._history = history
        self._clock = clock

    async def choose(self, subject: LinkSubject, shown: Shown, choices: Mapping[Key, Choice], way: Way) -> None:
        """Decline and accept categories; what would change nothing is not recorded. Raises CategoryLocked, ChoiceImpossible."""
        assert subject.address_hash is not None, "the link is about an address"
        check_choices(choices, [one.category for one in shown.categories], known={key.category for key in choices})
        address_hash, organization_id, now = subject.address_hash, subject.organization_id, self._clock()
        await self._history.hold_address(address_hash)
        address = await self._addresses.address(address_hash, subject.channel)
        declined = await self._addresses.declined(address_hash, subject.channel, organization_id)
        changes: list[Change] = []
        at = way.said_at or now
        line = Change("choice", None, None, way.source, way.actor, at, None, address_hash, organization_id, key_id=way.key_id)
        for key, choice in choices.items():
            before = Choice.OFF if key.category in declined else None
            if key.channel != subject.channel or (before is Choice.OFF) == (choice is Choice.OFF):
                continue
            changes.append(replace(line, category=key.category, channel=key.channel, before=before, after=choice))
        off = [one.category for one in changes if one.after == Choice.OFF]
        on = [one.category for one in changes if one.after != Choice.OFF]
        entry = (subject.channel, address, address_hash, Scope.CATEGORY, Reason.UNSUBSCRIBED, way.source.value, RECIPIENT, now)
        await self._suppressions.add([SuppressionRow(*entry, organization_id, name) for name in off])
        removed = (subject.channel, address_hash, Scope.CATEGORY, Reason.UNSUBSCRIBED, organization_id)
        why = "the recipient has subscribed again"
        await self._suppressions.remove_matching([Removal(*removed, name) for name in on], by=RECIPIENT, why=why, at=now)
        if changes:
            await self._history.record(changes)
