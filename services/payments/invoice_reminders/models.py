"""Reminders of unpaid invoices."""

from dataclasses import dataclass
from typing import Final

from services.payments.invoices.models import Invoice

STEPS: Final = (-3, 0, 3, 7, 15)
"""Days after the due day, at which a customer is reminded."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step that has come for an invoice. days_overdue: how many days after the due day it is, negative before it."""

    invoice: Invoice
    step: int
    days_overdue: int
