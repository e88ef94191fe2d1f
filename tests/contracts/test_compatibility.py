"""Each kind of break is named, and growth is let through."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self

import pytest
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, create_model, model_validator

from shared.contracts import lanes
from shared.contracts.compatibility import CONTRACT as KEYWORD
from shared.contracts.compatibility import Schema, breaks
from shared.contracts.documents import WRITE, Registry, check, schema_of
from shared.contracts.message import Answer, Event, UtcDatetime
from shared.contracts.money import AmountMinor
from shared.contracts.retry import RetryPolicy
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
    "batch made smaller": altered(replace(CONTRACT, max_batch=10)),
    "tried more often": altered(replace(CONTRACT, retry=RetryPolicy(max_retries=9))),
    "never tried again": altered(replace(CONTRACT, retry=RetryPolicy(max_retries=0))),
    "an answer": altered(replace(CONTRACT, max_batch=1, answer=Answer())),
}


@pytest.mark.parametrize("kind", GROWTH)
def test_growth_is_no_break_but_has_to_be_written(kind: str, committed: Path) -> None:
    found = check(GROWTH[kind], committed)

    assert [finding for finding in found if finding.is_break] == []
    assert "run `python -m shared.contracts write` and commit the result" in str(found[0])


def test_changed_delivery_rules_are_named_with_the_file_that_does_not_say_them(committed: Path) -> None:
    changed = altered(replace(CONTRACT, max_batch=10, retry=RetryPolicy(max_retries=9)), note=(str | None, None))

    assert str(check(changed, committed)[0]) == (
        f"{NAME}: it has new optional fields (`note`) and has other delivery rules (`max_batch`, `retry`), "
        f"which schemas/{NAME}.json does not say; {WRITE}"
    )


def answering(answer: Answer | None) -> Schema:
    return schema_of(altered(replace(CONTRACT, max_batch=1, answer=answer))[NAME])


ANSWERS: dict[str, tuple[Answer | None, Answer | None, list[str]]] = {
    "taken away": (Answer(), None, ["it no longer answers, and senders wait for its result; keep the answer"]),
    "kept shorter": (
        Answer(keep_s=3600),
        Answer(keep_s=60),
        ["its answer is kept for 60 s and was for 3600 s; senders may ask for it later than that"],
    ),
    "repeated": (
        Answer(),
        Answer(cache_s=60),
        ["its answer may be 60 s old and was at most 0 s old; senders expect it fresher"],
    ),
    "repeated where each was handled": (
        None,
        Answer(cache_s=60),
        ["its answer may be 60 s old and was at most 0 s old; senders expect it fresher"],
    ),
    "begun": (None, Answer(), []),
    "kept longer": (Answer(keep_s=60), Answer(keep_s=3600), []),
    "repeated for less long": (Answer(cache_s=60), Answer(), []),
}


@pytest.mark.parametrize("change", ANSWERS)
def test_an_answer_is_a_promise_for_as_long_as_it_was_kept_and_as_fresh_as_it_was(change: str) -> None:
    old, new, expected = ANSWERS[change]

    assert breaks(answering(old), answering(new)) == expected


def refuse(value: Any) -> NoReturn:
    raise ValueError(value)


class Span(BaseModel):
    """A model that checks nothing beyond its fields."""

    begin: int
    end: int


class CheckedSpan(Span):
    """The same fields, and a check over both."""

    @model_validator(mode="after")
    def ends_later(self) -> Self:
        return refuse(self) if self.end < self.begin else self


def with_field(annotation: Any, default: Any = ...) -> Schema:
    return schema_of(altered(at=(annotation, default))[NAME])


HIDDEN: dict[str, tuple[Schema, Schema, list[str]]] = {
    "a zone is asked for": (
        with_field(datetime),
        with_field(UtcDatetime),
        ["field `at` is checked by _to_utc now", "field `at` has another `x-zone`"],
    ),
    "nothing is converted any more": (
        with_field(int),
        with_field(Annotated[int, Field(strict=True)]),
        ["field `at` has another `x-strict`"],
    ),
    "a validator": (with_field(str), with_field(Annotated[str, AfterValidator(refuse)]), ["field `at` is checked by refuse now"]),
    "a model's validator": (
        with_field(Span),
        with_field(CheckedSpan),
        ["field `at` is checked by ends_later now"],
    ),
    "a time for a text": (
        with_field(str),
        with_field(AwareDatetime),
        ["field `at` has another `format`", "field `at` has another `x-zone`"],
    ),
    "another default factory": (
        with_field(list[int], Field(default_factory=list)),
        with_field(list[int], Field(default_factory=lambda: [1])),
        ["field `at` means something else when left out: default of 'list' became default of '<lambda>'"],
    ),
}


@pytest.mark.parametrize("change", HIDDEN)
def test_what_json_schema_cannot_show_is_compared_by_hints(change: str) -> None:
    old, new, expected = HIDDEN[change]

    assert [sentence.partition(";")[0].partition(", which")[0] for sentence in breaks(old, new)] == expected
    assert breaks(new, new) == []


def test_a_check_that_is_taken_away_is_growth() -> None:
    assert breaks(with_field(UtcDatetime), with_field(datetime)) == []
    assert breaks(with_field(Annotated[str, AfterValidator(refuse)]), with_field(str)) == []


def event(annotation: Any) -> Schema:
    """The schema of an event with one field."""
    message = create_model("OrderPaid", __base__=Event, how=(annotation, ...))
    message.contract = CONTRACT
    return schema_of(message)


WIDENED: dict[str, tuple[object, object, list[str]]] = {
    "another value": (Literal["card"], Literal["card", "cash"], ["field `how` may be 'cash' now"]),
    "another value of another type": (Literal["card"], Literal["card", 7], ["field `how` may be 7 now"]),
    "another value beside null": (Literal["card"] | None, Literal["card", "cash"] | None, ["field `how` may be 'cash' now"]),
    "another value in a list": (list[Literal[1]], list[Literal[1, 2]], ["field `how[]` may be 2 now"]),
    "free text": (Literal["card"], str, ["field `how` may be any string now"]),
    "null": (Literal["card"], Literal["card"] | None, ["field `how` may be any null now"]),
    "values in another order": (Literal["card", "cash"], Literal["cash", "card"], []),
    "a value that free text had allowed": (str | Literal[1], str | Literal[1, "card"], []),
}


@pytest.mark.parametrize("change", WIDENED)
def test_an_event_may_not_send_a_value_that_its_subscribers_refuse(change: str) -> None:
    old, new, expected = WIDENED[change]

    assert [sentence.partition(",")[0] for sentence in breaks(event(old), event(new))] == expected


def test_a_command_may_take_more_values_because_its_owner_is_deployed_first() -> None:
    assert breaks(with_field(Literal["card"]), with_field(Literal["card", "cash"])) == []
    assert breaks(with_field(Literal["card"]), with_field(str)) == []


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
