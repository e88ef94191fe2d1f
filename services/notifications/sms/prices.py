"""What an SMS is expected to cost, shown before it is sent; the provider's account has the last word."""

from shared.contracts.money import Money


def estimate(segments: int, price_per_1000: Money) -> Money:
    """The cost of so many segments, rounded up to a whole minor unit.

    price_per_1000: what a thousand segments cost in the recipient's country, by the price list of the provider's account; a price
    of one alone is often less than a minor unit.
    """
    return Money(amount_minor=-(-segments * price_per_1000.amount_minor // 1000), currency=price_per_1000.currency)
