"""By which account each message of a batch goes out: one that can carry it at all, and of those the one that `routing` names."""

import random
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from services.notifications.deliveries.attempt_repository import Met
from services.notifications.deliveries.channels import Channel, Fitting
from services.notifications.deliveries.decision import wait
from services.notifications.deliveries.letters import Letter
from services.notifications.providers.answers import Verdict
from services.notifications.providers.carriers import Carrier, Carriers
from services.notifications.providers.routing import Past, choose
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import ChannelSend
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Failed, Outcome

M = TypeVar("M", bound=ChannelSend)
Out = TypeVar("Out")

NOTHING_MET: Final = Met()
_NONE: Final[Set[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen(Generic[Out]):
    """The account that carries a message now, and whether another one could."""

    carrier: Carrier[Out]
    others: bool


class AccountChoice(Generic[Out]):
    """Chooses among the accounts of one channel."""

    def __init__(self, channel: Channel[Out], carriers: Carriers[Out]) -> None:
        self._channel = channel
        self._carriers = carriers

    async def choose(
        self,
        session: Session,
        waiting: Mapping[UUID, Received[M]],
        letters: Mapping[UUID, Letter],
        past: Mapping[UUID, Met],
        now: datetime,
    ) -> Mapping[UUID, Chosen[Out] | Outcome]:
        """For each of the letters its account, or what comes of it where none can be had now."""
        unfit = await self._unfit(session, waiting, letters)
        chosen: dict[UUID, Chosen[Out] | Outcome] = {}
        alike: dict[object, Chosen[Out]] = {}
        for key in letters:
            one, met, cannot = waiting[key], past.get(key, NOTHING_MET), unfit.get(key, _NONE)
            # For messages that have met nothing, the choice depends on nothing else.
            about = (one.message.organization_id, one.lane, max_retries(one), cannot) if met is NOTHING_MET else key
            found = alike.get(about) or self._of(one, met, cannot, now)
            if isinstance(found, Chosen):
                alike[about] = found
            chosen[key] = found
        return chosen

    async def _unfit(
        self, session: Session, waiting: Mapping[UUID, Received[M]], letters: Mapping[UUID, Letter]
    ) -> Mapping[UUID, Set[str]]:
        """Which kinds of providers cannot carry these messages, where there is a choice."""
        owners = {waiting[key].message.organization_id for key in letters}
        kinds = {owner: frozenset(carrier.kind for carrier in self._carriers.route(owner)) for owner in owners}
        asked = [
            Fitting(key, waiting[key].message, letter, of_route)
            for key, letter in letters.items()
            if len(of_route := kinds[waiting[key].message.organization_id]) > 1
        ]
        return await self._channel.unfit(session, asked) if asked else {}

    def _of(self, one: Received[M], met: Met, unfit: Set[str], now: datetime) -> Chosen[Out] | Outcome:
        route = self._carriers.route(one.message.organization_id)
        waited = waited_of(met, now)
        if not route:
            if one.message.organization_id is None or not self._carriers.has_own_route(one.message.organization_id):
                return Failed(f"no provider carries {self._channel.name}; set one up", "no_provider", "NoProvider")
            return wait("none of the organization's accounts can be used", Verdict.CONFIG.value, 300.0, waited=waited)
        # Where nobody can carry it, the first choice says why.
        route = [carrier for carrier in route if carrier.kind not in unfit] or route
        names = {carrier.name: carrier for carrier in route}
        history = [Past(tried.account, Verdict(tried.verdict)) for tried in met.attempts if tried.account in names]
        choice = choose(self._carriers.standings(route), history, urgent=is_urgent(one), max_retries=max_retries(one))
        if choice.account is None:
            # Spread out, or all that waited would come in the same moment.
            for_s = choice.wait_s * random.uniform(1, 1.5)
            return wait(f"{route[0].name} takes no messages for now", "provider_closed", for_s, waited=waited)
        return Chosen(names[choice.account], choice.others)


def is_urgent(one: Received[M]) -> bool:
    """Whether a message is useless in ten minutes."""
    return one.lane == NOTIFICATIONS_URGENT.name


def max_retries(one: Received[M]) -> int:
    """How many tries may follow its first."""
    return (one.message.retry or one.message.contract.retry).max_retries


def waited_of(met: Met, now: datetime) -> timedelta:
    """For how long no account has taken a message."""
    return now - met.waits_since if met.waits_since is not None else timedelta()
