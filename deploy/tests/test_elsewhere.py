"""`waybill` asked about another installation than the local stack."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.failures import StackError
from shared.contracts.lanes import LANES, SERVICES

run = CliRunner()
LANE = {
    "lane": "trips.realtime",
    **dict.fromkeys(("outbox_waiting", "outbox_later", "outbox_unconfirmed", "inbox_due", "inbox_waiting", "inbox_leased"), 2),
    **dict.fromkeys(("outbox_oldest_s", "slots", "limit", "pool", "paused")),
}


class Apis(BaseHTTPRequestHandler):
    """Every service's operations, and who has asked them."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path.partition("?")[0], self.headers["Authorization"]))
        answer = json.dumps({"items": [LANE] if self.path.endswith("/lanes") else []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def apis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Apis]]:
    """An installation that the environment names; there is no local stack."""
    Apis.asked = []
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("WAYBILL_TOKEN", "wb_1_secret")
    with ThreadingHTTPServer(("127.0.0.1", 0), Apis) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for service in SERVICES:
            monkeypatch.setenv(f"{service.upper()}_URL", f"http://127.0.0.1:{server.server_port}/")
        yield Apis
        server.shutdown()


def test_lanes_are_added_up_over_its_services_with_the_token_that_was_given(apis: type[Apis]) -> None:
    done = run.invoke(app, ["queues", "list", "--json"])

    rows = {row["lane"]: row for row in json.loads(done.stdout)}
    assert (done.exit_code, set(rows)) == (0, set(LANES))
    assert (rows["trips.realtime"]["waiting"], rows["trips.realtime"]["in_broker"]) == (4 * len(SERVICES), None)
    assert apis.asked == [("/v1/operations/lanes", "Bearer wb_1_secret")] * len(SERVICES)


def test_dead_letters_are_grouped_over_its_services(apis: type[Apis]) -> None:
    assert run.invoke(app, ["dead-letters", "groups"]).exit_code == 0
    assert apis.asked == [("/v1/operations/dead-letters/groups", "Bearer wb_1_secret")] * len(SERVICES)


@pytest.mark.usefixtures("apis")
def test_an_api_of_which_nobody_says_where_it_is_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIPS_URL")

    failure = run.invoke(app, ["dead-letters", "show", "trips", "01890000-0000-7000-8000-000000000000"]).exception
    assert isinstance(failure, StackError)
    assert failure.sentence == "WAYBILL_TOKEN is set, and where the trips API is nobody says."
    assert failure.remedy == "set TRIPS_URL, or unset WAYBILL_TOKEN"


@pytest.mark.usefixtures("apis")
def test_an_api_that_does_not_answer_is_told_with_the_setting_that_should_lead_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPS_URL", "http://127.0.0.1:1")

    failure = run.invoke(app, ["dead-letters", "show", "trips", "01890000-0000-7000-8000-000000000000"]).exception
    assert isinstance(failure, StackError)
    assert (failure.sentence, failure.remedy) == ("The trips API does not answer (ConnectError).", "does TRIPS_URL lead to it?")
