"""Our books are compared with the gateway's: each planted drift is called what it is, and the ledger stays balanced."""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from deploy.local.environment import read_environment
from deploy.local.flows.payments import drifts
from deploy.local.flows.payments.books import balance_of, rupees_of
from deploy.local.flows.payments.story import Story
from deploy.local.polling import ask_until, read_all

DAYS: Final = 14
"""So far back is compared; the payments are ten days old."""
HOUSE: Final = {"organization_id": "00000000-0000-0000-0000-000000000000"}
"""Where the ledger keeps what belongs to nobody whom we know."""
_ZONE: Final = ZoneInfo("Asia/Kolkata")
_RUNS: Final = "/v1/reconciliation/runs"
_REPORT: Final = "/razorpay/v1/settlements/recon/combined"


async def plant_drifts(story: Story) -> None:
    """Payments of ten days ago, and a settlement with a report that is wrong about all of them but one."""
    lives = {"line1": "5 Residency Road", "city": "Bengaluru", "postal_code": "560025"}
    story.things["stranger"] = await story.ask(
        "POST", "/v1/customers", {"name": "Kiran Rao", "address": lives, "state_code": "29"}
    )
    story.things["before"] = balance_of(await rupees_of(story, story.whose), "bank")
    story.things["began"] = datetime.now(UTC)
    story.things["paid"] = await drifts.pay_long_ago(story)
    told_at = datetime.now(UTC)
    story.things["settlement"] = await drifts.pay_out(story, story.things["paid"])
    await _hear_of_it(story, told_at)
    story.counts["drifts"] = len(drifts.PLANTS) - 1


async def find_them(story: Story) -> None:
    """A run over two weeks; each drift is a case of its class and of no other, or is healed."""
    paid, settlement = story.things["paid"], story.things["settlement"]
    run = await _compare(story)
    report = await _report(story, settlement)
    cases = await _open_cases(story)
    findings = await _findings(story)
    story.check("a reconciliation run compares the gateway with our books", (run["state"], run["error"]), ("finished", None))
    for one in drifts.expected_of(paid, settlement, report):
        wanted = set() if one.class_ is None or one.healed else {one.class_}
        found = ({kind for kind, subject in cases if subject == one.subject}, (one.class_, one.subject) in findings)
        words = one.class_ or "nothing"
        said = f"put right: {words}" if one.healed else words
        story.check(f"drift {one.plant} is called what it is", found, (wanted, one.class_ is not None), said)
    heard = await story.read(f"/v1/payments/{paid[drifts.UNHEARD].id}")
    story.check("what no webhook has told is captured all the same", heard["payment"]["status"], "captured")
    story.things["report"] = report


async def books_hold(story: Story) -> None:
    """The bank has what the gateway has paid out for us, nothing was made right by force, and both sides are equal."""
    ours, house = await rupees_of(story, story.whose), await rupees_of(story, HOUSE)
    for name, rupees in (("ours", ours), ("what belongs to nobody", house)):
        sides = (rupees["debit_minor"], rupees["credit_minor"])
        story.check(f"the ledger is balanced: {name}", sides[0], sides[1], f"₹{sides[0] / 100:,.2f} on both sides")
    came = balance_of(ours, "bank") - story.things["before"]
    expected = drifts.received(story.things["paid"], story.things["report"])
    story.check("the bank has what the report says of ours", came, expected, f"₹{came / 100:,.2f}")


async def settle_the_rest(story: Story) -> None:
    """The gateway pays out what it had left unsettled: the next run ends that case by itself, and opens none again."""
    paid = story.things["paid"]
    await story.unrule(paid["unsettled"].order)
    before = await _open_cases(story)
    told_at = datetime.now(UTC)
    settlement = await story.at_gateway("POST", "/settlements", {"older_than_days": drifts.OLD_DAYS})
    await _hear_of_it(story, told_at)
    await _compare(story)
    story.things["report"] += await _report(story, settlement)
    after = await _open_cases(story)
    late = ("unsettled_overdue", paid["unsettled"].reference)
    story.check("a case ends by itself once it is right", (late in before, late in after), (True, False))
    mine = {one.reference for one in paid.values()}
    opened = {one for one in after - before if one[1] in mine}
    story.check("a second run finds nothing new", opened, set())


async def _hear_of_it(story: Story, since: datetime) -> None:
    """Wait for the end of the run over one day that follows by itself when the gateway tells of a settlement.

    Two runs of different windows at once judge by what each has asked the gateway, and that of one day has not asked for all.
    """

    async def ask() -> list[str]:
        return [run["state"] for run in await _runs(story, since)]

    story.stack.tell("waiting for the run that follows a settlement")
    await ask_until(ask, lambda states: bool(states) and "running" not in states)


async def _compare(story: Story) -> dict[str, Any]:
    """Ask for a run of the installation's account at the gateway, and wait for its end."""
    asked_at = datetime.now(UTC)
    (await story.api.post(_RUNS, json={"days": DAYS, "account": "razorpay"})).raise_for_status()

    async def ask() -> dict[str, Any]:
        runs = [one for one in await _runs(story, asked_at) if one["requested_by"] == story.stack.operator]
        return runs[0] if runs else {"state": "asked for", "error": None}

    story.stack.tell("waiting for the run to compare everything")
    return await ask_until(ask, lambda run: run["state"] in ("finished", "failed"))


async def _runs(story: Story, since: datetime) -> list[dict[str, Any]]:
    """Runs that were asked for since a moment, the newest first; one follows each settlement that the gateway tells of."""

    def is_older(run: dict[str, Any]) -> bool:
        return datetime.fromisoformat(run["started_at"]) < since

    runs = await read_all(story.api, _RUNS, {"account": "razorpay", "limit": "50"}, until=is_older)
    return [run for run in runs if not is_older(run)]


async def _findings(story: Story) -> set[tuple[str, str]]:
    """(class, subject) of all that the runs of this flow have found."""
    found = set()
    for run in await _runs(story, story.things["began"]):
        for one in await read_all(story.api, f"{_RUNS}/{run['id']}/findings", {"limit": "200"}):
            found.add((one["class"], one["entity_id"]))
    return found


async def _open_cases(story: Story) -> set[tuple[str, str]]:
    """(kind, subject) of open cases, also of those that belong to nobody."""
    cases = await read_all(story.api, "/v1/cases", {"state": "open", "limit": "200"})
    return {(one["kind"], one["entity_id"]) for one in cases}


async def _report(story: Story, settlement: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a settlement, as the gateway lists them to whoever has its key."""
    ours = read_environment(story.stack.home, "payments")
    day = datetime.fromtimestamp(settlement["created_at"], UTC).astimezone(_ZONE).date()
    query = {"year": str(day.year), "month": str(day.month), "day": str(day.day), "count": "1000"}
    lines: list[dict[str, Any]] = []
    while True:
        asked = {**query, "skip": str(len(lines))}
        answer = await story.sandbox.get(_REPORT, params=asked, auth=(ours["RAZORPAY_KEY_ID"], ours["RAZORPAY_KEY_SECRET"]))
        page = answer.raise_for_status().json()["items"]
        lines += page
        if len(page) < int(query["count"]):
            return [one for one in lines if one["settlement_id"] == settlement["id"]]
