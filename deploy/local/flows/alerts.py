"""Shipments are imported, the late ones raise alerts, and each alert is one e-mail in the mailbox."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import httpx

from deploy.local.demo import Check, FlowResult, RunningStack
from deploy.local.sample_shipments import SampleShipment, as_csv, generate

T = TypeVar("T")

SHIPMENTS: Final = 200
TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.25
_STEPS: Final = ((7, "critical"), (5, "high"), (3, "warning"), (1, "info"))


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count."""
    organization_id = uuid4()
    now = datetime.now(UTC)
    domain = f"{organization_id.hex[:12]}.example.com"
    shipments = generate(SHIPMENTS, seed=organization_id.int, today=now.date(), domain=domain)
    async with stack.api("alerts") as api, stack.sandbox() as sandbox:
        return await _Story(api, sandbox, organization_id, domain, now).play(shipments)


class _Story:
    def __init__(
        self, api: httpx.AsyncClient, sandbox: httpx.AsyncClient, organization_id: UUID, domain: str, now: datetime
    ) -> None:
        self._api = api
        self._sandbox = sandbox
        self._organization = {"organization_id": str(organization_id)}
        self._mails = {"to": f"*@{domain}"}
        self._now = now
        self._checks: list[Check] = []

    async def play(self, shipments: list[SampleShipment]) -> FlowResult:
        expected = expected_severities(shipments, self._now.date())
        total = expected.total()
        await self._import(shipments)
        await self._evaluate()
        alerts = await self._alerts()
        self._check("each late shipment has one alert, of its severity", Counter(one["severity"] for one in alerts), expected)
        arrived = await self._wait_for_mails(total)
        self._check("each alert is one e-mail in the mailbox", arrived, total)
        alerts = await _until(self._alerts, lambda found: all(one["email_sent"] for one in found))
        self._check("each alert says that its e-mail was sent", sum(one["email_sent"] for one in alerts), total)
        await self._evaluate()
        again = await self._alerts()
        self._check("a second evaluation raises nothing", sorted(one["id"] for one in again), sorted(one["id"] for one in alerts))
        stats = await _get(self._sandbox, "/mail/stats", self._mails)
        seen = {name: stats[name] for name in ("messages", "message_ids", "surplus")}
        self._check("no e-mail came twice", seen, {"messages": total, "message_ids": total, "surplus": 0})
        counts = {"shipments": len(shipments), "alerts": len(again), "e-mails": stats["messages"]}
        return FlowResult(
            tuple(self._checks), counts | {f"{severity} alerts": expected[severity] for _, severity in _STEPS[::-1]}
        )

    def _check(self, name: str, found: Any, expected: Any) -> None:
        passed = found == expected
        self._checks.append(Check(name, passed, "" if passed else f"found {found}, expected {expected}"))

    async def _import(self, shipments: list[SampleShipment]) -> None:
        spoiled = replace(shipments[0], reference="SPOILED", recipient_email="nobody")
        report = await self._send_file([*shipments, spoiled])
        counted = {name: report[name] for name in ("created", "rejected")}
        self._check("good rows are imported", counted, {"created": len(shipments), "rejected": 1})
        places = [(problem["line"], problem["column"]) for problem in report["problems"]]
        self._check("the bad row is told by line and column", places, [(len(shipments) + 2, "recipient_email")])
        report = await self._send_file(shipments)
        self._check("the same file again changes nothing", report["unchanged"], len(shipments))

    async def _send_file(self, shipments: list[SampleShipment]) -> Any:
        answer = await self._api.post(
            "/v1/shipments/import", params=self._organization, content=as_csv(shipments), headers={"Content-Type": "text/csv"}
        )
        return answer.raise_for_status().json()

    async def _evaluate(self) -> None:
        """Ask for a run, and wait until it is finished."""
        accepted = (await self._api.post("/v1/evaluations", json={"as_of": self._now.isoformat()})).raise_for_status()

        async def ask() -> bool:
            return (await _get(self._api, accepted.headers["Location"], {}))["finished_at"] is not None

        await _until(ask, bool)

    async def _alerts(self) -> list[dict[str, Any]]:
        """All alerts of the organization."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await _get(
                self._api, "/v1/alerts", self._organization | {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            )
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    async def _wait_for_mails(self, count: int) -> int:
        async def ask() -> int:
            return int((await _get(self._sandbox, "/mail/count", self._mails))["count"])

        return await _until(ask, lambda found: found >= count)


def expected_severities(shipments: list[SampleShipment], day: date) -> Counter[str]:
    """How many alerts of each severity the shipments must raise on a day, told without the service."""
    late = [shipment.days_late(day) for shipment in shipments]
    return Counter(next(severity for days, severity in _STEPS if one >= days) for one in late if one >= 1)


async def _get(client: httpx.AsyncClient, path: str, params: dict[str, str]) -> Any:
    return (await client.get(path, params=params)).raise_for_status().json()


async def _until(ask: Callable[[], Awaitable[T]], met: Callable[[T], bool]) -> T:
    """Ask until the answer will do; after the time-out whatever the answer is, for the checks to judge."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        answer = await ask()
        if met(answer) or time.monotonic() >= deadline:
            return answer
        await asyncio.sleep(POLL_S)
