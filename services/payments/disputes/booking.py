"""What disputes mean for the ledger: held while the banks decide, then lost or back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.payments.disputes.models import Dispute
from services.payments.ledger.models import Posting, Reversal
from services.payments.payments import booking, ranks
from services.payments.payments.models import Payment


def dispute_postings(payments: Mapping[UUID, Payment], disputes: Sequence[Dispute], now: datetime) -> list[Posting]:
    """All that follow from how the disputes stand; those that are posted already post nothing."""
    postings = list[Posting]()
    for one in disputes:
        if one.payment_id is None or one.currency != payments[one.payment_id].currency:
            continue
        payment, decided_at = payments[one.payment_id], one.decided_at or now
        # A gateway that takes the money only once it is lost has taken all of it then.
        taken = one.deducted_minor or (one.amount_minor if one.rank == ranks.DISPUTE_LOST else 0)
        if not taken:
            continue
        postings.append(booking.disputed(payment, one.id, taken, one.opened_at))
        if one.rank == ranks.DISPUTE_LOST:
            postings.append(booking.dispute_lost(payment, one.id, taken, decided_at))
        elif one.rank == ranks.DISPUTE_WON:
            postings.append(booking.dispute_won(payment, one.id, taken, decided_at))
    return postings


def losses_undone(disputes: Sequence[Dispute], now: datetime) -> list[Reversal]:
    """Losses of disputes that are won after all, where they were posted: banks change their minds, and news come in any order."""
    return [
        Reversal(
            "dispute_loss_undone",
            str(one.id),
            ("dispute_lost", str(one.id)),
            one.decided_at or now,
            f"Dispute of payment {one.payment_id}",
        )
        for one in disputes
        if one.rank == ranks.DISPUTE_WON
    ]
