"""Capabilities of many manufacturers from a file."""

from typing import Any

from services.payments.tests.matching.arrange import OURS, THEIRS, have_maker, have_order, match, rows
from shared.runtime.db import Session
from shared.testing.service import ApiClient

PATH = "/v1/manufacturers/capabilities/import"
HEADER = "manufacturer,capability,unit_price_minor,currency,lead_time_days,capacity_units,minimum_quantity,capacity_period"
KNOWN = """
    SELECT code, capability, unit_price_minor, capacity_units, minimum_quantity, capacity_period
      FROM manufacturer_capabilities JOIN manufacturers ON id = manufacturer_id ORDER BY code, capability
"""


async def imported(client: ApiClient, *lines: str, header: str = HEADER) -> Any:
    """The report of a file with these rows."""
    operator = client.as_role("operator", organization_id=OURS)
    answer = await operator.post(PATH, content="\n".join((header, *lines, "")), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_good_rows_are_kept_and_the_others_are_told_with_their_place(client: ApiClient, session: Session) -> None:
    await have_maker(session, "A", [])
    await have_maker(session, "B", ["milling"])
    await have_maker(session, "C", [], organization_id=THEIRS)

    report = await imported(
        client,
        "A,milling,12500,INR,10,500,50,week",
        "A,casting,9000,INR,3,20,,day",
        "B,milling,11000,INR,5,100,1,",
        "A,milling,1,INR,1,1,1,week",
        "C,milling,1,INR,1,1,1,week",
        "A,welding,12.50,INR,1,1,1,week",
        "A,Welding,1,XXX,1,1,1,month",
        "A,welding,1",
    )

    assert await rows(session, KNOWN) == [
        ("A", "casting", 9_000, 20, 1, "day"),
        ("A", "milling", 12_500, 500, 50, "week"),
        ("B", "milling", 11_000, 100, 1, "week"),
    ]
    assert {name: report[name] for name in ("rows", "created", "updated", "unchanged", "rejected")} == {
        "rows": 8,
        "created": 2,
        "updated": 1,
        "unchanged": 0,
        "rejected": 5,
    }
    assert [(one["line"], one["column"]) for one in report["problems"]] == [
        (5, "capability"),
        (6, "manufacturer"),
        (7, "unit_price_minor"),
        (8, "currency"),
        (8, "capacity_period"),
        (8, "capability"),
        (9, None),
    ]
    assert await rows(session, "SELECT capability FROM matching_changes ORDER BY 1") == [("casting",), ("milling",)]
    assert await rows(session, "SELECT code, version FROM manufacturers ORDER BY code") == [("A", 2), ("B", 2), ("C", 1)]


async def test_same_file_again_changes_nothing(client: ApiClient, session: Session) -> None:
    await have_maker(session, "A", [])
    reports = [await imported(client, "A,milling,12500,INR,10,500,50,week") for _ in range(2)]

    assert [(one["created"], one["updated"], one["unchanged"]) for one in reports] == [(1, 0, 0), (0, 0, 1)]
    assert await rows(session, "SELECT version FROM manufacturers") == [(2,)]


async def test_units_that_are_reserved_keep_their_weeks(client: ApiClient, session: Session) -> None:
    await have_maker(session, "A", ["milling", "casting"])
    await have_order(session, ("milling", 60))
    await match(session)

    report = await imported(client, "A,milling,1,INR,1,500,1,day", "A,casting,1,INR,1,500,1,day")
    lowered = await imported(client, "A,milling,1,INR,1,10,1,week")

    assert [(one["line"], one["column"]) for one in report["problems"]] == [(2, "capacity_period")]
    assert (report["updated"], lowered["updated"]) == (1, 1)
    assert await rows(session, "SELECT capability, capacity_units, reserved_units FROM capacity_periods") == [("milling", 60, 60)]


async def test_file_that_cannot_be_read_is_refused_and_nothing_is_kept(client: ApiClient, session: Session) -> None:
    operator = client.as_role("operator", organization_id=OURS)
    bodies = [b"", b"manufacturer,capability\nA,milling\n", f"{HEADER},colour\n".encode()]
    bodies += [f"{HEADER}\nA,\xfc".encode("latin-1"), f'{HEADER}\n"A,milling'.encode()]

    answers = [await operator.post(PATH, content=body, headers={"Content-Type": "text/csv"}) for body in bodies]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "capabilities_unreadable")] * 5
    assert await rows(session, KNOWN) == []
