"""Who pays and by which tariff; and what follows from a completed trip: its invoice and its messages."""

from typing import Any, Final

from deploy.local.flows.trips.story import Story
from deploy.local.polling import ask_until

PATIENCE_S: Final = 60.0


async def open_business(story: Story) -> None:
    """A seller, what a trip costs, and a customer whom messages reach."""
    address = {"line1": "Depot 1", "city": "Mumbai", "postal_code": "400050"}
    await story.payments.make("/v1/legal-entities", name="Sahyadri Transport LLP", gstin="27AAPFU0939F1ZV", address=address)
    rates = {"base_minor": 15_000, "per_km_minor": 1_850, "sac": "996412"}
    await story.payments.make("/v1/tariffs", mobility="ambulatory", valid_from="2026-01-01T00:00:00Z", rates=rates)
    ann = {"name": "Ann Pillai", "email": story.email, "state_code": "27"}
    story.things["customer"] = await story.payments.make("/v1/customers", **ann)


async def is_invoiced(story: Story) -> None:
    """Completion is worked off by trips' worker; payments issues the invoice and says so."""
    path = f"/v1/trips/{story.things['trip']['id']}/completion"

    async def ask() -> Any:
        answer = await story.trips.ask("GET", path)
        return answer.json() if answer.is_success else {"status": f"answered {answer.status_code}", "steps": []}

    story.stack.tell("waiting for the completion of the trip")
    completion = await ask_until(ask, lambda one: one["status"] == "done", timeout_s=PATIENCE_S)
    steps = {step["step"]: step["status"] for step in completion["steps"]}
    story.check(
        "each step of its completion is done", (completion["status"], set(steps.values())), ("done", {"done"}), ", ".join(steps)
    )
    invoice = await story.payments.get(f"/v1/invoices/{completion['invoice_id']}")
    found = (invoice["number"], invoice["status"], invoice["total_minor"] > 0)
    more = f"{invoice['number']}, ₹{invoice['total_minor'] / 100:,.2f} for {completion['distance_m']:,} m"
    story.check("the trip has its invoice", found, (completion["invoice_number"], "issued", True), more)
    story.things["invoice"] = invoice
    story.counts["invoices"] += 1


async def is_told_of(story: Story) -> None:
    """The passenger knows that it is done, and the payer has the invoice."""
    trip, invoice = (story.things[what]["number"] for what in ("trip", "invoice"))
    messages = {
        "the passenger is told of its end by mail": await story.mails(trip),
        "the invoice comes by mail": await story.mails(invoice),
    }
    for what, found in messages.items():
        story.check(what, len(found), 1, found[0] if found else "")
        story.counts["messages"] += len(found)
