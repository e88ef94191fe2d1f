"""What a shop's visitors and customers do becomes figures; figures become a report; the report comes by mail."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from deploy.local.flows.analytics.story import Story
from deploy.local.polling import TIMEOUT_S

VISITS: Final = 2_000
BRIEF_VISITS: Final = 200
ORDERS: Final = 3
PRICE_MINOR: Final = 125_050
TAX_MINOR: Final = 22_509
TOTAL_MINOR: Final = 147_600
"""18 % of the price, rounded to the rupee."""
PATIENCE_S: Final = 150.0
"""What is not counted now is by the minute."""
COUNTING: Final = "roll-up-events"
FILES: Final = ("days.csv", "report.pdf", "report.xlsx", "summary.csv")


async def happen(story: Story) -> None:
    """Visits are sent by a shop, among them one from next year and one that comes twice; orders are placed in payments."""
    now = datetime.now(UTC)
    visits = [_visit(number, now) for number in range(BRIEF_VISITS if story.stack.brief else VISITS)]
    bad = {**_visit(0, now + timedelta(days=365)), "id": str(uuid4())}
    taken: dict[str, int] = {"accepted": 0, "duplicates": 0, "quarantined": 0}
    for start in range(0, len(visits), 1000):
        batch = visits[start : start + 1000] + ([bad, visits[0]] if start == 0 else [])
        answer = await story.analytics.ask("POST", "/v1/events:batch", json=batch, params=story.whose)
        said = answer.raise_for_status().json()
        taken = {name: count + said[name] for name, count in taken.items()}
    expected = {"accepted": len(visits), "duplicates": 1, "quarantined": 1}
    story.check("visits are taken, the same one once, and none from next year", taken, expected, f"{len(visits):,} visits")
    story.counts["visits"] += taken["accepted"]
    await _order(story)


async def _order(story: Story) -> None:
    address = {"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"}
    pay = story.payments
    await story.make(pay, "/v1/legal-entities", name="Sahyadri Furniture LLP", gstin="27AAPFU0939F1ZV", address=address)
    chair = {"sku": "CHAIR-1", "name": "Oak chair", "hsn_sac": "940161", "currency": "INR", "tax_rate_bp": 1800}
    await story.make(pay, "/v1/products", **chair, unit_price_minor=PRICE_MINOR)
    email = f"ann@{story.email.partition('@')[2]}"
    customer = await story.make(pay, "/v1/customers", name="Ann Pillai", email=email, state_code="27")
    for _ in range(ORDERS):
        lines = [{"sku": "CHAIR-1", "quantity": 1}]
        order = await story.make(pay, "/v1/orders", customer_id=customer["id"], currency="INR", lines=lines)
        story.counts["orders"] += 1
        assert order["total_minor"] == TOTAL_MINOR, order
    # A customer whom nobody can write to would leave a dead letter of each order, and an alert that does not end by itself.
    mails = await story.watch("orders are confirmed", lambda: story.mails(email, ""), lambda one: len(one) == ORDERS, TIMEOUT_S)
    story.check("each order is confirmed by mail", len(mails), ORDERS)


def _visit(number: int, at: datetime) -> dict[str, Any]:
    """One of a tenth as many visitors, within the last minutes of the day."""
    return {
        "id": str(uuid4()),
        "name": "shop.product_viewed",
        "occurred_at": (at - timedelta(milliseconds=number)).isoformat(),
        "user_id": f"demo.visitor:{number % 200}",
    }


async def are_counted(story: Story) -> None:
    """KPIs and series say what has happened, and how fresh they are."""
    expected = {"orders.placed": ORDERS, "orders.value": ORDERS * TOTAL_MINOR, "orders.average_value": TOTAL_MINOR}

    async def ask() -> dict[str, Any]:
        return {key: await _kpi(story, key) for key in expected}

    await story.run_now(COUNTING)
    found = await story.watch("orders are counted by the minute", ask, lambda one: one == expected, PATIENCE_S)
    story.check("each order is counted once, and its value", found, expected, f"{ORDERS} orders of ₹{TOTAL_MINOR / 100:,.2f}")
    wanted = story.counts["visits"]

    async def visits() -> int:
        series = await story.analytics.get("/v1/series/shop.product_viewed", **_range(story), grain="hour")
        return sum(point["n"] for part in series["parts"] for point in part["points"])

    seen = await story.watch("visits are counted by the minute", visits, lambda count: count == wanted, PATIENCE_S)
    story.check("each visit is counted once", seen, wanted)


async def _kpi(story: Story, key: str) -> Any:
    answer = await story.analytics.get(f"/v1/kpis/{key}", **_range(story), grain="day")
    return sum(part["whole"]["value"] or 0 for part in answer["parts"])


def _range(story: Story) -> dict[str, str]:
    """Yesterday too: a flow may run over midnight."""
    today = story.began.date()
    return {**story.whose, "from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1))}


async def are_reported(story: Story) -> None:
    """A report of these days is made, its files are what its manifest says, and a mail leads to them."""
    days = _range(story)
    body = {"from": days["from"], "to": str(story.began.date()), "to_email": [story.email]}
    asked = await story.make(story.analytics, "/v1/reports", **body)
    path = f"/v1/reports/{asked['id']}"

    async def ask() -> Any:
        return await story.analytics.get(path, **story.whose)

    detail = await story.watch("the report is made", ask, lambda one: one["report"]["status"] in ("done", "failed"), PATIENCE_S)
    report = detail["report"]
    story.check("a report is made", (report["status"], report["progress"]), ("done", 1.0), f"{len(detail['files'])} files")
    files = {one["name"]: one["sha256"] for one in detail["files"] if one["name"] in FILES}
    read = {name: await _file(story, f"{path}/files/{name}", story.whose) for name in FILES}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in read.items()}
    sizes = ", ".join(f"{name} {len(content):,} B" for name, content in read.items())
    story.check("its files are what it says", hashes, files, sizes)
    again = (await story.analytics.ask("POST", f"{path}/verify", params=story.whose)).raise_for_status().json()
    story.check("made again it is the same, byte by byte", again["is_same"], True)
    await _is_mailed(story, read["report.pdf"])


async def _is_mailed(story: Story, pdf: bytes) -> None:
    mails = await story.watch("the report comes by mail", lambda: story.mails(story.email, ""), bool, TIMEOUT_S)
    story.check("it comes by mail, once", len(mails), 1, mails[0]["subject"] if mails else "")
    found = re.search(r"https?://\S+file=report\.pdf", await story.mail_text(mails[0])) if mails else None
    linked = b""
    if found is not None:
        async with httpx.AsyncClient(timeout=30, trust_env=False, follow_redirects=True) as anybody:
            linked = (await anybody.get(found.group())).raise_for_status().content
    story.check("the mail's link leads to the PDF, without a token", (linked[:5], linked == pdf), (b"%PDF-", True))
    story.counts["reports"] += 1


async def _file(story: Story, path: str, params: dict[str, str]) -> bytes:
    return (await story.analytics.ask("GET", path, params=params)).raise_for_status().content
