"""What is refused about stored payment methods.

NotFound (404)
└── PaymentMethodNotFound
"""

from shared.runtime.errors import NotFound


class PaymentMethodNotFound(NotFound):
    code, title = "payment_method_not_found", "There is no such stored method"
