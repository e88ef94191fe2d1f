"""What is refused about credit.

Conflict (409)
├── CreditTooSmall
└── NothingToUseCreditFor
"""

from shared.runtime.errors import Conflict


class CreditTooSmall(Conflict):
    """`balance_minor` is what there is."""

    code, title = "credit_too_small", "The customer has not so much to their credit"


class NothingToUseCreditFor(Conflict):
    code, title = "nothing_to_use_credit_for", "Nothing is due that credit could be used for"
