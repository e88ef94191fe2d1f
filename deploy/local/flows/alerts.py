"""Shipments are imported, the late ones raise alerts, people get a mail or a digest, and a release ends its alert by itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from deploy.local.demo import Check, FlowResult, RunningStack
from deploy.local.polling import ask_until, read, read_all
from deploy.local.sample_outcomes import SEVERITIES, expected_mails, expected_severities, is_critical, is_digest
from deploy.local.sample_shipments import SampleShipment, as_csv, generate

SHIPMENTS: Final = 5_000
BRIEF_SHIPMENTS: Final = 600
"""Enough that somebody gets a digest."""
ROWS_PER_REQUEST: Final = 1_000
_RELEASABLE: Final = ("customs_hold", "arrived")


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count."""
    organization_id = uuid4()
    now = datetime.now(UTC)
    domain = f"{organization_id.hex[:12]}.example.com"
    count = BRIEF_SHIPMENTS if stack.brief else SHIPMENTS
    shipments = generate(count, seed=organization_id.int, today=now.date(), domain=domain)
    async with stack.api("alerts") as api, stack.api("notifications") as notifications, stack.sandbox() as sandbox:
        return await _Story(stack, api, _Mailbox(sandbox, notifications, domain), organization_id, now).play(shipments)


class _Mailbox:
    """The organization's mails, and by which lane they came."""

    def __init__(self, sandbox: httpx.AsyncClient, notifications: httpx.AsyncClient, domain: str) -> None:
        self._sandbox = sandbox
        self._notifications = notifications
        self._wanted = {"to": f"*@{domain}"}

    async def count(self) -> int:
        return int((await read(self._sandbox, "/mail/count", self._wanted))["count"])

    async def mails(self) -> list[dict[str, Any]]:
        """All of them, without their texts."""
        return await read_all(self._sandbox, "/mail", self._wanted | {"limit": "500"})

    async def surplus(self) -> int:
        """How many came a second time."""
        return int((await read(self._sandbox, "/mail/stats", self._wanted))["surplus"])

    async def urgent(self, since: datetime) -> set[str]:
        """The ids of the mails that have come by the urgent lane, of all organizations."""
        wanted = {"lane": "notifications.urgent", "name": "notifications.send_templated_email", "limit": "200"}

        def is_older(row: dict[str, Any]) -> bool:
            return datetime.fromisoformat(row["received_at"]) < since

        return {row["id"] for row in await read_all(self._notifications, "/v1/operations/inbox", wanted, until=is_older)}


class _Story:
    def __init__(
        self, stack: RunningStack, api: httpx.AsyncClient, mailbox: _Mailbox, organization_id: UUID, now: datetime
    ) -> None:
        self._stack = stack
        self._api = api
        self._mailbox = mailbox
        self._organization = {"organization_id": str(organization_id)}
        self._now = now
        self._checks: list[Check] = []

    async def play(self, shipments: Sequence[SampleShipment]) -> FlowResult:
        severities = expected_severities(shipments, self._now.date())
        await self._import(shipments)
        await self._evaluate()
        raised = await self._alerts()
        found = Counter(one["severity"] for one in raised)
        self._check("each late shipment has one alert, of its severity", found, severities)
        mails = await self._hear(shipments)
        await self._evaluate()
        again = await self._alerts()
        self._check("a second evaluation raises nothing", _ids(again), _ids(raised))
        told = sum(one["email_sent"] for one in again)
        self._check("each alert says that its recipients were told", told, severities.total())
        await self._act(again)
        self._check("no e-mail came twice", await self._mailbox.surplus(), 0)
        digests = sum(map(is_digest, mails))
        counts = {"shipments": len(shipments), "alerts": len(again)}
        counts |= {f"{severity} alerts": severities[severity] for severity in SEVERITIES}
        return FlowResult(tuple(self._checks), counts | {"single e-mails": len(mails) - digests, "digests": digests})

    def _check(self, name: str, found: Any, expected: Any) -> None:
        passed = found == expected
        self._checks.append(Check(name, passed, "" if passed else f"found {_short(found)}, expected {_short(expected)}"))

    async def _import(self, shipments: Sequence[SampleShipment]) -> None:
        spoiled = replace(shipments[0], reference="SPOILED", recipients="nobody")
        reports = await self._send_file("imported", [*shipments, spoiled])
        counted = {name: sum(report[name] for report in reports) for name in ("created", "rejected")}
        self._check("good rows are imported", counted, {"created": len(shipments), "rejected": 1})
        places = [(problem["line"], problem["column"]) for report in reports for problem in report["problems"]]
        last_line = len(shipments) % ROWS_PER_REQUEST + 2
        self._check("the bad row is told by line and column", places, [(last_line, "recipients")])
        reports = await self._send_file("sent again", shipments)
        self._check("the same file again changes nothing", sum(report["unchanged"] for report in reports), len(shipments))

    async def _send_file(self, done: str, shipments: Sequence[SampleShipment]) -> list[Any]:
        """In parts, so that somebody who watches sees it go on."""
        reports = []
        for start in range(0, len(shipments), ROWS_PER_REQUEST):
            self._stack.tell(f"{start:,} of {len(shipments):,} shipments {done}")
            answer = await self._api.post(
                "/v1/shipments/import",
                params=self._organization,
                content=as_csv(shipments[start : start + ROWS_PER_REQUEST]),
                headers={"Content-Type": "text/csv"},
            )
            reports.append(answer.raise_for_status().json())
        return reports

    async def _evaluate(self) -> None:
        """Ask for a run, and wait until it is finished."""
        accepted = (await self._api.post("/v1/evaluations", json={"as_of": self._now.isoformat()})).raise_for_status()

        async def ask() -> bool:
            run = await read(self._api, accepted.headers["Location"], {})
            self._stack.tell(f"{run['shipments']:,} shipments evaluated, {run['raised']:,} alerts raised")
            return run["finished_at"] is not None

        await ask_until(ask, bool)

    async def _alerts(self) -> list[dict[str, Any]]:
        """All alerts of the organization."""
        return await read_all(self._api, "/v1/alerts", self._organization | {"limit": "200"})

    async def _hear(self, shipments: Sequence[SampleShipment]) -> list[str]:
        """Wait for the mails; returns their subjects."""
        expected = expected_mails(shipments, self._now.date())

        async def ask() -> int:
            count = await self._mailbox.count()
            self._stack.tell(f"{count:,} of {expected.total():,} e-mails in the mailbox")
            return count

        await ask_until(ask, lambda count: count >= expected.total())
        await ask_until(self._untold, lambda untold: not untold)
        mails = await self._mailbox.mails()
        found = Counter((mail["envelope"]["rcpt_to"][0], mail["subject"]) for mail in mails)
        self._check("few late shipments are a mail each, many are one digest", found, expected)
        critical = {_sender_id(mail) for mail in mails if is_critical(mail["subject"])}
        urgent = {_sender_id(mail) for mail in mails} & await self._mailbox.urgent(self._now)
        self._check("what is critical takes the urgent lane, and nothing else does", urgent, critical)
        return [mail["subject"] for mail in mails]

    async def _untold(self) -> list[Any]:
        page = await read(self._api, "/v1/alerts", self._organization | {"email_sent": "false", "limit": "1"})
        return list(page["items"])

    async def _act(self, alerts: Sequence[dict[str, Any]]) -> None:
        """Acknowledge one alert, and release the shipment of another one."""
        released = next(one for one in alerts if one["shipment_status"] in _RELEASABLE)
        acknowledged = next(one for one in alerts if one is not released)
        alert_path, shipment_path = f"/v1/alerts/{acknowledged['id']}", f"/v1/shipments/{released['shipment_id']}"
        seen = await self._change("POST", alert_path, "/acknowledge", {"reason": "the broker is asked"})
        self._check("an alert is acknowledged", (seen["status"], seen["acknowledged_by"]), ("acknowledged", self._stack.operator))
        await self._change("PATCH", shipment_path, "", {"status": "released"})
        alert = await read(self._api, f"/v1/alerts/{released['id']}", {})
        ended = (alert["status"], alert["resolution"], alert["timeline"][0]["kind"])
        self._check("a release resolves the shipment's alert by itself", ended, ("resolved", "released", "resolved"))

    async def _change(self, method: str, path: str, action: str, body: dict[str, str]) -> Any:
        """Change what is at a path, as it stands there now."""
        tag = (await self._api.get(path)).raise_for_status().headers["ETag"]
        return (await self._api.request(method, path + action, json=body, headers={"If-Match": tag})).raise_for_status().json()


def _sender_id(mail: dict[str, Any]) -> str:
    """The id of the message that asked for a mail, which its Message-ID begins with."""
    return str(mail["message_id"]).strip("<>").partition("@")[0]


def _ids(alerts: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(one["id"] for one in alerts)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
