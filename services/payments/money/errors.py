"""What money refuses.

Invalid (422)
├── UnknownCurrency
├── UnknownLocale
├── AmountNotPositive
└── AmountTooLarge
"""

from shared.runtime.errors import Invalid


class UnknownCurrency(Invalid):
    code, title = "unknown_currency", "The currency is not known"


class UnknownLocale(Invalid):
    code, title = "unknown_locale", "The locale is not known"


class AmountNotPositive(Invalid):
    code, title = "amount_not_positive", "The amount is not positive"


class AmountTooLarge(Invalid):
    code, title = "amount_too_large", "The amount is too large"
