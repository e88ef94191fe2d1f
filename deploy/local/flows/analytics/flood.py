"""More messages than a lane's worker can keep up with, which has been stopped."""

import asyncio
from typing import Final
from uuid import uuid4

from deploy.local.flows.analytics.story import REASON, Story
from deploy.local.keys import mint_token
from deploy.local.simulation.patience import PatientApi

LANE: Final = "trips.realtime"
FLOOD: Final = 1_010
"""A backlog is called one above a thousand."""
SENDERS: Final = 4
_TTL_S: Final = 900


async def flood(story: Story) -> None:
    """So many messages about a trip that waits for its call; each only carries a sentence on to those who follow it."""
    trip = await _will_call(story)
    left = iter(range(FLOOD))

    async def send(sender: int) -> None:
        # Each program has its own allowance of requests.
        token = mint_token(story.stack.home, subject=f"{story.stack.operator}-{sender}", roles=["admin"], ttl_s=_TTL_S)
        headers = {"Authorization": f"Bearer {token}"}
        for number in left:
            said = {
                "trip_id": trip,
                "status": "will_call",
                "acting_as": "operator",
                "message": f"The clinic is asked, for the {number + 1}. time.",
            }
            body = {"task_name": "trips.broadcast_trip_status", "kwargs": said, "reason": REASON}
            key = {"Idempotency-Key": str(uuid4())}
            path = "/v1/monitoring/tasks/schedule"
            answer = await story.analytics.ask("POST", path, json=body, headers=headers | key)
            answer.raise_for_status()
            story.stack.tell(f"{number + 1:,} of {FLOOD:,} messages are sent to {LANE}")

    async with asyncio.TaskGroup() as tasks:
        for sender in range(SENDERS):
            tasks.create_task(send(sender))
    story.counts["messages"] += FLOOD


async def _will_call(story: Story) -> str:
    async with story.stack.api("trips") as client:
        places = {
            "pickup": {"label": "City Hospital, dialysis", "latitude": 19.0176, "longitude": 72.8562},
            "dropoff": {"label": "Home", "latitude": 19.0596, "longitude": 72.8295},
        }
        made = await story.make(PatientApi(client), "/v1/trips", trip_type="dialysis", will_call=True, **places)
    assert made["status"] == "will_call", made["status"]
    return str(made["id"])
