"""What travels: Celery's own protocol, read back by Celery itself and by the worker."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from celery import Celery
from celery.worker.request import Request
from hypothesis import given
from hypothesis import strategies as st
from kombu import Connection
from kombu.transport.virtual import Message as KombuMessage

from shared.contracts.message import MAX_BATCH_BYTES
from shared.runtime import wire
from shared.runtime.ids import uuid7
from shared.runtime.inbox.delivery import Delivery, parse
from shared.testing.probe.contracts import RecordProbe

NAME, LANE = "analytics.record_probe", "analytics.normal"
MOMENT = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _parcel(
    number: int = 1, *, name: str = NAME, lane: str = LANE, body: str | None = None, isolate: bool = False
) -> wire.Parcel:
    text = body if body is not None else RecordProbe(number=number).model_dump_json()
    return wire.Parcel(uuid7(), name, lane, "trips", MOMENT, 1, "order-7", TRACE, text, isolate)


def _decoded(envelope: wire.Envelope) -> tuple[Any, dict[str, Any]]:
    """As kombu's consumer gives it to Celery's worker."""
    channel: Any = Connection("memory://").channel()
    message = KombuMessage(orjson.loads(envelope.data), channel=channel)
    args, kwargs, embed = message.decode()
    assert (args, set(embed)) == ([], {"callbacks", "errbacks", "chain", "chord"})
    return message, kwargs


def _parsed(envelope: wire.Envelope) -> Delivery:
    message, kwargs = _decoded(envelope)
    return parse(RecordProbe, LANE, message.headers["id"], kwargs, message.headers[wire.HEADER])


def test_a_single_is_a_plain_celery_task_under_the_message_id() -> None:
    parcel = _parcel(5)

    [envelope] = wire.envelopes([parcel], {NAME: 100})
    message, kwargs = _decoded(envelope)
    app = Celery("other", set_as_current=False)

    @app.task(name=NAME)
    def task(number: int, behave: str) -> tuple[int, str]:
        return number, behave

    request = Request(message, app=app, task=task)

    assert (envelope.lane, kwargs) == (LANE, {"number": 5, "behave": "ok"})
    assert (request.id, request.name, request.kwargs) == (str(parcel.id), NAME, kwargs)
    assert (request.argsrepr, request.kwargsrepr) == ("()", "{…}")
    assert message.delivery_info == {"exchange": "", "routing_key": LANE}


def test_a_batch_travels_under_an_id_of_its_own() -> None:
    parcels = [_parcel(number) for number in range(3)]

    [envelope] = wire.envelopes(parcels, {NAME: 100})
    message, kwargs = _decoded(envelope)

    assert message.headers["id"] not in {str(parcel.id) for parcel in parcels}
    assert message.headers[wire.HEADER] == {"batch": 3, "isolate": False}
    assert kwargs["batch"][0] == {
        "id": str(parcels[0].id),
        "source": "trips",
        "occurred_at": "2026-03-02T09:30:00.123456+00:00",
        "attempt": 1,
        "correlation_id": "order-7",
        "traceparent": TRACE,
        "body": {"number": 0, "behave": "ok"},
    }


@pytest.mark.parametrize(("later_s", "is_told"), [(0, False), (90, True)])
def test_what_was_not_to_be_sent_before_says_so_for_it_has_not_waited_since_it_was_asked_for(later_s: int, is_told: bool) -> None:
    due_at = MOMENT + timedelta(seconds=later_s)

    for parcels in ([_parcel()], [_parcel(), _parcel()]):
        later = [dataclasses.replace(parcel, due_at=due_at) for parcel in parcels]
        [envelope] = wire.envelopes(later, {NAME: 100})
        message, kwargs = _decoded(envelope)
        facts = kwargs["batch"][0] if "batch" in kwargs else message.headers[wire.HEADER]

        assert ("due_at" in facts) is is_told
        assert {(item.occurred_at, item.ready_at) for item in _parsed(envelope).items} == {(MOMENT, due_at)}


def test_deliveries_are_cut_at_the_contracts_number_of_messages() -> None:
    sizes = [len(_parsed(envelope).items) for envelope in wire.envelopes(map(_parcel, range(250)), {NAME: 100})]

    assert sizes == [100, 100, 50]


def test_a_name_that_nobody_knows_travels_alone() -> None:
    assert len(list(wire.envelopes(map(_parcel, range(3)), {}))) == 3


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_deliveries_are_cut_at_256_kb(letter: str) -> None:
    body = orjson.dumps({"number": 1, "more": letter * (60_000 // len(letter.encode()))}).decode()

    deliveries = list(wire.envelopes([_parcel(body=body) for _ in range(12)], {NAME: 500}))

    assert sum(len(_parsed(envelope).items) for envelope in deliveries) == 12
    assert max(len(orjson.loads(envelope.data)["body"].encode()) for envelope in deliveries) <= MAX_BATCH_BYTES


def test_lanes_and_names_do_not_share_a_delivery() -> None:
    parcels = [_parcel(1), _parcel(2, lane="analytics.realtime"), _parcel(3, name="analytics.keep_note"), _parcel(4)]

    found = [(envelope.lane, len(_decoded(envelope)[1].get("batch", [1]))) for envelope in wire.envelopes(parcels, {NAME: 100})]

    assert sorted(found) == [("analytics.normal", 1), ("analytics.normal", 2), ("analytics.realtime", 1)]


def test_an_isolated_message_travels_alone_and_says_so() -> None:
    found = list(wire.envelopes([_parcel(1), _parcel(2, isolate=True), _parcel(3)], {NAME: 100}))

    assert [(len(_parsed(envelope).items), _parsed(envelope).isolate) for envelope in found] == [(2, False), (1, True)]


@pytest.mark.parametrize("body", ["[1, 2]", '"text"', "null", " 7"])
@pytest.mark.parametrize("isolate", [False, True])
def test_a_body_that_is_no_object_still_reaches_its_refusal(body: str, isolate: bool) -> None:
    parcel = _parcel(body=body, isolate=isolate)

    [envelope] = wire.envelopes([parcel], {NAME: 100})
    delivery = _parsed(envelope)

    assert [(item.id, item.body) for item in delivery.items] == [(parcel.id, orjson.loads(body))]
    assert delivery.items[0].problem is not None
    assert delivery.isolate is isolate


_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone follows
_PARCELS = st.builds(
    wire.Parcel,
    id=st.uuids(version=4),
    name=st.just(NAME),
    lane=st.just(LANE),
    source=st.sampled_from(["trips", "payments", None]),
    occurred_at=_TIMES,
    attempt=st.integers(1, 9),
    correlation_id=st.text("abc._:-09", min_size=1, max_size=64),
    traceparent=st.just(TRACE),
    body=st.integers(-(2**53), 2**53).map(lambda number: RecordProbe(number=number).model_dump_json()),
    isolate=st.booleans(),
)


@given(st.lists(_PARCELS, unique_by=lambda parcel: parcel.id, max_size=30), st.integers(1, 10))
def test_what_is_written_is_what_is_read(parcels: list[wire.Parcel], at_most: int) -> None:
    found: dict[UUID, tuple[Any, ...]] = {}
    for envelope in wire.envelopes(parcels, {NAME: at_most}):
        delivery = _parsed(envelope)
        assert len(delivery.items) <= at_most
        assert [item.id for item in delivery.items] == sorted(parcel.id for parcel in envelope.parcels)
        for item in delivery.items:
            assert item.message is not None
            facts = (item.source, item.occurred_at, item.trace.correlation_id, item.trace.traceparent, delivery.isolate)
            found[item.id] = (*facts, item.message.model_dump_json())

    assert found == {
        one.id: (one.source, one.occurred_at, one.correlation_id, one.traceparent, one.isolate, one.body) for one in parcels
    }
