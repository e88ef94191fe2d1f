"""The suppression list as a file: all of it, or nothing."""

import time
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.notifications.suppressions.suppression_file import MAX_ROWS
from services.notifications.tests.callbacks.arrange import ANN, NUMBER, OURS, THEIRS, listed
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.service import ApiClient

PATH = "/v1/suppressions/import"


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


async def send(who: ApiClient, text: str, **params: Any) -> httpx.Response:
    return await who.post(PATH, content=text.encode(), headers={"Content-Type": "text/csv"}, params=params)


async def test_file_is_kept_and_the_same_file_again_adds_nothing(ours: ApiClient, session: Session) -> None:
    file = (
        "note,address,Reason,category,scope,expires_at\r\n"
        f'"from, the old system",{ANN},unsubscribed,marketing,category,\r\n'
        "\r\n"
        f",{NUMBER},,,,2027-01-01T00:00:00+05:30\r\n"
        f",{ANN.upper()},unsubscribed,marketing,category,\r\n"
    )
    first, again = await send(ours, file), await send(ours, file)

    assert first.json() == {"rows": 3, "added": 2, "known": 1, "rejected": 0, "problems": [], "problems_left_off": 0}
    assert (again.json()["added"], again.json()["known"]) == (0, 3)
    assert await listed(session) == [
        ("imported", "organization", OURS, None, NUMBER),
        ("unsubscribed", "category", OURS, "marketing", ANN),
    ]


async def test_numbers_on_a_register_are_imported_for_ones_own_marketing(ours: ApiClient, session: Session) -> None:
    kept = await send(ours, f"address,reason,expires_at\n{NUMBER},do_not_call,2027-01-01T00:00:00Z\n")

    assert kept.json()["added"] == 1
    assert await listed(session) == [("do_not_call", "organization", OURS, None, NUMBER)]


@pytest.mark.parametrize(
    ("written", "sent_to"),
    [
        ("+44 (0)7911 123456", "+447911123456"),
        ("+91 098123-45678", "+919812345678"),
        ("+7 8 912 345 67 89", "+79123456789"),
        ("+39 06 1234 5678", "+390612345678"),
    ],
)
async def test_number_is_kept_as_messages_to_it_are_addressed(
    ours: ApiClient, session: Session, written: str, sent_to: str
) -> None:
    by_file = await send(ours, f"address,reason\n{written},manual\n")
    by_hand = await ours.post("/v1/suppressions", json={"channel": "sms", "address": written.replace(" ", "")})
    found = await ours.get("/v1/suppressions", params={"address": sent_to})

    assert (by_file.json()["added"], by_hand.status_code) == (1, 200)
    assert await listed(session) == [("manual", "organization", OURS, None, sent_to)]
    assert len(found.json()["items"]) == 1


async def test_row_may_end_in_empty_cells_as_a_spreadsheet_leaves_them(ours: ApiClient, session: Session) -> None:
    kept = await send(ours, f"address,reason\n{NUMBER},manual,, \n")

    assert (kept.json()["added"], kept.json()["rejected"]) == (1, 0)
    assert await listed(session) == [("manual", "organization", OURS, None, NUMBER)]


BAD_ROWS = [
    ("nobody@,,,", "address", "is no e-mail address"),
    ("b@example.com,hardly,,", "reason", "is none of"),
    ("b@example.com,,galaxy,", "scope", "is none of"),
    ("b@example.com,,,tomorrow", "expires_at", "is no moment"),
    ("b@example.com,,,2027-01-01T00:00:00", "expires_at", "has no time zone"),
    ("b@example.com,soft_bounces,,", None, "soft bounces are counted"),
    ("b@example.com,soft_bounces,organization,", None, "soft_bounces has the scope `organization` and an end"),
    ("b@example.com,hard_bounce,,", None, "hard_bounce is true for everybody"),
    ("b@example.com,do_not_call,,", None, "do_not_call is a reason of numbers"),
    ("b@example.com,,global,", None, "the scope `global` concerns all organizations"),
    ("b@example.com\t,a\x00,,", "reason", "must be one line"),
    # A comma that nobody has put in quotes moves what follows into the next column.
    ("b@example.com,manual,organization,,2027-01-01T00:00:00Z", None, "has more cells than the first line has names"),
]


@pytest.mark.parametrize(("row", "column", "reason"), BAD_ROWS)
async def test_one_bad_row_is_named_and_keeps_the_whole_file_out(
    ours: ApiClient, session: Session, row: str, column: str | None, reason: str
) -> None:
    file = f"address,reason,scope,expires_at\n{ANN},,,\n{row}\n"
    refused = await send(ours, file)
    nothing = await listed(session)
    kept = await send(ours, file, skip_bad_rows=True)

    [problem] = refused.json()["rows"]
    assert (refused.status_code, refused.json()["code"], nothing) == (422, "suppression_rows_unusable", [])
    assert (problem["line"], problem["column"]) == (3, column)
    assert problem["reason"].startswith(reason)
    assert (kept.json()["added"], kept.json()["rejected"], kept.json()["problems"]) == (1, 1, [problem])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "text/csv"),
        (b"email\na@example.com\n", "text/csv"),
        (b"address,address\n", "text/csv"),
        (b'address\n"a', "text/csv"),
        (b"address\n\xff\n", "text/csv"),
        (b"{}", "application/json"),
        (b"address\na@b.example\n", "text/csv; charset=utf-16"),
    ],
)
async def test_file_that_is_none_is_refused(ours: ApiClient, session: Session, content: bytes, kind: str) -> None:
    refused = await ours.post(PATH, content=content, headers={"Content-Type": kind})

    assert (refused.status_code, refused.json()["code"]) == (422, "suppression_file_unreadable")
    assert await listed(session) == []


async def test_hundred_thousand_rows_are_taken_and_one_more_is_not(client: ApiClient, session: Session) -> None:
    everybody = client.as_role("operator")
    rows = "\n".join(f"{number}@example.com,opted_out" for number in range(MAX_ROWS))
    began = time.monotonic()
    report = (await send(everybody, f"address,reason\n{rows}\n")).json()
    took = time.monotonic() - began
    refused = await send(everybody, f"address,reason\n{rows}\nx@example.com,\n")

    assert (report["rows"], report["added"], refused.status_code) == (MAX_ROWS, MAX_ROWS, 422)
    assert len(await listed(session)) == MAX_ROWS
    assert took < 45


async def test_export_can_be_imported_again_and_holds_no_formulas(client: ApiClient, ours: ApiClient) -> None:
    everybody = client.as_role("operator")
    await send(everybody, f"address,reason,note\n{NUMBER},opted_out,=1+1\n")
    await send(ours, f"address,note\n{ANN},theirs\n")
    whole, own = await everybody.get("/v1/suppressions/export"), await ours.get("/v1/suppressions/export")
    again = await send(everybody, whole.text)

    assert whole.headers["Content-Type"].startswith("text/csv")
    assert (f"'{NUMBER}" in whole.text, "'=1+1" in whole.text) == (True, True)
    assert [line.split(",")[2] for line in own.text.splitlines()] == ["address", ANN]
    assert (again.json()["rejected"], again.json()["known"], again.json()["added"]) == (0, 2, 0)


_LEARNT = text("""
    INSERT INTO suppressions (channel, address, address_hash, scope, organization_id, category, reason, source, created_by,
                              created_at, expires_at, note)
    SELECT channel, address, md5(coalesce(address, '')), scope, CAST(organization_id AS uuid), category, reason, 'policy', 'test',
           :now, CAST(expires_at AS timestamptz), note
      FROM (VALUES ('email', 'soft@example.com', 'organization', :ours, NULL, 'soft_bounces', '2027-01-01T00:00:00Z', NULL),
                   ('email', 'own@example.com', 'organization', :ours, NULL, 'hard_bounce', NULL, '''tis theirs'),
                   ('sms', :number, 'organization', :theirs, NULL, 'opted_out', NULL, '=1+1'),
                   ('email', '''o@example.com', 'category', :theirs, 'marketing', 'unsubscribed', NULL, NULL),
                   ('email', 'all@example.com', 'organization', NULL, NULL, 'complaint', NULL, NULL),
                   ('sms', :number, 'global', NULL, NULL, 'invalid_number', NULL, NULL),
                   ('email', 'gone@example.com', 'organization', :ours, NULL, 'manual', '2020-01-01T00:00:00Z', NULL),
                   ('email', NULL, 'organization', :ours, NULL, 'complaint', NULL, NULL))
           AS row(channel, address, scope, organization_id, category, reason, expires_at, note)
""")
_MEANING = text("""
    SELECT channel, address, scope, organization_id, category, reason, expires_at, note FROM suppressions
     WHERE address IS NOT NULL AND coalesce(expires_at, 'infinity') > :now ORDER BY address, reason
""")


async def test_export_of_all_organizations_says_the_same_once_it_is_imported_again(client: ApiClient, session: Session) -> None:
    everybody = client.as_role("operator")
    bound = {"now": MONDAY_MORNING, "ours": str(OURS), "theirs": str(THEIRS), "number": NUMBER}
    await session.execute(_LEARNT, bound)
    before = (await session.execute(_MEANING, {"now": MONDAY_MORNING})).all()
    file = (await everybody.get("/v1/suppressions/export")).text
    await session.execute(text("DELETE FROM suppressions"))
    report = (await send(everybody, file)).json()
    again = (await send(everybody, file)).json()

    assert len(before) == 6
    assert (await session.execute(_MEANING, {"now": MONDAY_MORNING})).all() == before
    assert (report["added"], report["rejected"], again["added"], again["known"]) == (6, 2, 0, 6)
    assert sorted(problem["reason"] for problem in report["problems"]) == [
        "names nobody: the owner of the address was erased before the export",
        "stops nobody: expires_at has passed",
    ]


async def test_rows_of_another_organization_are_not_taken_for_ones_own(ours: ApiClient, session: Session) -> None:
    refused = await send(ours, f"address,organization_id\n{ANN},{THEIRS}\n")

    [problem] = refused.json()["rows"]
    assert (problem["column"], problem["reason"]) == (
        "organization_id",
        "is another organization than the one that the file is imported for",
    )
    assert await listed(session) == []
