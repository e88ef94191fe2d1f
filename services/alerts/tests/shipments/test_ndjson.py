"""What is read from NDJSON: one JSON object per line."""

import json
from datetime import date
from typing import Any

import pytest

from services.alerts.shipments.errors import UnreadableFile
from services.alerts.shipments.file_format import FileFormat, read_mapping
from services.alerts.shipments.shipment_file import Problem, read_shipments

ROW = {
    "reference": "MAEU1",
    "customer": "Nordlicht",
    "carrier": "Maersk",
    "origin": "CNSHA",
    "destination": "DEHAM",
    "current_eta": "2026-03-02",
    "status": "in_transit",
    "recipients": ["a@x.example", "b@x.example"],
}
NDJSON = FileFormat("ndjson")


def row(**values: Any) -> str:
    """A line, usual but for what is named."""
    return json.dumps(ROW | values)


def test_objects_are_read_with_lists_as_texts_or_as_lists() -> None:
    body = "\n".join((row(), "", row(reference="B2", recipients="a@x.example;b@x.example", mode=None, holds=["customs"])))

    file = read_shipments(body.encode(), NDJSON)

    assert [(one.reference, one.recipients, one.holds) for one in file.facts] == [
        ("MAEU1", ("a@x.example", "b@x.example"), ()),
        ("B2", ("a@x.example", "b@x.example"), ("customs",)),
    ]
    assert [one.given for one in file.facts] == [frozenset(), {"mode", "holds"}]
    assert file.facts[0].current_eta == date(2026, 3, 2)


def test_fields_are_found_by_their_mapping() -> None:
    body = json.dumps({"box": "A1", "note": 7} | {name: value for name, value in ROW.items() if name != "reference"})

    file = read_shipments(body.encode(), FileFormat("ndjson", columns=read_mapping("box:reference,note:")))

    assert ([one.reference for one in file.facts], file.problems) == (["A1"], [])


LISTS = "a text or a list of texts without semicolons"
BAD: list[tuple[str, str | None, str]] = [
    ("[]", None, "is not a JSON object"),
    ("17", None, "is not a JSON object"),
    ("{", None, "is not JSON"),
    ("[" * 19_000, None, "is not JSON"),
    ("9" * 5_000, None, "is not JSON"),
    ('{"reference": "A", "reference": "B"}', None, "has a field twice"),
    (row(reference=17), "reference", "is a number, but takes a text"),
    (row(reference=1e300), "reference", "is a number, but takes a text"),
    (row(customer={"name": "x"}), "customer", "is an object, but takes a text"),
    (row(carrier=["a"]), "carrier", "is a list, but takes a text"),
    (row(status=True), "status", "is true or false, but takes a text"),
    (row(recipients=[1]), "recipients", f"is a list, but takes {LISTS}"),
    (row(missing_documents=["a;b"]), "missing_documents", f"is a list, but takes {LISTS}"),
    (row(recipient_email="a@x.example"), None, "has recipients twice, under different names"),
    (row(reference=None), "reference", "is empty"),
    (row(recipients=[]), "recipients", "is empty"),
    (row(customer="a\0b"), "customer", "has a NUL character"),
    (row(customer="\ud800"), "customer", "has a control character"),
    ('{"reference": "A"}', None, "lacks customer, carrier, origin, destination, current_eta, status, recipients"),
]


@pytest.mark.parametrize(("bad", "column", "reason"), BAD)
def test_bad_line_costs_itself_alone_and_is_told_with_its_place(bad: str, column: str | None, reason: str) -> None:
    file = read_shipments("\n".join((row(reference="A1"), bad, row(reference="C3"))).encode(), NDJSON)

    assert file.problems == [Problem(2, column, reason)]
    assert [one.reference for one in file.facts] == ["A1", "C3"]


def test_every_fault_of_a_line_is_told() -> None:
    bad = row(reference=17, carrier=["a"], current_eta="soon", holds=[None], vessel="x", recipient_email="a@x.example")
    body = bad.replace('"destination"', '"to"')

    file = read_shipments(body.encode(), NDJSON)

    assert (file.rows, file.rejected, file.facts) == (1, 1, [])
    assert [(one.line, one.column, one.reason.partition(";")[0]) for one in file.problems] == [
        (1, "reference", "is a number, but takes a text"),
        (1, "carrier", "is a list, but takes a text"),
        (1, "holds", f"is a list, but takes {LISTS}"),
        (1, None, "has recipients twice, under different names"),
        (1, None, "has the unknown fields to, vessel"),
        (1, None, "lacks destination"),
        (1, "current_eta", "is not a date like 2026-11-20"),
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["vessel"], "has the unknown field vessel; known are reference, customer,"),
        (["vessel", "ETA port"], "has the unknown fields vessel, ETA port; known are"),
        (["a\0b"], "has the unknown field place 9; known are"),
        (["\ud800"], "has the unknown field place 9; known are"),
        (["x" * 41], "has the unknown field place 9; known are"),
        (
            [f"n{number}" for number in range(12)],
            "has the unknown fields n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more; known",
        ),
    ],
    ids=["one", "two", "NUL", "surrogate", "long", "many"],
)
def test_unknown_fields_are_named_with_the_way_to_map_them(names: list[str], told: str) -> None:
    (problem,) = read_shipments(row(**dict.fromkeys(names, "x")).encode(), NDJSON).problems

    assert (problem.line, problem.column) == (1, None)
    assert problem.reason.startswith(told)
    assert problem.reason.endswith("`columns=their_name:our_name,…` names")


def test_empty_file_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="the file is empty"):
        read_shipments(b"\n \n", NDJSON)
