"""docs/architecture.md names what the code has: failpoints, states, reasons, users, tables."""

import re
from pathlib import Path

from deploy.postgres.bootstrap import LOGINS
from deploy.redis.acl import USERS
from shared.contracts.lanes import SERVICES
from shared.runtime.inbox import store
from tests.docs.pages import DOCS, ROOT, Row, rows

PAGE = DOCS / "architecture.md"
RUNTIME = sorted((ROOT / "shared" / "runtime").rglob("*.py"))
SERVICE_CODE = sorted((ROOT / "services").rglob("*.py"))


def _section(name: str) -> list[Row]:
    return [row for row in rows(PAGE) if row.section == name]


def _in_code(pattern: str, files: list[Path]) -> set[str]:
    return {name for file in files for name in re.findall(pattern, file.read_text())}


def test_every_failpoint_has_a_row_that_says_what_a_crash_there_costs() -> None:
    described = {name for row in _section("What a crash costs") for name in row.quoted(0) if "." in name}

    assert described == _in_code(r"failpoint\(\"([a-z_.]+)\"\)", [*RUNTIME, *SERVICE_CODE])


def test_states_of_an_inbox_row_have_the_numbers_of_the_table() -> None:
    shown = {row.cells[0]: int(row.cells[1]) for row in _section("The life of an inbox row") if row.cells[1].isdecimal()}

    assert len(shown) == 8
    assert shown == {word: getattr(store, word.upper()) for word in shown}


def test_diagram_of_an_inbox_row_has_exactly_its_states() -> None:
    diagram = next(block for block in re.findall(r"```mermaid\n(.*?)```", PAGE.read_text(), re.DOTALL) if "leased -->" in block)
    drawn = set(re.findall(r"(\w+) --> ", diagram)) | set(re.findall(r"--> (\w+)", diagram))

    assert drawn == {row.cells[0] for row in _section("The life of an inbox row") if row.cells[1].isdecimal()}


def test_reasons_of_dead_letters_are_those_that_the_runtime_gives() -> None:
    described = {name for row in _section("The life of an inbox row") for name in row.quoted(0)}
    given = _in_code(r"\"(permanent_error|[a-z]+_(?:exhausted|payload|task|body|envelope|failed)|poison)\"", _reason_files())

    assert described == given


def _reason_files() -> list[Path]:
    runtime = ROOT / "shared" / "runtime"
    filed = ["outcomes.py", "inbox/light.py", "inbox/effect.py", "relay/junk.py", "worker/consumer.py", "worker/transport.py"]
    return [runtime / name for name in filed]


def test_logins_and_users_are_those_of_the_database_and_the_broker() -> None:
    logins = {name for row in _section("Roles and schemas") for name in row.quoted(0)}
    users = {name for row in _section("The broker's access list") if row.cells[1] != "" for name in row.quoted(0)}

    assert {one.replace("<service>", service) for one in logins for service in SERVICES} == set(LOGINS)
    assert set(USERS) <= users


def test_runtimes_tables_are_named() -> None:
    created = _in_code(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", [*(ROOT / "shared/runtime/migrations").glob("runtime_*.sql")])

    assert [table for table in sorted(created) if f"`{table}`" not in PAGE.read_text()] == []
