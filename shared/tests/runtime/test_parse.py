"""Reading deliveries, whatever a stranger has put into them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.lanes import SERVICES
from shared.runtime.inbox.delivery import Item, parse
from shared.testing.probe.contracts import RecordProbe
from shared.tests.runtime.arrange import Vague

_TEXT = st.text(st.characters(), max_size=20) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=8
)
_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "id": _JSON | st.uuids().map(str),
        "source": _JSON | st.sampled_from(SERVICES),
        "occurred_at": _JSON | st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat),
        "correlation_id": _JSON,
        "traceparent": _JSON,
        "body": _JSON | st.just({"number": 1}),
    },
)
_KWARGS = st.dictionaries(_TEXT, _JSON, max_size=4) | st.fixed_dictionaries(
    {"batch": _JSON | st.lists(_ENTRY | _JSON, max_size=5)}
)
_META = _JSON | _ENTRY | st.fixed_dictionaries({"batch": _JSON, "isolate": _JSON})


@given(_TEXT | st.uuids().map(str), _KWARGS, _META, st.booleans())
def test_nothing_that_a_delivery_holds_makes_it_unreadable(task_id: str, kwargs: Any, meta: Any, redelivered: bool) -> None:
    delivery = parse(RecordProbe, "analytics.normal", task_id, kwargs, meta, redelivered=redelivered)

    ids = [item.id for item in delivery.items]
    assert ids == sorted(set(ids))
    for item in delivery.items:
        assert (item.message is None) != (item.problem is None)
        assert item.source is None or item.source in SERVICES
        assert item.occurred_at.utcoffset() is not None
        assert item.occurred_at.astimezone(UTC).year >= 1970
        # What the tables keep is text and JSON in PostgreSQL's sense: no NaN, no byte that UTF-8 does not have.
        json.loads(item.text().encode(), parse_constant=pytest.fail)
        for kept in (item.trace.correlation_id, item.trace.traceparent, item.problem or ""):
            kept.encode()
        assert "\x00" not in item.trace.correlation_id + item.trace.traceparent


@given(_JSON)
def test_the_text_of_a_body_is_the_body(body: Any) -> None:
    item = _item(body)

    kept = json.loads(item.text())

    assert kept == json.loads(json.dumps(body), parse_constant=lambda _: None)


def _item(body: Any) -> Item:
    [item] = parse(RecordProbe, "analytics.normal", "a", {"batch": [{"id": "a", "body": body}]}, {"batch": 1}).items
    return item


def test_what_kombu_makes_of_its_own_types_is_kept_as_text() -> None:
    moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    kept = orjson.loads(_item({"price": Decimal("1.50"), "at": moment, "id": UUID(int=7)}).text())

    assert kept == {"price": "1.50", "at": "2026-03-02T09:00:00+00:00", "id": "00000000-0000-0000-0000-000000000007"}


def test_a_body_of_over_64_kb_is_refused_with_its_size() -> None:
    [largest] = parse(Vague, "analytics.normal", "a", {"number": "x" * (65_536 - 13)}, None).items
    [larger] = parse(Vague, "analytics.normal", "b", {"number": "x" * (65_537 - 13)}, None).items

    assert largest.problem is None
    assert (larger.message, larger.problem) == (None, "payload: it has 65537 bytes, at most 65536 travel; send an id instead")


def test_a_task_id_that_is_no_uuid_is_the_same_message_each_time() -> None:
    first, second = (parse(RecordProbe, "analytics.normal", "order-7", {"number": 1}, None).items[0].id for _ in range(2))
    other = parse(RecordProbe, "analytics.normal", "order-8", {"number": 1}, None).items[0].id

    assert first == second != other


def test_a_message_that_is_twice_in_a_batch_is_once_in_the_delivery() -> None:
    entry = {"id": str(UUID(int=1)), "body": {"number": 1}}

    delivery = parse(RecordProbe, "analytics.normal", "x", {"batch": [entry, entry]}, {"batch": 2})

    assert [item.id for item in delivery.items] == [UUID(int=1)]


def test_what_is_wrong_with_a_payload_is_said_without_its_values() -> None:
    [item] = parse(RecordProbe, "analytics.normal", "x", {"number": "secret", "behave": "secret"}, None).items

    assert item.problem is not None
    assert "secret" not in item.problem
    assert item.problem.startswith("number: Input should be a valid integer")


@pytest.mark.parametrize(("meta", "redelivered"), [({"isolate": True}, False), (None, True)])
def test_a_copy_of_what_may_have_killed_its_process_is_isolated(meta: Any, redelivered: bool) -> None:
    delivery = parse(RecordProbe, "analytics.normal", "x", {"number": 1}, meta, redelivered=redelivered)

    assert delivery.isolate
