"""The probe's relay, which pushes every delivery three times: `python -m tests.faults.tripling_relay <service>`."""

import importlib
import sys
from typing import Any

import orjson
from redis.asyncio.client import Pipeline

from shared.contracts import registry
from shared.contracts.lanes import LANES
from shared.runtime.ids import uuid7
from shared.runtime.relay.runner import main
from shared.testing.probe import contracts

_push_once = Pipeline.lpush


def _push_thrice(pipe: Any, name: str, *values: Any) -> Any:
    """A push to a lane brings two copies along, with delivery tags of their own, as a push that was repeated makes them."""
    copies = [_copy(value) for value in values for _ in range(2)] if name in LANES else []
    return _push_once(pipe, name, *values, *copies)


def _copy(envelope: bytes) -> bytes:
    copied = orjson.loads(envelope)
    copied["properties"]["delivery_tag"] = str(uuid7())
    return orjson.dumps(copied)


if __name__ == "__main__":
    registry.include(contracts)
    setattr(Pipeline, "lpush", _push_thrice)  # noqa: B010  # the relay has no seam for being unreliable
    # Without a schedule: nobody here takes what the clock would send to other lanes.
    main(importlib.import_module(f"services.{sys.argv[1]}.settings").settings(), entries=())
