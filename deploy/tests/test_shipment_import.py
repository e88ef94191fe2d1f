"""`waybill shipments import`: files of any size, in parts, with true line numbers."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from typer.testing import CliRunner

from deploy.local import shipment_parts
from deploy.local.cli import app
from deploy.local.failures import StackError
from deploy.local.shipment_parts import PartReader
from deploy.local.shipment_upload import Problem, ShipmentUpload
from shared.testing.process import ApiProcess, Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

PROGRAM: Final = str(Path(sys.executable).with_name("waybill"))
ORGANIZATION: Final = "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef"
HEADER: Final = "reference,customer,carrier,origin,destination,current_eta,status,recipients"


def row(reference: str, *, eta: str = "2026-03-02") -> str:
    """A good row."""
    return f"{reference},Nordlicht,Maersk,CNSHA,DEHAM,{eta},in_transit,a@example.com"


@pytest.fixture
def service() -> str:
    """Whose database the API gets."""
    return "alerts"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three rows."""
    monkeypatch.setattr(shipment_parts, "ROWS_PER_PART", 3)


@pytest.fixture
async def api(processes: Processes) -> ApiProcess:
    """A running alerts API."""
    api = processes.api("alerts", RATE_LIMIT="100000/second")
    await api.ready()
    return api


def write(folder: Path, *lines: str, name: str = "shipments.csv", end: str = "\n") -> Path:
    """A file of these lines."""
    file = folder / name
    file.write_bytes(end.join((*lines, "")).encode())
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.usefixtures("small_parts")
def test_parts_hold_every_row_once_and_know_its_line(tmp_path: Path, end: str) -> None:
    lines = [HEADER, row("A1"), "", *(row(f"B{number}") for number in range(5)), "  ", row("C9")]

    parts = list(PartReader(write(tmp_path, *lines, end=end), "csv").parts())

    assert [len(part.rows) for part in parts] == [3, 3, 1]
    assert [[part.line_of(place) for place in range(2, len(part.rows) + 2)] for part in parts] == [[2, 4, 5], [6, 7, 8], [10]]
    assert all(part.body().startswith(f"{HEADER}\n".encode()) for part in parts)


@pytest.mark.usefixtures("small_parts")
def test_second_row_of_a_reference_waits_for_the_next_part(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER, row("A"), row("A"), row(" A "), row("B"))

    parts = list(PartReader(file, "csv").parts())

    assert [[one.line for one in part.rows] for part in parts] == [[2], [3, 5], [4]]


async def run(*arguments: str) -> tuple[int | None, str]:
    """(exit code, what it says) of `waybill shipments import`."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "shipments", "import", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def to(api: ApiProcess, keys: SigningKeys) -> tuple[str, ...]:
    """Where to, and as whom."""
    return "--organization", ORGANIZATION, "--url", api.url, "--token", keys.token("operator")


async def test_large_file_is_imported_in_parts_and_reported_by_its_own_lines(
    api: ApiProcess, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    good = [row(f"A{number:05}") for number in range(10_000)]
    file = write(tmp_path, HEADER, *good[:7_000], row("BAD", eta="soon"), *good[7_000:], row("A00000"))
    errors = tmp_path / "errors.csv"

    code, said = await run(str(file), *to(api, signing_keys), "--report", str(errors))

    assert code == 1
    assert "10,002 rows: 10,000 created, 0 updated, 0 unchanged, 2 refused" in said
    assert errors.read_text().splitlines() == [
        "line,column,reason",
        "7002,current_eta,is not a date like 2026-11-20",
        "10003,reference,stands in line 2 already",
    ]
    code, said = await run(str(write(tmp_path, HEADER, *good)), *to(api, signing_keys))
    assert (code, "0 created, 0 updated, 10,000 unchanged, 0 refused" in said) == (0, True)


async def test_options_reach_the_import_and_ndjson_is_known_by_its_name(
    api: ApiProcess, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    names = HEADER.split(",")
    lines = [json.dumps(dict(zip(names, row(one, eta="02.03.2026").split(","), strict=True))) for one in ("A1", "A2")]
    file = write(tmp_path, *(line.replace("reference", "box") for line in lines), name="shipments.ndjson")

    code, said = await run(str(file), *to(api, signing_keys), "--columns", "box:reference", "--date-format", "dmy", "--json")

    assert (code, json.loads(said)["created"]) == (0, 2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--delimiter", "xx"), "'xx' separates no fields; take one of , ; | or tab"),
        (("--delimiter", ""), "'' separates no fields"),
        (("--columns", "box\n:reference"), "it has a line break or is too long"),
        (("--report", "/nonexistent/x.csv"), "/nonexistent/x.csv cannot be written: No such file or directory"),
        (("--report", "{folder}"), "cannot be written: Is a directory"),
        (("--report", "{folder}/shipments.csv"), "the report would overwrite the file that is to be imported"),
    ],
    ids=str,
)
def test_option_that_cannot_work_is_refused_before_anything_is_sent(
    tmp_path: Path, options: tuple[str, str], sentence: str
) -> None:
    file = write(tmp_path, HEADER, row("A"))
    name, value = options
    # Nothing listens there: what was sent would be another failure.
    where = "--organization", ORGANIZATION, "--url", "http://127.0.0.1:9", "--token", "none"

    given = ["shipments", "import", str(file), *where, name, value.format(folder=tmp_path)]
    result = CliRunner().invoke(app, given, env={"COLUMNS": "1000"})

    assert (result.exit_code, sentence in result.output) == (2, True), result.output
    assert file.read_text() == f"{HEADER}\n{row('A')}\n"
    assert list(tmp_path.iterdir()) == [file]


async def test_refusal_of_the_whole_file_says_what_the_api_said(
    api: ApiProcess, signing_keys: SigningKeys, tmp_path: Path
) -> None:
    code, said = await run(str(write(tmp_path, "ref,eta", "A1,2026-03-02")), *to(api, signing_keys))

    assert code == 1
    assert "Nothing is in: the alerts API answered 422: line 1, the header, has unknown columns: ref, eta" in said


async def test_interruption_says_how_many_rows_are_in(api: ApiProcess, signing_keys: SigningKeys, tmp_path: Path) -> None:
    file = write(tmp_path, HEADER, *(row(f"A{number:06}") for number in range(200_000)))
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "shipments",
        "import",
        str(file),
        *to(api, signing_keys),
        stderr=asyncio.subprocess.PIPE,
        # As from a terminal, though the tests may run where the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    await eventually(lambda: "/v1/shipments/import" in api.log(), 30, "no part has arrived")

    process.send_signal(signal.SIGINT)
    _, said = await process.communicate()

    assert process.returncode == 130
    assert "rows are in. Run it again to bring in the rest." in said.decode()


class Answers(httpx.BaseTransport):
    """An API that fails as often as it is told, then takes everything."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            status = self.failures.pop(0)
            if not status:
                raise httpx.ConnectError("refused", request=request)
            return httpx.Response(status, json={"detail": "not now"})
        rows = request.read().count(b"\n") - 1
        counts: dict[str, Any] = {"created": rows, "updated": 0, "eta_revised": 0, "unchanged": 0, "rejected": 0, "problems": []}
        return httpx.Response(200, json=counts | {"rows": rows})


def upload(folder: Path, answers: Answers, waits: list[float]) -> ShipmentUpload:
    """An upload of two rows."""
    client = httpx.Client(transport=answers, base_url="http://api.localhost")
    return ShipmentUpload(client, PartReader(write(folder, HEADER, row("A"), row("B")), "csv"), {}, wait=waits.append)


def test_part_is_sent_again_while_the_api_is_away(tmp_path: Path) -> None:
    waits: list[float] = []
    sent = upload(tmp_path, Answers(0, 503, 429), waits)

    assert [progress.kept for progress in sent.run()] == [2]
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(("failures", "waits"), [((503,) * 5, [1.0, 2.0, 4.0, 8.0]), ((403,), [])])
def test_upload_ends_when_the_api_stays_away_or_refuses(tmp_path: Path, failures: tuple[int, ...], waits: list[float]) -> None:
    waited: list[float] = []

    with pytest.raises(StackError, match=f"Nothing is in: the alerts API answered {failures[0]}: not now"):
        list(upload(tmp_path, Answers(*failures), waited).run())

    assert waited == waits


@pytest.mark.usefixtures("small_parts")
def test_reference_of_an_earlier_part_is_told_by_the_files_own_lines(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER, *(row(one) for one in "ABCDA"))
    sent = ShipmentUpload(httpx.Client(transport=Answers(), base_url="http://api.localhost"), PartReader(file, "csv"), {})

    *_, progress = sent.run()

    assert progress.problems == [Problem(6, "reference", "stands in line 2 already")]
    assert (progress.counts["rows"], progress.kept) == (5, 4)


def test_file_without_rows_is_refused(tmp_path: Path) -> None:
    sent = ShipmentUpload(httpx.Client(transport=Answers()), PartReader(write(tmp_path, HEADER), "csv"), {})

    with pytest.raises(StackError, match="has no rows"):
        list(sent.run())
