"""The ledger says the same as the payments and invoices."""

from deploy.local.flows.payments.story import Story


async def are_balanced(story: Story) -> None:
    """Debits and credits have the same sum, and the gateway owes us what it has taken and not given back."""
    balance = await story.read("/v1/ledger/trial-balance")
    [rupees] = balance["currencies"]
    accounts = {one["account"]: one["debit_minor"] - one["credit_minor"] for one in rupees["accounts"]}
    payment = (await story.read(f"/v1/payments/{story.things['payment']['id']}"))["payment"]
    is_even = rupees["debit_minor"] == rupees["credit_minor"]
    expected = (True, payment["captured_minor"] - payment["refunded_minor"])
    sides = f"both sides of the trial balance are ₹{rupees['debit_minor'] / 100:,.2f}"
    story.check("the ledger is balanced", (is_even, accounts.get("gateway_receivable", 0)), expected, sides)
