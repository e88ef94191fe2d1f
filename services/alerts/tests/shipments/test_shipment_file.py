"""What is read from a file, and what is told of the rest."""

from datetime import date

import pytest

from services.alerts.shipments.errors import UnreadableFile
from services.alerts.shipments.models import ShipmentFacts
from services.alerts.shipments.shipment_file import COLUMNS, Problem, read_shipments
from services.alerts.tests.arrange import csv_of, line

GOOD = ShipmentFacts(
    reference="MAEU1",
    customer="Nordlicht Handels GmbH",
    carrier="Maersk",
    origin="CNSHA",
    destination="DEHAM",
    current_eta=date(2026, 3, 2),
    status="in_transit",
    recipient_email="customs@example.com",
)


@pytest.mark.parametrize(
    "body",
    [
        csv_of(line()),
        csv_of(line()).replace(b"\n", b"\r\n"),
        csv_of(line()).replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + csv_of(line()),
        b"\n" + csv_of("", line(), "", "   "),
        csv_of(line(reference=' "MAEU1"')).replace(b' "', b'"'),
        csv_of(line(customer="  Nordlicht Handels GmbH ")),
        csv_of(line()).rstrip(b"\n"),
    ],
    ids=["unix", "windows", "old mac", "byte order mark", "blank lines", "quoted", "spaces around", "no last line break"],
)
def test_usual_files_are_read(body: bytes) -> None:
    file = read_shipments(body)

    assert (file.facts, file.rows, file.rejected, file.problems) == ([GOOD], 1, 0, [])


def test_columns_may_stand_in_any_order_and_fields_may_hold_commas_and_quotes() -> None:
    header, row = ",".join(reversed(COLUMNS)), ["customs@example.com", "in_transit", "2026-03-02", "DEHAM", "CNSHA", "Maersk"]
    file = read_shipments(f'{header}\n{",".join(row)},"Müller, ""Söhne""",MAEU1'.encode())

    assert [one.customer for one in file.facts] == ['Müller, "Söhne"']


BAD_CELLS = [
    ("reference", "", "is empty"),
    ("reference", "   ", "is empty"),
    ("reference", "R" * 101, "has 101 characters, at most 100 are kept"),
    ("customer", "K" * 201, "has 201 characters, at most 200 are kept"),
    ("customer", "Nord\0licht", "has a NUL character"),
    ("carrier", "Maersk\tLine", "has a control character"),
    ("carrier", "Maersk\x85Line", "has a control character"),
    ("current_eta", "02.03.2026", "is not a date like 2026-11-20"),
    ("current_eta", "20260302", "is not a date like 2026-11-20"),
    ("current_eta", "2026-W10-1", "is not a date like 2026-11-20"),
    ("current_eta", "2026-03-02T08:00:00", "is not a date like 2026-11-20"),
    ("current_eta", "２０２６-03-02", "is not a date like 2026-11-20"),
    ("current_eta", "9" * 400, "is not a date like 2026-11-20"),
    ("current_eta", "2026-02-30", "is a day that the calendar does not have"),
    ("current_eta", "1926-03-02", "lies outside of 2000-01-01 to 2099-12-31"),
    ("current_eta", "2100-01-01", "lies outside of 2000-01-01 to 2099-12-31"),
    ("status", "In_Transit", "is none of in_transit, arrived, customs_hold, released, delivered, cancelled"),
    ("recipient_email", "nobody", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipient_email", "a@example.com;b@example.com", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipient_email", "A <a@example.com>", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipient_email", "a@localhost", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipient_email", "zöllner@example.com", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    (
        "recipient_email",
        f"a@{'b' * 60}.{'c' * 63}.{'d' * 63}.{'e' * 63}.com",
        "is not one e-mail address like customs.desk@example.com, in ASCII",
    ),
]


@pytest.mark.parametrize(("column", "cell", "reason"), BAD_CELLS)
def test_bad_cell_costs_its_row_and_is_told_with_its_place(column: str, cell: str, reason: str) -> None:
    file = read_shipments(csv_of(line(reference="A1"), line(**{"reference": "B2", column: cell}), line(reference="C3")))

    assert file.problems == [Problem(3, column, reason)]
    assert ([one.reference for one in file.facts], file.rows, file.rejected) == (["A1", "C3"], 3, 1)


BAD_LINES = [
    (b"x" * 10_001, "has more than 10000 bytes"),
    (b"MAEU2,Kunde", "has another number of fields than the header: 2 instead of 8"),
    (line().encode() + b",more", "has another number of fields than the header: 9 instead of 8"),
    (
        line(customer='"Nordlicht').encode(),
        "has a quote that is not closed or stands inside a field; write it twice in a quoted field",
    ),
    (
        line(customer='"Nord"licht').encode(),
        "has a quote that is not closed or stands inside a field; write it twice in a quoted field",
    ),
    (line(customer="M\xfcller").encode("latin-1"), "is not UTF-8 from byte 8 on"),
    (b"\x00", "has another number of fields than the header: 1 instead of 8"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_LINES)
def test_bad_line_costs_itself_alone(row: bytes, reason: str) -> None:
    file = read_shipments(csv_of(line(reference="A1")) + row + b"\n" + line(reference="C3").encode())

    assert file.problems == [Problem(3, None, reason)]
    assert ([one.reference for one in file.facts], file.rejected) == (["A1", "C3"], 1)


def test_every_fault_of_a_row_is_told() -> None:
    file = read_shipments(csv_of(line(reference="", current_eta="soon", status="lost")))

    assert [problem.column for problem in file.problems] == ["reference", "current_eta", "status"]
    assert (file.rows, file.rejected) == (1, 1)


def test_first_good_row_of_a_reference_is_kept_and_later_ones_are_told() -> None:
    file = read_shipments(csv_of(line(status="lost"), line(carrier="MSC"), line(reference="B2"), line(carrier="CMA CGM")))

    assert [(one.reference, one.carrier) for one in file.facts] == [("MAEU1", "MSC"), ("B2", "Maersk")]
    assert file.problems[1:] == [Problem(5, "reference", "stands in line 3 already")]


HEADER = ",".join(COLUMNS)
BAD_HEADERS = [
    (b"", "the file is empty"),
    (b"\n\n  \n", "the file is empty"),
    (f"{HEADER},vessel,eta".encode(), "line 1, the header, has unknown names at place 9, 10; the columns are reference,"),
    (HEADER.replace("carrier,", "").encode(), "line 1, the header, lacks carrier;"),
    (f"{HEADER},carrier".encode(), "line 1, the header, has twice carrier;"),
    (HEADER.replace(",", ";").encode(), "line 1, the header, has unknown names at place 1 and lacks reference, customer,"),
    (HEADER.replace("status", "STATUS").encode(), "has unknown names at place 7 and lacks status"),
    (b"\n\xff\xfa" + HEADER.encode(), "line 2, which should name the columns, is not UTF-8 from byte 1 on"),
    (HEADER.encode("utf-16"), "the file is in UTF-16; save it as CSV in UTF-8"),
    (b"PK\x03\x04 a spreadsheet", "line 1, the header, has unknown names at place 1"),
]


@pytest.mark.parametrize(("body", "sentence"), BAD_HEADERS)
def test_file_whose_columns_are_not_known_is_refused_whole(body: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_shipments(body)

    assert sentence in refusal.value.detail
