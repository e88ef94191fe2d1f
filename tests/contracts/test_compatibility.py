"""Each kind of break is named, and growth is let through."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import lanes
from shared.contracts.compatibility import CONTRACT as KEYWORD
from shared.contracts.compatibility import breaks
from shared.contracts.documents import Registry, check, schema_of
from shared.contracts.message import Answer, Event, UtcDatetime
from shared.contracts.money import AmountMinor
from tests.contracts.refund_order import CONTRACT, NAME, RefundOrder, altered, without

ID = "^[a-z0-9]+$"


class Euros(BaseModel):
    """Money after somebody renamed a field of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: AmountMinor
    unit: str = Field(pattern=r"^[A-Z]{3}$")


BREAKS: dict[str, tuple[Registry, list[str]]] = {
    "field removed": (without("reason"), ["field `reason` is gone"]),
    "field renamed inside a nested model": (
        altered(amount=(Euros, ...)),
        ["field `amount.currency` is gone", "field `amount.unit` is new and required"],
    ),
    "new required field": (altered(note=(str, ...)), ["field `note` is new and required"]),
    "default taken away": (altered(ratio=(float, ...)), ["field `ratio` has become required"]),
    "default changed": (
        altered(ratio=(float, 2.0)),
        ["field `ratio` means something else when left out: default 1.0 became default 2.0"],
    ),
    "type changed": (altered(lines=(str, [])), ["field `lines` no longer accepts array; it accepts string"]),
    "type narrowed": (altered(ratio=(int, 1)), ["field `ratio` no longer accepts number; it accepts integer"]),
    "null refused": (
        altered(not_before=(UtcDatetime, None)),
        ["no longer accepts null"],
    ),
    "enum narrowed": (altered(reason=(Literal["returned"], "returned")), ["field `reason` no longer accepts 'lost'"]),
    "free text became an enum": (altered(order_id=(Literal["a"], ...)), ["field `order_id` accepts only ['a'] now"]),
    "maximum lowered": (
        altered(order_id=(str, Field(min_length=1, max_length=32, pattern=ID))),
        ["`maxLength` was lowered from 64 to 32"],
    ),
    "maximum introduced": (altered(ratio=(float, Field(1.0, le=9))), ["`maximum` was lowered from none to 9"]),
    "minimum raised": (
        altered(order_id=(str, Field(min_length=2, max_length=64, pattern=ID))),
        ["`minLength` was raised from 1 to 2"],
    ),
    "list shortened": (
        altered(lines=(list[int], Field([], max_length=5))),
        ["field `lines`: `maxItems` was lowered from 10 to 5"],
    ),
    "items narrowed": (altered(lines=(list[Literal[1]], Field([], max_length=10))), ["field `lines[]` accepts only [1] now"]),
    "map values narrowed": (altered(weights_kg=(dict[str, int], {})), ["field `weights_kg.*` no longer accepts number"]),
    "pattern changed": (
        altered(order_id=(str, Field(min_length=1, max_length=64, pattern="^a"))),
        ["field `order_id` has another `pattern`"],
    ),
    "default lane lost": (
        altered(replace(CONTRACT, lanes=(lanes.PAYMENTS_BATCH,))),
        ["it loses its default lane payments.normal, where senders that name no lane still put it"],
    ),
    "second lane lost": (altered(replace(CONTRACT, lanes=(lanes.PAYMENTS_NORMAL,))), ["it no longer travels on payments.batch"]),
    "batch made smaller": (altered(replace(CONTRACT, max_batch=10)), ["max_batch went from 50 down to 10"]),
    "message removed": ({}, ["the message is gone"]),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_break_is_named_in_a_sentence(kind: str, committed: Path) -> None:
    registry, expected = BREAKS[kind]

    found = [found for found in check(registry, committed) if found.is_break and "sample" not in found.sentence]

    assert len(found) == len(expected)
    for finding, sentence in zip(sorted(map(str, found)), sorted(expected), strict=True):
        assert finding.startswith(f"{NAME}: ")
        assert sentence in finding


GROWTH: dict[str, Registry] = {
    "new optional field": altered(note=(str | None, None)),
    "null accepted": altered(ratio=(float | None, 1.0)),
    "enum widened": altered(reason=(Literal["returned", "lost", "late"], "returned")),
    "maximum raised": altered(order_id=(str, Field(min_length=1, max_length=99, pattern=ID))),
    "constraint dropped": altered(order_id=(str, ...)),
    "required became optional": altered(order_id=(str, Field("a", min_length=1, max_length=64, pattern=ID))),
    "items widened": altered(lines=(list[float], Field([], max_length=10))),
    "another lane": altered(replace(CONTRACT, lanes=(*CONTRACT.lanes, lanes.PAYMENTS_CRITICAL))),
    "another default lane, the old one kept": altered(replace(CONTRACT, lanes=CONTRACT.lanes[::-1])),
    "batch made larger": altered(replace(CONTRACT, max_batch=500)),
}


@pytest.mark.parametrize("kind", GROWTH)
def test_growth_is_no_break_but_has_to_be_written(kind: str, committed: Path) -> None:
    found = check(GROWTH[kind], committed)

    assert [finding for finding in found if finding.is_break] == []
    assert "run `python -m shared.contracts write` and commit the result" in str(found[0])


def test_taking_an_answer_away_is_a_break() -> None:
    asked = altered(replace(CONTRACT, max_batch=1, answer=Answer()))[NAME]
    silent = altered(replace(CONTRACT, max_batch=1))[NAME]

    assert breaks(schema_of(asked), schema_of(silent)) == [
        "it no longer answers, and senders wait for its result; keep the answer"
    ]


def test_a_command_that_becomes_an_event_is_a_break() -> None:
    old, new = schema_of(RefundOrder), schema_of(RefundOrder)
    new[KEYWORD] = {**new[KEYWORD], "kind": "event"}

    assert breaks(old, new) == ["it was a command and is now an event; give the new meaning a new name"]


def test_an_event_that_loses_a_subscriber_is_a_break() -> None:
    old = schema_of(type("OrderPaid", (Event,), {"contract": CONTRACT}))
    new = {**old, KEYWORD: {**old[KEYWORD], "lanes": ["payments.normal"]}}

    assert breaks(old, new) == [
        "lane payments.batch no longer subscribes, and what waits for it has no handler; keep it until the lane is empty"
    ]


def test_refusing_unknown_fields_is_a_break() -> None:
    schema = schema_of(RefundOrder)

    assert breaks(schema, {**schema, "additionalProperties": False}) == ["the message refuses unknown fields now; ignore them"]


def test_a_keyword_that_the_comparison_does_not_know_may_not_change() -> None:
    schema = schema_of(RefundOrder)

    assert breaks(schema, {**schema, "propertyNames": {"maxLength": 3}}) == [
        "the message has another `propertyNames`, which may refuse what was valid; take a new name"
    ]


def test_a_schema_that_contains_itself_is_compared_to_its_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "weight": {"type": "number"}}}
    lighter = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "weight": {"type": "integer"}}}
    contract = schema_of(RefundOrder)[KEYWORD]
    old, new = ({"$ref": "#/$defs/Node", "$defs": {"Node": body}, KEYWORD: contract} for body in (node, lighter))

    assert breaks(old, new) == ["field `weight` no longer accepts number; it accepts integer"]
