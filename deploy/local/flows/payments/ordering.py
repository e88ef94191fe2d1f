"""A shop in Maharashtra, a customer in Karnataka, and their order: two lines, taxed by where they go (IGST)."""

from typing import Final

from deploy.local.flows.payments.story import Story

GSTIN: Final = "27AAPFU0939F1ZV"
"""Well-formed, with its check digit; python-stdnum's own example."""
SUBTOTAL: Final = 2 * 125_050 + 899_900
TAX: Final = 45_018 + 107_988
"""18 % of the chairs, 12 % of the table; in paise."""
TOTAL: Final = 1_303_000
"""Rounded to the rupee from 13,030.06 (CGST Act, section 170)."""


async def open_shop(story: Story) -> None:
    """Who sells, how it is taxed, and what there is to buy."""
    address = {"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"}
    seller = {"name": "Sahyadri Furniture LLP", "gstin": GSTIN, "address": address, "upi_id": "sahyadri@icici"}
    story.things["seller"] = await story.ask("POST", "/v1/legal-entities", seller)
    chair = {"sku": "CHAIR-1", "name": "Oak chair", "hsn_sac": "940161", "unit_price_minor": 125_050, "tax_rate_bp": 1800}
    table = {"sku": "TABLE-1", "name": "Oak table", "hsn_sac": "940360", "unit_price_minor": 899_900, "tax_rate_bp": 1200}
    for product in (chair, table):
        await story.ask("POST", "/v1/products", {**product, "currency": "INR"})
    home = {"line1": "3 Church Street", "city": "Bengaluru", "postal_code": "560001"}
    ann = {"name": "Ann Pillai", "email": story.email, "phone": "+919812345678", "address": home, "state_code": "29"}
    story.things["customer"] = await story.ask("POST", "/v1/customers", ann)


async def place_order(story: Story) -> None:
    """Two chairs and a table; the customer gets a confirmation."""
    lines = [{"sku": "CHAIR-1", "quantity": 2}, {"sku": "TABLE-1", "quantity": 1}]
    wanted = {"customer_id": story.things["customer"]["id"], "currency": "INR", "lines": lines}
    order = story.things["order"] = await story.ask("POST", "/v1/orders", wanted)
    figures = {name: order[f"{name}_minor"] for name in ("subtotal", "tax", "total", "due")}
    expected = {"subtotal": SUBTOTAL, "tax": TAX, "total": TOTAL, "due": TOTAL}
    story.check("an order is placed, taxed by where it goes", figures, expected, f"{order['number']}, ₹{TOTAL / 100:,.2f}")
    mails = await story.mails(order["number"])
    story.check("the customer gets a confirmation", len(mails), 1)
    story.counts["orders"] += 1
