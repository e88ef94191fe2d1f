"""Customers: written here, and told of to the service that writes to them."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from services.payments.carts.abandoned_messages import cancel_reminders
from services.payments.customers.errors import CustomerErased, CustomerHasOpenOrders, CustomerNotFound, StatesDiffer
from services.payments.customers.models import Customer, reference_of
from services.payments.customers.repository import CustomerReader, CustomerRepository, Hold
from services.payments.customers.schemas import CustomerChange, CustomerIn
from services.payments.tax.gstin import state_of
from shared.contracts.notifications import UpsertPerson
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

_SUCCESSORS: Final = {"25": "26", "28": "37"}
"""States that were merged or divided: numbers that were given out under the old code are still about."""


async def customer_of(customers: CustomerReader, customer_id: UUID, organization_id: UUID | None) -> Customer:
    """A customer. Raises CustomerNotFound, also for another organization's."""
    return _found(await customers.find(customer_id, organization_id))


async def known_customer(
    customers: CustomerReader, customer_id: UUID, organization_id: UUID | None, *, hold: Hold | None = None
) -> Customer:
    """A customer who can order something. Raises CustomerNotFound and CustomerErased."""
    found = _found(await customers.find(customer_id, organization_id, hold=hold))
    if found.erased_at is not None:
        raise CustomerErased("the customer was erased and is nobody any more; create a new one")
    return found


class Customers:
    """Writes in one unit of work."""

    def __init__(self, customers: CustomerRepository, publisher: Publisher, clock: Clock) -> None:
        self._customers = customers
        self._publisher = publisher
        self._clock = clock

    async def create(self, organization_id: UUID, new: CustomerIn) -> Customer:
        """Raises StatesDiffer."""
        values = new.model_dump() | {"id": uuid7(), "organization_id": organization_id}
        customer = await self._customers.create(_with_state(values), self._clock())
        self._tell(customer)
        return customer

    async def change(
        self, customer_id: UUID, organization_id: UUID | None, change: CustomerChange, check: Callable[[int], None]
    ) -> Customer:
        """What changes nothing makes no version.

        Raises CustomerNotFound, CustomerErased, StatesDiffer and what `check` raises.
        """
        known = await known_customer(self._customers, customer_id, organization_id, hold="unchanged")
        check(known.version)
        whole = _with_state({"gstin": known.gstin, "state_code": known.state_code} | change.values())
        values = {name: value for name, value in whole.items() if value != getattr(known, name)}
        if not values:
            return known
        customer = await self._customers.change(customer_id, values, self._clock())
        self._tell(customer)
        return customer

    async def erase(self, customer_id: UUID, organization_id: UUID | None, check: Callable[[int], None]) -> None:
        """Forget name, addresses and number; what the tax law wants kept stays. An erased one stays as it is.

        Raises CustomerNotFound, CustomerHasOpenOrders and what `check` raises.
        """
        known = _found(await self._customers.find(customer_id, organization_id, hold="alone"))
        check(known.version)
        if known.erased_at is not None:
            return
        if await self._customers.open_orders(customer_id):
            raise CustomerHasOpenOrders("there are orders of theirs to be paid or delivered; finish or cancel them first")
        cancel_reminders(self._publisher, await self._customers.erase(customer_id, self._clock()), "the customer was erased")
        self._publisher.publish(
            UpsertPerson(
                reference=reference_of(customer_id), entity_version=known.version + 1, organization_id=known.organization_id
            )
        )

    def _tell(self, customer: Customer) -> None:
        self._publisher.publish(
            UpsertPerson(
                reference=reference_of(customer.id),
                entity_version=customer.version,
                organization_id=customer.organization_id,
                name=customer.name,
                email=customer.email,
                phone=customer.phone,
                locale=customer.locale,
                time_zone=customer.time_zone,
            )
        )


def _with_state(values: dict[str, Any]) -> dict[str, Any]:
    """The same with the state that the GSTIN names where none is given. Raises StatesDiffer."""
    gstin, state = values["gstin"], values["state_code"]
    if gstin is None:
        return values
    registered = state_of(gstin)
    if state not in (None, registered, _SUCCESSORS.get(registered)):
        raise StatesDiffer("the first two digits of the GSTIN are the state of its holder; correct it or state_code")
    return values | {"state_code": state or _SUCCESSORS.get(registered, registered)}


def _found(customer: Customer | None) -> Customer:
    if customer is None:
        raise CustomerNotFound("there is no customer with this id; GET /v1/customers lists those that there are")
    return customer
