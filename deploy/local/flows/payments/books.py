"""The ledger says the same as the payments and invoices."""

from typing import Any

from deploy.local.flows.payments.story import Story


async def are_balanced(story: Story) -> None:
    """Debits and credits have the same sum, and the gateway owes us what it has taken and not given back."""
    rupees = await rupees_of(story, story.whose)
    payments = await story.read_all("/v1/payments")
    kept = sum(one["captured_minor"] - one["refunded_minor"] for one in payments)
    is_even = rupees["debit_minor"] == rupees["credit_minor"]
    sides = f"both sides of the trial balance are ₹{rupees['debit_minor'] / 100:,.2f}"
    story.check("the ledger is balanced", (is_even, balance_of(rupees, "gateway_receivable")), (True, kept), sides)


async def rupees_of(story: Story, whose: dict[str, str]) -> dict[str, Any]:
    """The trial balance of an organization in rupees, which has nothing in any other currency."""
    balance = await story.read("/v1/ledger/trial-balance", whose)
    [rupees] = balance["currencies"]
    found: dict[str, Any] = rupees
    return found


def balance_of(rupees: dict[str, Any], account: str) -> int:
    """What an account of a trial balance holds in paise, debits counted above nothing."""
    return sum(one["debit_minor"] - one["credit_minor"] for one in rupees["accounts"] if one["account"] == account)
