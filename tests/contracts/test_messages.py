"""What holds for every message: JSON and back, unknown fields ignored, times aware, money whole."""

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, ClassVar, get_args, get_origin

import pytest
from pydantic import AwareDatetime, BaseModel, NaiveDatetime, ValidationError

from shared.contracts import lanes
from shared.contracts.documents import FOLDER, product, samples_of
from shared.contracts.message import Command, Contract, Message, UtcDatetime
from shared.contracts.money import Money
from shared.contracts.notifications import SendEmail
from shared.runtime.db import Session
from shared.runtime.outbox import MessageTooLarge, pending, publish

SAMPLES = [pytest.param(name, sample, id=f"{name} {n}") for name in product() for n, sample in enumerate(samples_of(name), 1)]
MONEY_WORDS = {"amount", "price", "total", "fee", "fees", "tax", "cost", "balance", "money", "charge", "fare"}
UNITS = {
    "s",
    "ms",
    "m",
    "km",
    "mps",
    "kmh",
    "deg",
    "kg",
    "c",
    "percent",
    "ratio",
    "factor",
    "lat",
    "lon",
    "latitude",
    "longitude",
}

KEPT_NAMES = {("BroadcastGpsUpdate", "speed"), ("BroadcastGpsUpdate", "heading")}
"""An older system's clients send these; their units stand in the message's description."""


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_a_sample_comes_back_from_json_as_it_went(name: str, sample: dict[str, Any]) -> None:
    message = product()[name].model_validate_json(json.dumps(sample))

    text = message.model_dump_json()

    assert product()[name].model_validate_json(text) == message
    assert {key: json.loads(text)[key] for key in sample} == sample


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_unknown_fields_are_ignored(name: str, sample: dict[str, Any]) -> None:
    newer = {**sample, "added_by_a_newer_sender": {"any": ["thing"]}}

    assert product()[name].model_validate(newer) == product()[name].model_validate(sample)


def leaves(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a model and of the models inside it, with each type that its annotation names."""
    for name, field in model.model_fields.items():
        yield from _leaves(field.annotation, f"{path}{name}")


def _leaves(annotation: Any, path: str) -> Iterator[tuple[str, Any]]:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from leaves(annotation, f"{path}.")
    elif get_args(annotation):
        for inner in get_args(annotation):
            yield from _leaves(inner, path)
    else:
        yield path, annotation


def find_naive_times(message: type[Message]) -> list[str]:
    return [path for path, kind in leaves(message) if kind in (datetime, NaiveDatetime)]


def find_broken_money(message: type[Message]) -> list[str]:
    """Fields that carry money as anything but whole minor units, and floats whose name does not say their unit."""
    found = []
    for path, kind in leaves(message):
        words = path.rpartition(".")[2].split("_")
        if kind is NoneType:
            continue
        if kind is Decimal or (MONEY_WORDS & {*words} and (kind is not int or words[-1] != "minor")):
            found.append(f"{path}: money is a Money, or an int called …_minor")
        elif kind is float and words[-1] not in UNITS and (message.__name__, path) not in KEPT_NAMES:
            found.append(f"{path}: a float's name ends with its unit")
    return found


@pytest.mark.parametrize("name", product())
def test_times_are_aware_and_money_is_whole(name: str) -> None:
    assert find_naive_times(product()[name]) == []
    assert find_broken_money(product()[name]) == []


def test_naive_times_and_broken_money_are_found() -> None:
    class Bad(Command):
        contract: ClassVar = Contract("trips.do_badly", (lanes.TRIPS_NORMAL,))

        started: datetime
        ended: list[datetime] | None = None
        seen: AwareDatetime | None = None
        at: UtcDatetime | None = None
        paid: Money | None = None
        fee: Money | None = None
        fare: str | None = None
        fee_minor: int = 0
        price: float = 0
        total: int = 0
        tax_minor: Decimal = Decimal(0)
        speed: float = 0
        speed_mps: float = 0

    assert find_naive_times(Bad) == ["started", "ended"]
    assert [problem.partition(":")[0] for problem in find_broken_money(Bad)] == ["fare", "price", "total", "tax_minor", "speed"]


def test_a_naive_time_is_refused_and_another_zone_becomes_utc() -> None:
    class Timed(Command):
        contract: ClassVar = Contract("trips.keep_time", (lanes.TRIPS_NORMAL,))

        at: UtcDatetime

    assert Timed.model_validate_json('{"at": "2026-11-20T11:30:00+05:30"}').at.utcoffset() == timedelta(0)
    with pytest.raises(ValidationError, match="should have timezone info"):
        Timed.model_validate_json('{"at": "2026-11-20T06:00:00"}')


def test_money_is_never_a_float() -> None:
    with pytest.raises(ValidationError, match=r"12\.50 INR is 1250"):
        Money(amount_minor=12.5, currency="INR")  # type: ignore[arg-type] # the mistake under test


def test_no_sample_that_was_ever_committed_is_gone() -> None:
    for name, payload in committed_samples():
        assert name not in product() or payload in samples_of(name), (
            f"{name}: put this sample back, it must parse for ever: {payload}"
        )


def committed_samples() -> Iterator[tuple[str, Any]]:
    """Every sample in every version of every sample file that git knows."""
    folder = (FOLDER / "samples").relative_to(FOLDER.parents[1]).as_posix()
    log = git("log", "--format=%H", "--name-only", "--diff-filter=AM", "--", folder)
    commit = ""
    for line in filter(None, log.splitlines()):
        if line.startswith(folder):
            name = line.removeprefix(f"{folder}/").removesuffix(".json")
            yield from ((name, payload) for payload in json.loads(git("show", f"{commit}:{line}")))
        else:
            commit = line


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False).stdout  # noqa: S607 # git from PATH


def test_a_body_over_64_kb_is_refused_in_a_sentence_and_nothing_is_published() -> None:
    session = Session()
    message = SendEmail(to_email="customs.desk@example.com", subject="Late", body="x" * 40_000, body_html="x" * 40_000)

    with pytest.raises(MessageTooLarge, match=r"send_email: the body has 80\d\d\d bytes, at most 65536 travel; send an id"):
        publish(session, message)

    assert pending(session) == []
