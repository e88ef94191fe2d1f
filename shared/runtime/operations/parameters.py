"""What the nouns of the operations API share in paths and queries."""

from typing import Annotated

from fastapi import Path, Query

from shared.contracts import lanes

LaneFilter = Annotated[str | None, Query(max_length=100, description="Only this lane.", examples=[lanes.NOTIFICATIONS_BULK.name])]
NameFilter = Annotated[
    str | None, Query(max_length=100, description="Only this message's name.", examples=["notifications.send_email"])
]
LaneName = Annotated[str, Path(max_length=100, description="A lane.", examples=[lanes.NOTIFICATIONS_BULK.name])]
