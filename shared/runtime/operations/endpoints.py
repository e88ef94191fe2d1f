"""The routes of the operations API."""

from fastapi import APIRouter

from shared.runtime.operations.archives import endpoints as archives
from shared.runtime.operations.audit import endpoints as audit
from shared.runtime.operations.auth import access
from shared.runtime.operations.dead_letters import endpoints as dead_letters
from shared.runtime.operations.lanes import endpoints as lanes
from shared.runtime.operations.messages import endpoints as messages
from shared.runtime.operations.schedules import endpoints as schedules
from shared.runtime.operations.storage import endpoints as storage


def operations_router(service: str) -> APIRouter:
    """What `service` mounts. Reading and changing differ by the scope that they ask for."""
    router = APIRouter(prefix="/v1/operations", tags=["operations"])
    for reads in (noun.reads for noun in (messages, dead_letters, lanes, schedules, archives, audit, storage)):
        router.include_router(reads, dependencies=access(service, "read"))
    for changes in (messages.changes, dead_letters.changes, lanes.changes, schedules.changes):
        router.include_router(changes, dependencies=access(service, "admin"))
    return router
