"""What is refused about refunds.

NotFound (404)
├── RefundNotFound
└── RefundPlanNotFound
Conflict (409)
├── RefundAboveCaptured    `refundable_minor` is what is left
├── RefundPlanned          `planned_minor` is what cancellations are still to give back
├── RefundStateForbids     `refund_status` is the refund's
├── RefundPlanForbids      `plan_status` is the plan's
└── RefundNeedsAnother     who asks for it may not approve it
"""

from shared.runtime.errors import Conflict, NotFound


class RefundNotFound(NotFound):
    code, title = "refund_not_found", "There is no such refund"


class RefundPlanNotFound(NotFound):
    code, title = "refund_plan_not_found", "There is no such plan"


class RefundAboveCaptured(Conflict):
    """`refundable_minor` is what is left to give back."""

    code, title = "refund_above_captured", "Less than that can be given back"


class RefundPlanned(Conflict):
    """`planned_minor` is what the order's cancellations give back and nobody has asked a gateway for."""

    code, title = "refund_planned", "A cancellation of the order is about to give money back"


class RefundStateForbids(Conflict):
    """`refund_status` is the refund's."""

    code, title = "refund_state_forbids", "The refund's state does not allow this"


class RefundPlanForbids(Conflict):
    """`plan_status` is the plan's."""

    code, title = "refund_plan_forbids", "The plan's state does not allow this"


class RefundNeedsAnother(Conflict):
    code, title = "refund_needs_another", "Somebody else has to approve it"
