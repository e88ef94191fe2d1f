"""Whatever is told and asked for, in whatever order and number: the books stay right, and the same facts end the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import text

from services.payments import orders_deps, payment_deps
from services.payments.gateways.facts import DisputeFact, DisputeStatus
from services.payments.orders.errors import NothingToCancel, StatusForbids
from services.payments.payments.models import Payment
from services.payments.payments.telling import Told
from services.payments.refunds.errors import RefundAboveCaptured
from services.payments.tests.payments.arrange import (
    CHECK,
    NOON,
    OURS,
    TOTAL,
    give,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from shared.contracts.money import Money
from shared.runtime.db import Session
from shared.runtime.errors import ServiceError
from shared.testing.clock import FrozenClock

CLOCK: Final = FrozenClock(NOON)


def dispute(status: str) -> Told:
    fact = DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus(status), 3000, "INR", 3000, "fraud", None, NOON)
    return Told("razorpay", fact)


FACTS: Final = (
    pay("created"),
    pay("failed", "pay_0", minutes=1),
    pay("failed", minutes=2),
    pay("authorized", minutes=3),
    pay("captured", minutes=4),
    give("pending", amount=5000, minutes=5),
    give("failed", amount=5000, minutes=6),
    give("processed", amount=5000, minutes=7),
    give("processed", "rfnd_2", 1800, minutes=8),
    dispute("open"),
    dispute("won"),
)
LATER: Final = text("SET CONSTRAINTS ALL DEFERRED")
"""What the database checks is checked at the end of the next step."""
END: Final = """
    SELECT payments.status, captured_minor, payments.refunded_minor, disputed_minor, gateway_payment_id, orders.status,
           orders.payment_status, orders.paid_minor, orders.refunded_minor
      FROM payments JOIN orders ON orders.id = order_id
"""
REFUNDS: Final = "SELECT gateway_refund_id, amount_minor, status, from_credit FROM refunds ORDER BY 1, 2"
BOOKS: Final = "SELECT account, sum(amount_minor)::bigint FROM ledger_entries GROUP BY account HAVING sum(amount_minor) <> 0"
WRONG: Final = """
    WITH books AS (
        SELECT coalesce(sum(amount_minor) FILTER (WHERE account = 'gateway_receivable'), 0) AS at_gateway,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'accounts_receivable'), 0) AS owed,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'customer_credit'), 0) AS credit,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'disputes'), 0) AS disputes,
               coalesce(sum(amount_minor), 0) AS balance
          FROM ledger_entries
    ), given AS (
        SELECT coalesce(sum(amount_minor) FILTER (WHERE status = 'processed'), 0) AS gone,
               coalesce(sum(amount_minor) FILTER (WHERE status NOT IN ('failed', 'rejected')), 0) AS promised,
               coalesce(sum(amount_minor) FILTER (WHERE status NOT IN ('failed', 'rejected') AND NOT from_credit), 0) AS of_order
          FROM refunds
    )
    SELECT books.*, given.*, captured_minor, paid_minor FROM books, given, payments JOIN orders ON orders.id = order_id
     WHERE balance <> 0 OR at_gateway <> captured_minor - gone - disputes OR owed <> of_order - paid_minor
        OR promised > captured_minor OR payments.refunded_minor <> gone
        OR credit <> -(SELECT coalesce(sum(amount_minor), 0) FROM customer_credits)
        OR paid_minor - released_minor > orders.total_minor - cancelled_minor
"""


_REFUSED: Final[dict[bool, tuple[type[ServiceError], ...]]] = {
    True: (RefundAboveCaptured, NothingToCancel, StatusForbids),
    False: (),
}
"""What may be refused of what people ask for; of what gateways tell nothing may."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: a fact is told, or somebody asks for something."""

    fact: Told | None = None
    refund_minor: int = 0
    is_cancelled: bool = False


class Life(RuleBasedStateMachine):
    """What may happen to a payment, with no say on what comes of it."""

    keep: Callable[[Sequence[Step]], None]

    @initialize()
    def begin(self) -> None:
        self.steps: list[Step] = []

    @rule(fact=st.sampled_from(FACTS))
    def hear(self, fact: Told) -> None:
        self.steps.append(Step(fact))

    @rule(facts=st.permutations(FACTS))
    def hear_all(self, facts: list[Told]) -> None:
        self.steps += [Step(fact) for fact in facts[:5]]

    @rule(amount=st.sampled_from((1, 4000, TOTAL)))
    def ask_for_a_refund(self, amount: int) -> None:
        self.steps.append(Step(refund_minor=amount))

    @rule()
    def cancel(self) -> None:
        self.steps.append(Step(is_cancelled=True))

    def teardown(self) -> None:
        type(self).keep(getattr(self, "steps", []))


def _lives() -> list[list[Step]]:
    lives: list[list[Step]] = []
    machine = type("Life", (Life,), {"keep": staticmethod(lambda steps: lives.append(list(steps)))})
    limits = settings(max_examples=10, stateful_step_count=6, deadline=None, derandomize=True, database=None)
    run_state_machine_as_test(machine, settings=limits)
    return [life for life in lives if life]


async def _live(session: Session, payment: Payment, step: Step) -> None:
    if step.fact is not None:
        await payment_deps.gateway_facts(session, CLOCK).apply([step.fact])
    elif step.is_cancelled:
        assert payment.order_id is not None
        cancelling = orders_deps.order_cancelling(session, CLOCK, by="test")
        await cancelling.cancel(payment.order_id, OURS, None, "unwanted", lambda _: None)
    else:
        amount = Money(amount_minor=step.refund_minor, currency="INR")
        await payment_deps.refunds(session, CLOCK).request(payment.id, OURS, amount, reason="late", by="test")


async def _lived(session: Session, life: Sequence[Step]) -> list[Any]:
    """How it ends. What is refused changes nothing; after each step the books are right."""
    savepoint = await session.begin_nested()
    customer = await have_customer(session)
    payment = await have_payment(session, await have_order(session, customer), customer)
    for step in life:
        inner = await session.begin_nested()
        try:
            await _live(session, payment, step)
            await session.execute(CHECK)
            await session.execute(LATER)
        except _REFUSED[step.fact is None]:
            await inner.rollback()
            await session.execute(LATER)
        else:
            await inner.commit()
        assert await rows(session, WRONG) == [], life
    end = [await rows(session, END), sorted(await rows(session, BOOKS)), await rows(session, REFUNDS)]
    await savepoint.rollback()
    return end


async def test_books_stay_right_whatever_happens_and_the_same_facts_end_the_same(session: Session) -> None:
    for life in _lives():
        end = await _lived(session, life)
        facts = [step for step in life if step.fact is not None]
        if len(facts) == len(life):
            told = sorted({FACTS.index(step.fact) for step in facts if step.fact is not None})
            assert await _lived(session, [Step(FACTS[place]) for place in told]) == end, life
