"""What an amount must be before anything is done with it, for messages and for what services work out themselves."""

from services.payments.money.currencies import MAX_AMOUNT_MINOR, exponent_of
from services.payments.money.errors import AmountNotPositive, AmountTooLarge
from shared.contracts.money import Money


def require_positive(money: Money) -> Money:
    """The same money. Raises UnknownCurrency, AmountNotPositive and AmountTooLarge."""
    exponent_of(money.currency)
    if money.amount_minor <= 0:
        raise AmountNotPositive("amount_minor must be positive: a number of minor units from 1 on (12.50 INR is 1250)")
    if money.amount_minor > MAX_AMOUNT_MINOR:
        raise AmountTooLarge(
            f"amount_minor must be at most {MAX_AMOUNT_MINOR}; it is a number of minor units (12.50 INR is 1250)"
        )
    return money
