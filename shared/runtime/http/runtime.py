"""What an API process holds while it runs: made when it starts, closed when it ends, found on `app.state.runtime`.

Wiring that endpoints and tasks share names it, so its module loads nothing of HTTP: a worker would carry that for a name.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import redis.asyncio as redis

from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database
from shared.runtime.http.settings import HttpSettings

if TYPE_CHECKING:
    from fastapi import Request

    from shared.runtime.auth.verifier import Authenticator
    from shared.runtime.http.cursors import CursorSigner
    from shared.runtime.http.rate_limits import RateLimiter


@dataclass(frozen=True, slots=True)
class HttpRuntime:
    """The process's connections and its ways to recognise, limit and page."""

    settings: HttpSettings
    database: Database
    redis: redis.Redis
    authenticator: "Authenticator"
    limiter: "RateLimiter"
    cursors: "CursorSigner"
    clock: Clock = system_clock


def runtime_of(request: "Request") -> HttpRuntime:
    """The runtime of the application that serves `request`."""
    runtime: HttpRuntime = request.app.state.runtime
    return runtime
