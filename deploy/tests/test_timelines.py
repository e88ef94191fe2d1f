"""How deliveries and their timelines are told to people."""

from typing import Any, Final

import pytest

from deploy.local.commands.timelines import show_timelines
from deploy.local.timelines import standing_of, timeline_of

DELIVERY: Final[dict[str, Any]] = {
    "id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a",
    "channel": "email",
    "to_address": "ann@example.com",
    "to_person": None,
    "status": "sent",
    "provider": "sendgrid",
    "receipt": "delivered",
    "reason": None,
    "cancelled_at": None,
    "cancellation": None,
    "timeline": [],
    "events": [],
}
TRY: Final[dict[str, Any]] = {
    "number": 1,
    "provider": "smtp",
    "started_at": "2026-11-20T06:00:24.700000Z",
    "outcome": "transient",
    "code": 451,
    "enhanced_code": "4.3.0",
    "detail": "try again later",
    "latency_ms": 18,
}


def event(kind: str, at: str) -> dict[str, Any]:
    """Something that a provider has reported."""
    return {"kind": kind, "occurred_at": at, "provider": "sendgrid", "code": None, "detail": None}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "sent by sendgrid, delivered"),
        ({"provider": "smtp", "receipt": None}, "sent by smtp"),
        ({"provider": None, "receipt": None}, "sent"),
        ({"status": "dropped", "reason": "suppressed"}, "dropped: suppressed"),
        ({"status": "queued"}, "queued"),
    ],
)
def test_standing_is_said_in_words(fields: dict[str, Any], words: str) -> None:
    assert standing_of({**DELIVERY, **fields}) == words


def test_attempt_shows_provider_codes_latency_and_what_was_wrong() -> None:
    [step] = timeline_of("send_email", {**DELIVERY, "timeline": [TRY]}).steps

    assert (step.what, step.provider, step.code, step.latency_ms) == ("attempt 1", "smtp", "451 4.3.0", 18)
    assert step.status == "transient: try again later"


def test_events_of_the_same_second_come_after_the_attempt_and_in_the_order_in_which_they_must_have_been() -> None:
    events = [event("delivered", "2026-11-20T06:00:24Z"), event("processed", "2026-11-20T06:00:24Z")]

    told = timeline_of("send_email", {**DELIVERY, "timeline": [TRY], "events": events})

    assert [step.what for step in told.steps] == ["attempt 1", "processed", "delivered"]


def test_cancellation_stands_in_the_timeline_with_who_and_why() -> None:
    cancellation = {"cancelled_by": "operator:ann", "reason": "called off"}
    fields = {"status": "dropped", "cancelled_at": "2026-11-20T06:00:25Z", "cancellation": cancellation}

    [step] = timeline_of("send_email", {**DELIVERY, **fields}).steps

    assert (step.what, step.status) == ("cancelled", "by operator:ann: called off")


def test_in_a_pipe_each_step_is_a_line_and_a_delivery_without_steps_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    show_timelines([timeline_of("send_email", {**DELIVERY, "timeline": [TRY]}), timeline_of("send_sms", DELIVERY)])

    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["task", "send_email", "send_sms"]
    assert {len(line) for line in lines} == {10}
    assert lines[1][5:9] == ["attempt 1", "smtp", "451 4.3.0", "18 ms"]
