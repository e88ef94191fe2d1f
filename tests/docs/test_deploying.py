"""What the page on deploying says that an installation needs is what its parts need."""

import re
from pathlib import Path

import pytest

from deploy.compose.prepare import Preparation, Wishes
from deploy.local.addresses import Addresses
from deploy.local.credentials import load_credentials
from deploy.local.environment import environments, read_environment
from deploy.local.home import Home
from deploy.local.ports import PREFERRED
from deploy.validation.charts import connections, merged_values
from deploy.validation.units import UNITS
from shared.contracts.lanes import SERVICES
from tests.docs.pages import DOCS, ROOT, rows

PAGE = DOCS / "deploying.md"
OF_MAKE_RUN_ALONE = {"BROKER_OPERATOR_URL", "RELAY_IN_API", "COLLECTOR_IN_API", "WATCHED_DIRS", "OPERATIONS_EMAILS", "BACKUP_DIR"}
"""What its processes share, what is watched on its disk, and whom its mailbox belongs to."""
PROVIDERS = re.compile(r"(EMAIL|SMTP|SENDGRID|SES|SNS|SMS|TWILIO|MSG91|BOUNCE|RAZORPAY|STRIPE|PAYMENT|FRONTEND|PRIVATE_MAIL)_")


def secret_keys(service: str) -> set[str]:
    """What the page says that a service's Secrets hold."""
    table = [row for row in rows(PAGE) if row.section == "Kubernetes" and "waybill-" in row.cells[0]]
    its_own = re.compile(rf"`waybill-(<service>|{service})[-`]")
    return {key for row in table if its_own.search(row.cells[0]) for key in row.quoted(1)}


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_is_told_by_make_run_its_release_or_its_secrets_tell_it_too(service: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    told_here = set(environments(home, load_credentials(home), Addresses(dict(PREFERRED)))[service])
    values = merged_values(service)
    told_there = {*values["environment"], values["api"]["ingress"]["urlSetting"], *secret_keys(service)}

    missing = told_here - told_there - OF_MAKE_RUN_ALONE
    assert {name for name in missing if not PROVIDERS.match(name)} == set()


def test_connections_of_a_release_are_those_of_its_values() -> None:
    table = [row for row in rows(PAGE) if row.section == "What every place needs"]

    shown = {row.quoted(0)[0]: (int(row.cells[1]), int(row.cells[2])) for row in table}
    assert shown == {service: connections(service) for service in SERVICES}


def test_a_pooler_is_told_to_let_pass_what_processes_say_when_they_connect() -> None:
    """PgBouncer refuses a connection that says anything else at its start."""
    said = set()
    for file in (ROOT / "shared/runtime/db.py", ROOT / "shared/runtime/relay/runner.py"):
        text = file.read_text()
        blocks = re.findall(r"(?:server_settings\": |settings=|PLANNER: Final = )\{(.*?)\}", text, re.DOTALL)
        said |= {name for block in blocks for name in re.findall(r"\"([a-z_]+)\":", block)}

    [line] = re.findall(r"^ignore_startup_parameters = (.*)$", PAGE.read_text(), re.MULTILINE)
    assert set(line.split(",")) == said - {"application_name"}


def test_the_page_on_compose_names_every_address_of_database_and_broker_that_its_containers_have(tmp_path: Path) -> None:
    """Whoever has these servers elsewhere and changes some of the addresses would have half of a stack there."""
    readers = tmp_path / "readers"
    readers.mkdir()
    Preparation(Home(tmp_path / "kept"), readers, Wishes.of({})).deal()
    folders = {*SERVICES, *(f"{service}-owner" for service in SERVICES), "analytics-backup"}
    told = [read_environment(Home(readers / folder), folder.partition("-")[0]) for folder in folders]
    addresses = {name for one in told for name, value in one.items() if re.match(r"(postgresql|rediss?)://", value)}
    page = (DOCS / "compose.md").read_text()

    assert addresses
    assert (
        addresses - set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*_URL\b", page.partition("\n## Providers\n")[2].partition("\n## ")[0]))
        == set()
    )


def test_folders_that_a_unit_may_write_to_are_made_when_it_is_installed() -> None:
    """Under ProtectSystem=strict the program cannot make them, and systemd passes over what is not there."""
    units = "".join(file.read_text() for file in UNITS.glob("*.service"))
    writable = {path.lstrip("-") for line in re.findall(r"^ReadWritePaths=(.*)$", units, re.MULTILINE) for path in line.split()}
    made = re.findall(r"^# install -d -o waybill -g waybill -m 750 (.*)$", PAGE.read_text(), re.MULTILINE)

    assert writable
    assert writable == {path for line in made for path in line.split()}
