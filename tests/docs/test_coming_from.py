"""The pages on the five older systems leave nothing out, and agree with the code."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from shared.contracts.documents import product
from shared.contracts.lanes import LANES, SERVICES
from shared.runtime.legacy_settings import FIXED, REFUSED
from shared.runtime.settings import ServiceSettings
from tests.docs.pages import DOCS, Row, rows

PAGES = DOCS / "coming-from"
OLDER: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("older_systems.json").read_text())
ALL_ROWS = [row for page in sorted(PAGES.glob("*.md")) for row in rows(page)]
AREAS = (*SERVICES, "deployment")
STATUS = re.compile(rf"works|refused|honoured(: \S+)?|not yet: (({'|'.join(AREAS)})(, |$))+")
MESSAGE = re.compile(rf"({'|'.join(SERVICES)})\.[a-z]+(_[a-z0-9]+)+")
ENVIRONMENT = re.compile(r"[A-Z]+(_[A-Z]+)+")


def _named(row: Row, cell: int = 1) -> list[str]:
    return [name for name in row.quoted(cell) if MESSAGE.fullmatch(name)]


def _settings_rows() -> dict[str, Row]:
    return {name: row for row in rows(PAGES / "settings.md") for name in row.names if ENVIRONMENT.fullmatch(name)}


@pytest.mark.parametrize("system", sorted(OLDER))
def test_every_name_of_an_older_system_has_a_row_on_its_page(system: str) -> None:
    pages = {"settings": rows(PAGES / "settings.md"), "commands": rows(PAGES / "commands.md")}
    own = rows(PAGES / f"{system}.md")
    missing = []
    for kind, names in OLDER[system].items():
        table = pages.get(kind) or [row for row in own if row.section == kind]
        missing += [f"{kind}: {name}" for name in names if not any(name in row.names for row in table)]
    assert missing == []


def test_every_row_ends_with_a_status_that_the_index_explains() -> None:
    assert [f"{row} ends with {row.status!r}" for row in ALL_ROWS if not STATUS.fullmatch(row.status)] == []


def test_a_row_works_exactly_when_all_its_messages_are_in_the_registry() -> None:
    wrong = []
    for row in ALL_ROWS:
        named = _named(row) if row.section in ("Tasks", "Schedules") else []
        if named and (row.status == "works") != all(name in product() for name in named):
            wrong.append(f"{row} says {row.status!r}, its messages are {named}")
    assert wrong == []


def test_a_schedule_that_works_is_an_entry_of_its_service() -> None:
    absent = []
    for row in ALL_ROWS:
        for name in _named(row) if row.section == "Schedules" and row.status == "works" else []:
            entries = import_module(f"services.{name.partition('.')[0]}.schedules").ENTRIES
            if name not in {entry.message.contract.name for entry in entries}:
                absent.append(f"{row}: no entry sends {name}")
    assert absent == []


def test_queues_become_lanes_that_exist_with_the_rank_that_is_shown() -> None:
    shown = [
        pair for row in ALL_ROWS if row.section == "Queues" for pair in re.findall(r"`([a-z.]+)` \(rank (\d+)", row.cells[1])
    ]
    assert shown != []
    assert [pair for pair in shown if pair[0] not in LANES or LANES[pair[0]].rank != int(pair[1])] == []


def test_a_queue_works_exactly_when_a_message_travels_on_each_of_its_lanes() -> None:
    travelled = {lane.name for message in product().values() for lane in message.contract.lanes}
    wrong = []
    for row in ALL_ROWS:
        lanes = [name for name in row.quoted(1) if name in LANES] if row.section == "Queues" else []
        if lanes and (row.status == "works") != (set(lanes) <= travelled):
            wrong.append(f"{row} says {row.status!r}")
    assert wrong == []


def test_settings_that_the_runtime_refuses_are_the_ones_that_the_page_refuses() -> None:
    refused = {name for name, row in _settings_rows().items() if row.status == "refused"}
    assert refused == set(REFUSED)


def test_settings_with_one_meaning_show_a_value_that_the_runtime_accepts() -> None:
    shown = {name: row.status.removeprefix("honoured: ").lower() for name, row in _settings_rows().items() if name in FIXED}
    assert set(shown) == set(FIXED)
    assert {name: value for name, value in shown.items() if value not in FIXED[name].accepted} == {}


def _read_names(settings: type[ServiceSettings]) -> set[str]:
    """The environment names that a settings class reads."""
    found: set[Any] = set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        found |= set(alias.choices) if isinstance(alias, AliasChoices) else {alias or name}
    return {str(name).upper() for name in found}


def _all_read_names() -> set[str]:
    """The environment names that any service reads."""
    classes = [getattr(import_module(f"services.{name}.settings"), f"{name.capitalize()}Settings") for name in SERVICES]
    return set[str]().union(*(_read_names(settings) for settings in classes))


def test_honoured_settings_are_read_by_a_settings_class() -> None:
    read = _all_read_names() | set(FIXED)
    honoured = {name for name, row in _settings_rows().items() if row.status.startswith("honoured")}
    assert honoured - read == set()


def test_settings_that_nothing_reads_yet_say_so() -> None:
    waiting = {name for name, row in _settings_rows().items() if row.status.startswith("not yet")}
    assert waiting & (set(REFUSED) | set(FIXED) | _all_read_names()) == set()
