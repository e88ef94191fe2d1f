"""A bill that is not written yet, as it is shown."""

from services.payments.periods.zones import midnight
from services.payments.subscriptions.due_models import Bill, Due
from services.payments.subscriptions.schemas import LineOut, UpcomingOut


def upcoming(due: Due, bill: Bill) -> UpcomingOut:
    """What the next period will come to."""
    return UpcomingOut(
        start_on=bill.period.start,
        end_on=bill.period.end,
        bill_at=midnight(bill.period.start, due.time_zone),
        currency=(due.next_terms or due.terms).currency,
        lines=[LineOut.model_validate(line) for line in bill.lines],
        taxable_minor=bill.taxable_minor,
        tax_minor=bill.tax_minor,
        round_off_minor=bill.round_off_minor,
        total_minor=bill.total_minor,
    )
