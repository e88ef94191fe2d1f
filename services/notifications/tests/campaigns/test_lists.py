"""PUT /v1/campaigns/{id}/recipients: a list of one's own, with its faults named by line."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

import pytest

from services.notifications.addresses import AddressHasher
from services.notifications.campaigns.errors import ListTooLarge, ListUnreadable
from services.notifications.campaigns.recipient_file import MAX_ROWS, ListReader, Problem, rows_of
from services.notifications.tests.campaigns.arrange import OURS, publish_offer
from services.notifications.tests.campaigns.test_endpoints import did, drafted
from shared.runtime.db import Session
from shared.testing.service import ApiClient

CSV: Final = {"Content-Type": "text/csv", "If-Match": "*"}
NO_SEGMENT: Final[dict[str, Any]] = {"segment": None}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    return client.as_role("operator", organization_id=OURS)


def read(body: str | bytes, channel: str = "email", kind: str = "csv") -> Any:
    raw = body if isinstance(body, bytes) else body.encode()
    return ListReader(channel, AddressHasher(b"k" * 16), "IN").read(rows_of(raw, kind))


async def test_list_is_kept_row_by_row_and_its_faults_are_named(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)
    draft = await drafted(operator, **NO_SEGMENT)
    lines = [
        "to_email,to_person,to_name,locale,context.points",
        "Asha.Rao@Example.com,,Asha Rao,hi_IN,120",
        "asha.rao@example.COM,,Again,,",
        "not an address,,,,",
        ",payments.customer:7,,,",
        ",,Nobody,,",
        "b@example.com,,,klingon,",
        'c@example.com,,"open,,',
        "d@example.com,,",
        "e@printer.local,,,,",
        "",
    ]

    answer = await operator.put(f"{draft['path']}/recipients", content="\r\n".join(lines), headers=CSV)

    report = answer.json()
    assert (answer.status_code, report["rows"], report["kept"], report["repeated"], report["rejected"]) == (200, 9, 2, 1, 6)
    assert [(one["line"], one["column"]) for one in report["problems"]] == [
        (4, "to_email"),
        (6, None),
        (7, "locale"),
        (8, None),
        (9, None),
        (10, "to_email"),
    ]
    assert "not an address" not in answer.text
    kept = (await operator.get(f"{draft['path']}/recipients")).json()["items"]
    assert [(one["to_email"], one["to_person"], one["locale"]) for one in kept] == [
        ("Asha.Rao@Example.com", None, "hi-IN"),
        (None, "payments.customer:7", None),
    ]
    estimate = (await operator.get(f"{draft['path']}/estimate")).json()
    assert (estimate["recipients"], estimate["unreachable"]) == (1, 1)


async def test_new_list_replaces_the_one_before_and_needs_the_etag(operator: ApiClient) -> None:
    draft = await drafted(operator, **NO_SEGMENT)
    path, headers = f"{draft['path']}/recipients", {"Content-Type": "application/json"}
    first = await operator.put(
        path, json=[{"to_email": f"{n}@example.com"} for n in range(3)], headers={"If-Match": draft["etag"]}
    )
    blind = await operator.put(path, content="[]", headers=headers)
    late = await operator.put(path, content="[]", headers={**headers, "If-Match": draft["etag"]})
    second = await operator.put(path, json=[{"to_email": "x@example.com"}], headers={"If-Match": first.headers["ETag"]})

    assert [one.status_code for one in (first, blind, late, second)] == [200, 428, 412, 200]
    assert [one["to_email"] for one in (await operator.get(path)).json()["items"]] == ["x@example.com"]
    assert (await operator.get(draft["path"])).json()["total"] == 1


async def test_variables_that_neither_campaign_nor_each_recipient_has_keep_it_from_starting(
    operator: ApiClient, session: Session
) -> None:
    await publish_offer(session, variables={"thing": {"type": "string", "required": True, "description": ""}})
    draft = await drafted(operator, context={}, **NO_SEGMENT)
    path = f"{draft['path']}/recipients"
    rows = [{"to_email": "a@example.com", "context": {"thing": "tea"}}, {"to_email": "b@example.com"}]
    await operator.put(path, json=rows, headers={"If-Match": "*"})
    refused = await operator.post(f"{draft['path']}/start")
    await operator.put(path, json=rows[:1], headers={"If-Match": "*"})

    assert refused.json()["detail"].startswith("1 of its recipients lack one of the variables")
    assert await did(operator, draft, "start") == (200, "running")


async def test_variables_are_looked_at_in_each_language_that_somebody_reads(operator: ApiClient, session: Session) -> None:
    await publish_offer(session)
    price = {"price": {"type": "money", "required": True, "description": ""}}
    await publish_offer(session, locale="hi", variables=price)
    draft = await drafted(operator, **NO_SEGMENT)
    path = f"{draft['path']}/recipients"
    rows: list[dict[str, Any]] = [
        {"to_email": "a@example.com"},
        {"to_email": "b@example.com", "locale": "hi-IN"},
        {"to_email": "c@example.com", "locale": "hi-IN", "context": {"price": "12"}},
        {"to_email": "d@example.com", "locale": "hi", "context": {"price": {"amount_minor": 12, "currency": "INR"}}},
    ]
    said = []
    for kept in (rows, [rows[0], *rows[2:]], [rows[0], rows[3]]):
        await operator.put(path, json=kept, headers={"If-Match": "*"})
        answer = await operator.post(f"{draft['path']}/start")
        said.append((answer.status_code, answer.json().get("detail", "")[:54]))

    assert said == [
        (422, "1 of its recipients lack one of the variables that the"),
        (422, "1 of its recipients bring a variable of another type t"),
        (200, ""),
    ]


@pytest.mark.parametrize(
    ("headers", "segment", "status", "code"),
    [
        ({"Content-Type": "text/plain", "If-Match": "*"}, None, 415, "unknown_list_type"),
        ({"Content-Type": "text/csv", "If-Match": "*"}, {}, 409, "campaign_not_possible"),
        ({"Content-Type": "application/json", "If-Match": "*"}, None, 422, "list_unreadable"),
        ({"Content-Type": "text/csv", "If-Match": "*", "Content-Length": "32000001"}, None, 413, "list_too_large"),
    ],
)
async def test_upload_that_cannot_be_meant_is_refused(
    operator: ApiClient, headers: dict[str, str], segment: Any, status: int, code: str
) -> None:
    draft = await drafted(operator, segment=segment)

    refused = await operator.put(f"{draft['path']}/recipients", content="to_email\n", headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_numbers_are_one_recipient_however_they_are_written() -> None:
    found = read("to_phone\n+91 98123 45678\n09812345678\n9812345678\n+91 11 2345 6789\n", "sms")

    assert [row.to_phone for row in found.rows.values()] == ["+919812345678"]
    assert (found.repeated, [(one.line, one.column) for one in found.problems]) == (2, [(5, "to_phone")])


def test_columns_and_fields_that_are_not_known_are_named_and_not_guessed() -> None:
    for body in ("email\na@example.com\n", "to_email,to_email\n", "", b"\xff\n", '"to_email\n'):
        with pytest.raises(ListUnreadable):
            read(body)
    unknown = read(json.dumps([{"to_email": "a@example.com", "nmae": "x"}, 7, {"to_email": 7}]), kind="json")
    assert (unknown.rejected, [one.column for one in unknown.problems]) == (3, [None, None, "to_email", None])


@pytest.mark.parametrize("context", [{"a": "\x00"}, {"a": "\ud800"}, {"a": "x" * 8000}, [1]])
def test_context_that_cannot_be_kept_costs_its_row_alone(context: Any) -> None:
    found = read(json.dumps([{"to_email": "a@example.com", "context": context}, {"to_email": "b@example.com"}]), kind="json")

    assert [row.to_email for row in found.rows.values()] == ["b@example.com"]
    assert [(one.line, one.column) for one in found.problems] == [(1, "context")]


def test_text_in_another_charset_costs_its_row_alone() -> None:
    found = read(b"to_email,to_name\na@example.com,M\xfcller\nb@example.com,Ben\n")

    assert [row.to_name for row in found.rows.values()] == ["Ben"]
    assert found.problems == [Problem(2, None, "it is not UTF-8")]


def test_hundred_thousand_rows_fit_and_one_more_does_not() -> None:
    rows = "".join(f"c{number}@example.com\n" for number in range(MAX_ROWS))

    assert len(read("to_email\n" + rows).rows) == MAX_ROWS
    with pytest.raises(ListTooLarge):
        read("to_email\n" + rows + "x@example.com\n")


def test_address_in_needless_quotes_is_the_one_without_them() -> None:
    found = read('to_email\n"""quo.ted""@example.com"\nquo.ted@example.com\n')

    assert ([row.to_email for row in found.rows.values()], found.repeated) == (["quo.ted@example.com"], 1)


async def test_list_of_somebody_unknown_is_refused_before_a_byte_of_it_is_read(client: ApiClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(40):
            read += 1
            yield b"," * 1_000_000

    path = f"/v1/campaigns/{uuid4()}/recipients"
    refused = await client.put(path, content=endless(), headers={"Content-Type": "text/csv"})
    without_type = await client.put(path, content=b"x")

    assert (refused.status_code, without_type.status_code, read) == (401, 401, 0)
