"""Asks all owners at once, within a budget, and remembers what each said last."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from services.analytics.owners.answers import Answer
from services.analytics.owners.client import OwnerApi
from services.analytics.owners.errors import NotKnown, OwnerAway
from shared.contracts.lanes import SERVICES
from shared.runtime.clock import Clock
from shared.runtime.errors import ServiceError

M = TypeVar("M", bound=BaseModel)

KEPT_S: Final = 1.0
"""For so long an answer serves all who ask for the same: dashboards ask together."""


class Owners:
    """The operations APIs of all services, for one process. apis: by service; one that is not set is unknown, and says so."""

    def __init__(self, apis: Mapping[str, OwnerApi], clock: Clock, kept_s: float = KEPT_S) -> None:
        self._apis = apis
        self._kept_s = kept_s
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[float, Answer[Any]]] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Answer[Any]]] = {}

    def of(self, service: str) -> OwnerApi:
        """One owner's API. Raises NotKnown where there is no such service, and OwnerAway where nobody has said where it is."""
        if service not in SERVICES:
            raise NotKnown(f"there is no service of this name; choose from {', '.join(SERVICES)}")
        if service not in self._apis:
            raise OwnerAway(f"where {service} is has not been set: set {service.upper()}_URL")
        return self._apis[service]

    async def ask(self, path: str, shape: type[M]) -> dict[str, Answer[M]]:
        """What each service answers to `GET path`, by service. Takes as long as the budget of one call at most."""
        found = await asyncio.gather(*(self.ask_one(service, path, shape) for service in SERVICES))
        return dict(zip(SERVICES, found, strict=True))

    async def ask_one(self, service: str, path: str, shape: type[M]) -> Answer[M]:
        """The same of one service."""
        key = (service, path)
        until, kept = self._answers.get(key, (0.0, None))
        if kept is not None and time.monotonic() < until:
            return kept
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(service, path, shape))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        # Whoever asks may go away; those who ask for the same go on waiting.
        return await asyncio.shield(self._asking[key])

    async def close(self) -> None:
        """Give back connections."""
        for api in self._apis.values():
            await api.close()

    async def _ask(self, service: str, path: str, shape: type[M]) -> Answer[M]:
        asked_at, began = self._clock(), time.monotonic()
        value, problem = None, None
        try:
            value = shape.model_validate(await self.of(service).get(path))
        except ServiceError as error:
            problem = error.detail
        except ValidationError as error:
            problem = f"{service} answers in another shape than this version knows ({error.error_count()} differences)"
        answer = Answer(service, asked_at, round((time.monotonic() - began) * 1000, 1), value, problem)
        return self._remember((service, path), answer)

    def _remember(self, key: tuple[str, str], answer: Answer[Any]) -> Answer[Any]:
        _, before = self._answers.get(key, (0.0, None))
        if answer.value is not None:
            answer = replace(answer, last=answer.value, last_at=answer.asked_at)
        elif before is not None:
            answer = replace(answer, last=before.last, last_at=before.last_at)
        self._answers[key] = (time.monotonic() + self._kept_s, answer)
        return answer
