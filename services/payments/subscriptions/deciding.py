"""What is to be done about a subscription whose day has come: periods to bill or leave out, an end, or a question for a person.

Pure: the same subscription at the same moment is dealt with in the same way, and what has been dealt with lies before its next
period. So however often and in whatever order runs take place, each period is dealt with once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.payments.periods.zones import midnight
from services.payments.subscriptions.billing import bill, period_from
from services.payments.subscriptions.due_models import HELD_BEHIND, MOST_PERIODS, Bill, Billed, Decision, Due, LeftOut
from services.payments.subscriptions.models import Adjustment


def decide(due: Due, slot: datetime) -> Decision:
    """Deal with every period that has begun by `slot`, up to MOST_PERIODS of them.

    A delivery whose period is over as well is left out: nobody wants twelve boxes at once, let alone pays for them.
    """
    billed, left_out = list[Billed](), list[LeftOut]()
    while midnight(due.next_period_start, due.time_zone) <= slot:
        if due.ends_at_period_end or (due.ends_on is not None and due.next_period_start >= due.ends_on):
            return Decision(due, "cancelled" if due.ends_at_period_end else "ended", billed, left_out, None, None)
        if len(billed) == MOST_PERIODS:
            return Decision(due, "active", billed, left_out, HELD_BEHIND, midnight(due.next_period_start, due.time_zone))
        due = renewed(due)
        part, whole = period_from(due.anchor, due.terms, due.next_period_start)
        if part.start in due.skips:
            left_out.append(LeftOut(part, due.terms, due.quantity, "skipped by the customer"))
        elif due.terms.delivers and midnight(part.end, due.time_zone) <= slot:
            left_out.append(LeftOut(part, due.terms, due.quantity, "its delivery was missed"))
        else:
            done = bill(due.terms, due.quantity, part, whole, due.supply, due.adjustments)
            billed.append(Billed(done, due.terms, due.quantity))
            due = replace(due, adjustments=_rest(due.adjustments, done.taken))
        due = replace(due, next_period_start=part.end)
    status = "active" if billed or left_out else due.status
    return Decision(due, status, billed, left_out, None, midnight(due.next_period_start, due.time_zone))


def renewed(due: Due) -> Due:
    """As it is from its next period on. Another rhythm is counted from there."""
    terms = due.next_terms or due.terms
    anchor = due.anchor if terms.same_rhythm(due.terms) else due.next_period_start
    return replace(
        due, terms=terms, anchor=anchor, quantity=due.next_quantity or due.quantity, next_terms=None, next_quantity=None
    )


def preview(due: Due) -> Bill | None:
    """What the next period would come to; None where it is skipped, or where there will be none."""
    if due.ends_at_period_end or (due.ends_on is not None and due.next_period_start >= due.ends_on):
        return None
    due = renewed(due)
    part, whole = period_from(due.anchor, due.terms, due.next_period_start)
    if part.start in due.skips:
        return None
    return bill(due.terms, due.quantity, part, whole, due.supply, due.adjustments)


def _rest(adjustments: Sequence[Adjustment], taken: Mapping[UUID, int]) -> tuple[Adjustment, ...]:
    left = [replace(one, open_minor=one.open_minor - taken.get(one.id, 0)) for one in adjustments]
    return tuple(one for one in left if one.open_minor)
