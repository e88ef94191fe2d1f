"""What is read from a file, and what is told of the rest."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.alerts.shipments.day_models import DateFormat
from services.alerts.shipments.errors import BadMapping, UnknownTimeZone, UnreadableFile
from services.alerts.shipments.file_format import REQUIRED, FileFormat, read_mapping, read_time_zone
from services.alerts.shipments.models import ShipmentFacts
from services.alerts.shipments.shipment_file import Problem, read_shipments
from services.alerts.tests.arrange import csv_of, line

GOOD = ShipmentFacts(
    reference="MAEU1",
    customer="Nordlicht Handels GmbH",
    carrier="Maersk",
    origin="CNSHA",
    destination="DEHAM",
    current_eta=date(2026, 3, 2),
    status="in_transit",
    recipients=("customs@example.com",),
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
    header, row = ",".join(reversed(REQUIRED)), ["customs@example.com", "in_transit", "2026-03-02", "DEHAM", "CNSHA", "Maersk"]
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
    ("current_eta", "2026-03-02T08", "is not a date like 2026-11-20"),
    ("current_eta", "２０２６-03-02", "is not a date like 2026-11-20"),
    ("current_eta", "9" * 400, "is not a date like 2026-11-20"),
    ("current_eta", "2026-02-30", "is a day that the calendar does not have"),
    ("current_eta", "1926-03-02", "lies outside of 2000-01-01 to 2099-12-31"),
    ("current_eta", "2100-01-01", "lies outside of 2000-01-01 to 2099-12-31"),
    ("status", "In_Transit", "is none of in_transit, arrived, customs_hold, released, delivered, cancelled"),
    ("recipients", "nobody", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipients", "A <a@example.com>", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipients", "a@localhost", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    ("recipients", "zöllner@example.com", "is not one e-mail address like customs.desk@example.com, in ASCII"),
    (
        "recipients",
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
    (b"x" * 20_001, "has more than 20000 bytes"),
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
    (
        line(customer="M\xfcller").encode("latin-1"),
        "is not UTF-8 from byte 8 on; save the file in UTF-8 (it may be in Latin-1 or Windows-1252)",
    ),
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


HEADER = ",".join(REQUIRED)
BAD_HEADERS = [
    (b"", "the file is empty"),
    (b"\n\n  \n", "the file is empty"),
    (f"{HEADER},vessel,eta".encode(), "line 1, the header, has unknown columns: vessel, eta; the columns are reference,"),
    (HEADER.replace("carrier,", "").encode(), "line 1, the header, lacks carrier;"),
    (f"{HEADER},carrier".encode(), "line 1, the header, has twice carrier;"),
    (HEADER.replace(",", ";").encode(), "line 1, the header, has unknown columns: place 1 and lacks reference, customer,"),
    (HEADER.replace("status", "STATUS").encode(), "has unknown columns: STATUS and lacks status"),
    (b"\n\xff\xfa" + HEADER.encode(), "line 2, which should name the columns, is not UTF-8 from byte 1 on"),
    (HEADER.encode("utf-16"), "the file is in UTF-16; save it in UTF-8"),
    (b"PK\x03\x04 a spreadsheet", "line 1, the header, has unknown columns: place 1"),
]


@pytest.mark.parametrize(("body", "sentence"), BAD_HEADERS)
def test_file_whose_columns_are_not_known_is_refused_whole(body: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_shipments(body)

    assert sentence in refusal.value.detail


BERLIN = ZoneInfo("Europe/Berlin")
DAYS: list[tuple[FileFormat, str, date]] = [
    (FileFormat(), "2026-03-02T23:30:00Z", date(2026, 3, 2)),
    (FileFormat(time_zone=BERLIN), "2026-03-02T23:30:00Z", date(2026, 3, 3)),
    (FileFormat(time_zone=BERLIN), "2026-03-02 23:30:00.123 +00:00", date(2026, 3, 3)),
    (FileFormat(time_zone=BERLIN), "2026-03-02 23:30", date(2026, 3, 2)),
    (FileFormat(time_zone=BERLIN), "2026-03-02", date(2026, 3, 2)),
    (FileFormat(), "2026-03-02T23:30:00-05:00", date(2026, 3, 3)),
    (FileFormat(date_format="dmy"), "2.3.2026", date(2026, 3, 2)),
    (FileFormat(date_format="dmy"), "02/03/2026 14:00", date(2026, 3, 2)),
    (FileFormat(date_format="mdy"), "3/2/2026", date(2026, 3, 2)),
    (FileFormat(date_format="mdy"), "03-02-2026", date(2026, 3, 2)),
]


@pytest.mark.parametrize(("written", "cell", "day"), DAYS)
def test_days_are_read_as_the_file_writes_them(written: FileFormat, cell: str, day: date) -> None:
    file = read_shipments(csv_of(line(current_eta=cell)), written)

    assert ([one.current_eta for one in file.facts], file.problems) == ([day], [])


@pytest.mark.parametrize(
    ("written", "cell", "reason"),
    [
        ("dmy", "2026-03-02", "is not a date like 20.11.2026"),
        ("dmy", "03.2/2026", "is not a date like 20.11.2026"),
        ("dmy", "2.3.26", "is not a date like 20.11.2026"),
        ("mdy", "13/2/2026", "is a day that the calendar does not have"),
        ("iso", "9999-12-31T23:59:00-12:00", "is a day that the calendar does not have"),
        ("iso", "2026-03-02T25:00Z", "is a day that the calendar does not have"),
    ],
)
def test_days_that_are_written_otherwise_are_told(written: DateFormat, cell: str, reason: str) -> None:
    file = read_shipments(csv_of(line(current_eta=cell)), FileFormat(date_format=written))

    assert file.problems == [Problem(2, "current_eta", reason)]


def test_columns_are_found_by_their_mapping_and_told_by_their_own_names() -> None:
    written = FileFormat(delimiter=";", columns=read_mapping("Container:reference,ETA port:current_eta,Remarks:"))
    header = "Container;customer;carrier;origin;destination;ETA port;status;recipient_email;Remarks"

    file = read_shipments(
        f"{header}\nA1;K;C;O;D;2026-03-02;arrived;a@example.com;b\nA2;K;C;O;D;soon;arrived;a@example.com;".encode(), written
    )

    assert [(one.reference, one.current_eta, one.recipients) for one in file.facts] == [
        ("A1", date(2026, 3, 2), ("a@example.com",))
    ]
    assert file.problems == [Problem(3, "ETA port", "is not a date like 2026-11-20")]


@pytest.mark.parametrize("text", ["reference", ":reference", "Container:number", "a:reference,a:status", "a:status,b:status"])
def test_mapping_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(BadMapping, match=r"pair [12] of `columns`"):
        read_mapping(text)


def test_mapping_of_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="lacks what `columns` names: reference"):
        read_shipments(csv_of(line()), FileFormat(columns={"Container": "reference"}))


@pytest.mark.parametrize("text", ["box\n:reference", "a:reference,\r\nb:status", "x" * 140_000])
def test_mapping_that_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(BadMapping, match="`columns` has a line break or is too long"):
        read_mapping(text)


NO_ZONES = ["Europe/Nowhere", "", "..", "/etc/passwd", "Europe", "x" * 5000, "a\0b", "localtime", "Factory", "posixrules"]


@pytest.mark.parametrize("name", [*NO_ZONES, "posix/Europe/Berlin", "right/UTC", "europe/berlin", "Europe/../UTC", "./UTC"])
def test_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone, match="IANA"):
        read_time_zone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zone_of_the_database_is_known_by_its_name(name: str) -> None:
    assert read_time_zone(name).key == name


def test_optional_columns_are_read_and_noted_as_given() -> None:
    header = f"{HEADER},mode,last_free_day,missing_documents,holds"
    body = f"{header}\n{line(recipients='a@x.example; b@x.example;')},sea,2026-03-05,Packing list ; Licence,customs;document"

    (facts,) = read_shipments(body.encode()).facts

    assert facts.recipients == ("a@x.example", "b@x.example")
    assert (facts.mode, facts.last_free_day, facts.holds) == ("sea", date(2026, 3, 5), ("customs", "document"))
    assert facts.missing_documents == ("Packing list", "Licence")
    assert facts.given == {"mode", "last_free_day", "missing_documents", "holds"}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("mode", "ship", "is none of sea, air, road, rail, parcel, multimodal"),
        ("holds", "customs;police", "is none of customs, freight, document, inspection, other"),
        ("last_free_day", "1926-01-01", "lies outside of 2000-01-01 to 2099-12-31"),
        ("missing_documents", ";".join(map(str, range(51))), "has 51 values, at most 50 are kept"),
    ],
)
def test_bad_optional_cell_costs_its_row(column: str, cell: str, reason: str) -> None:
    file = read_shipments(f"{HEADER},{column}\n{line()},{cell}".encode())

    assert (file.facts, file.problems) == ([], [Problem(2, column, reason)])


def test_file_in_utf16_without_a_mark_is_recognised() -> None:
    with pytest.raises(UnreadableFile, match="UTF-16"):
        read_shipments(csv_of(line()).decode().encode("utf-16-le"))


def test_row_of_ten_megabytes_costs_itself_alone() -> None:
    file = read_shipments(csv_of(line(reference="A1"), line(customer="x" * 10_000_000), line(reference="C3")))

    assert ([one.reference for one in file.facts], file.problems) == (
        ["A1", "C3"],
        [Problem(3, None, "has more than 20000 bytes")],
    )
