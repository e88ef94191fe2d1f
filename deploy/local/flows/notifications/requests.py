"""What providers were sent, as the sandbox has received it, held against what the providers document.

What each documents: the sandbox's own checks (which have refused everything else before), and here, for people to read, the
fields that must be there and what must stand in them for this very delivery.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import httpx

from deploy.local.demo import Check
from deploy.local.flows.notifications import request_shapes as shapes
from deploy.local.flows.notifications.cast import KINDS
from deploy.local.flows.notifications.request_shapes import Facts
from deploy.local.flows.notifications.world import World
from deploy.local.polling import read, read_all

Delivery = Mapping[str, Any]

_FORMS: Final = {
    "smtp": "SMTP with a MIME message",
    "sendgrid": "JSON of SendGrid's v3 mail/send",
    "ses": "SES v2 SendEmail, signed with SigV4",
    "twilio": "the form of Twilio's Messages",
    "msg91": "JSON of MSG91's flow",
}


async def judge(world: World, deliveries: Iterable[Delivery]) -> list[Check]:
    """One check for each of the five providers: every request that it took has the documented shape, and there were some."""
    by_kind: dict[str, list[Delivery]] = defaultdict(list)
    for one in deliveries:
        if one["status"] == "sent" and one["provider"] in KINDS:
            by_kind[KINDS[one["provider"]]].append(one)
    return [await _judge_kind(world, kind, by_kind[kind]) for kind in _FORMS] + [await _unsigned_is_refused(world)]


async def _judge_kind(world: World, kind: str, deliveries: Sequence[Delivery]) -> Check:
    wrong: list[str] = []
    for one in deliveries:
        facts = await _READERS[kind](world, one)
        wrong += [f"{one['id']}: {claim}" for claim, holds in facts.items() if not holds]
    name = f"what {kind} was sent is {_FORMS[kind]}"
    if wrong:
        return Check(name, False, "; ".join(wrong[:5]))
    return Check(name, bool(deliveries), f"{len(deliveries)} requests")


async def _smtp(world: World, delivery: Delivery) -> Facts:
    listed = await read(world.sandbox, "/mail", {"message_id": delivery["message_id_header"]})
    if not listed["items"]:
        return {"it stands in the mailbox": False}
    return shapes.smtp(await read(world.sandbox, f"/mail/{listed['items'][0]['id']}"), delivery, world.environment)


async def _sendgrid(world: World, delivery: Delivery) -> Facts:
    found = await _request(world.sandbox, "sendgrid", delivery)
    return shapes.sendgrid(*found, delivery, world.environment) if found else {"it was received": False}


async def _ses(world: World, delivery: Delivery) -> Facts:
    found = await _request(world.sandbox, "ses", delivery)
    return shapes.ses(*found, delivery, world.environment) if found else {"it was received": False}


async def _twilio(world: World, delivery: Delivery) -> Facts:
    found = await _sms(world, delivery)
    return shapes.twilio(found, delivery, world.environment) if found else {"it was received": False}


async def _msg91(world: World, delivery: Delivery) -> Facts:
    found = await _sms(world, delivery)
    return shapes.msg91(found, delivery, world.environment) if found else {"it was received": False}


_READERS: Final[Mapping[str, Callable[[World, Delivery], Awaitable[Facts]]]] = {
    "smtp": _smtp,
    "sendgrid": _sendgrid,
    "ses": _ses,
    "twilio": _twilio,
    "msg91": _msg91,
}


async def sendgrid_personalization(sandbox: httpx.AsyncClient, delivery: Delivery) -> dict[str, Any] | None:
    """A delivery's own part of the request that it travelled in, maybe with others."""
    found = await _request(sandbox, "sendgrid", delivery)
    return shapes.personalization(found[1], delivery) if found else None


async def _request(sandbox: httpx.AsyncClient, kind: str, delivery: Delivery) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The head and the body of the request that was accepted."""
    listed = await read(sandbox, f"/{kind}/requests", {"limit": "500"})
    wanted = _provider_message_id(delivery)
    head = next((one for one in listed["items"] if one["provider_id"] == wanted), None)
    if head is None:
        return None
    answer = await sandbox.get(f"/{kind}/requests/{head['id']}")
    return head, json.loads(answer.raise_for_status().content)


async def _sms(world: World, delivery: Delivery) -> dict[str, Any] | None:
    found = await read_all(world.sandbox, "/sms", {"provider_id": _provider_message_id(delivery)})
    return found[0] if len(found) == 1 else None


def _provider_message_id(delivery: Delivery) -> str:
    return next((str(one["provider_message_id"]) for one in delivery["timeline"] if one["outcome"] == "accepted"), "")


async def _unsigned_is_refused(world: World) -> Check:
    """That SES's stand-in looks at signatures at all: it keeps them from everybody's eyes."""
    listed = await read(world.sandbox, "/ses/requests", {"limit": "1"})
    if not listed["items"]:
        return Check("SES refuses a copy without its signature", False, "nothing was sent to SES")
    head = listed["items"][0]
    body = (await world.sandbox.get(f"/ses/requests/{head['id']}")).content
    path = head["request"].partition(" ")[2]
    answer = await world.sandbox.post(path, content=body, headers={"Content-Type": "application/json"})
    return Check("SES refuses a copy without its signature", answer.status_code == httpx.codes.FORBIDDEN, str(answer.status_code))
