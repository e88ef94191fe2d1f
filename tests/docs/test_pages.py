"""Links resolve, the index is whole, and the services' pages show the lanes and messages that the code has."""

import re
from pathlib import Path

import pytest

from shared.contracts.documents import product
from shared.contracts.lanes import SERVICES, lanes_of
from shared.contracts.message import Event
from shared.contracts.registry import consumed_by
from tests.docs.pages import DOCS, ROOT, anchors, relative_links, rows

READMES = [path for path in (ROOT / "README.md", *sorted(ROOT.glob("services/*/README.md"))) if path.exists()]
PAGES = [*sorted(DOCS.rglob("*.md")), *READMES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_of_a_page_resolve(page: Path) -> None:
    broken = []
    for target, anchor in relative_links(page):
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{target.relative_to(ROOT)}#{anchor}")
    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_relative_to(DOCS):
            reached.add(page)
            for target, _ in relative_links(page):
                # A link to a folder leads to each page in it.
                waiting += target.glob("*.md") if target.is_dir() else [target]
    assert sorted(set(DOCS.rglob("*.md")) - reached) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_page_shows_its_lanes_with_rank_and_hard_limit(service: str) -> None:
    shown = {tuple(row.cells[:3]) for row in rows(DOCS / "services" / f"{service}.md") if row.section == "Lanes"}
    assert shown == {(f"`{lane.name}`", str(lane.rank), f"{lane.hard_limit_s} s") for lane in lanes_of(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_page_shows_what_it_consumes_and_what_it_publishes(service: str) -> None:
    shown = {
        (row.section, name)
        for row in rows(DOCS / "services" / f"{service}.md")
        for name in row.quoted(0)
        if row.section in ("Consumes", "Publishes")
    }
    events = {name for name, message in product().items() if issubclass(message, Event) and message.contract.owner == service}
    assert shown == {("Consumes", name) for name in consumed_by(service) if name in product()} | {
        ("Publishes", name) for name in events
    }


def test_no_page_names_an_issue() -> None:
    assert [str(page.relative_to(ROOT)) for page in PAGES if re.search(r"\bissue #?\d", page.read_text(), re.IGNORECASE)] == []
