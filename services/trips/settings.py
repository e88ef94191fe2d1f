"""Settings of the trips service."""

from functools import cache
from typing import ClassVar

from pydantic import Field

from shared.runtime.http.settings import HttpSettings


class TripsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "trips"

    live_streams_max: int = Field(
        5000, ge=1, description="Streams that one process holds at most; whoever asks for one more is answered with 429."
    )
    tile_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s\"'<>&;,]+\{z\}[^\s\"'<>&;,]*\{x\}[^\s\"'<>&;,]*\{y\}[^\s\"'<>&;,]*$",
        description="Tiles of the map on shared trips' pages, `https://…/{z}/{x}/{y}.png`; without it the map has none.",
    )


@cache
def settings() -> TripsSettings:
    """The settings of this process, read once."""
    return TripsSettings.load()
