"""What the end of a call means for the money, for each way in which it can end."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from redis.asyncio import Redis

from services.payments.gateways.answers import Answered, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.calls import CONFIG_S, Call, GatewayCalls
from services.payments.gateways.gateway import Gateway
from services.payments.tests.gateways import wire
from services.payments.tests.gateways.arrange import CHARGE, ORDER, REFUND, Ask, razorpay_at, scripted, stripe_at
from shared.runtime.clock import system_clock
from shared.runtime.outside.circuits import Circuits
from shared.runtime.outside.http_api import HttpApi
from shared.testing.scripted_api import HANG_UP, HANG_UP_IN_BODY, SILENCE, scripted_api
from shared.testing.servers import free_port

DOES: Final[dict[str, Ask]] = {
    "create_order": lambda gateway: gateway.create_order(ORDER),
    "charge": lambda gateway: gateway.charge(CHARGE),
    "capture": lambda gateway: gateway.capture("pay_1", 150_000, "INR"),
    "refund": lambda gateway: gateway.refund(REFUND),
}
ASKS: Final[dict[str, Ask]] = {
    "payment": lambda gateway: gateway.payment("pay_1"),
    "refunds_of_payment": lambda gateway: gateway.refunds_of_payment("pay_1"),
}
PAGE = b"<html>Bad gateway</html>"


async def end(ask: Ask, redis: Redis, answer: Any, *, time_factor: float = 1.0) -> Any:
    """The answer to a call that ends so: status, body and headers, or what the server does in their place."""
    async with scripted(razorpay_at, redis, time_factor=time_factor) as script:
        if isinstance(answer, str):
            script.server.answers.append(answer)
        else:
            script.server.say(*answer)
        return await ask(script.gateway)


SENT = [
    (500, wire.error("Internal server error")),
    (502, PAGE),
    (503, {}, {"Retry-After": "30"}),
    (408, b""),
    (200, PAGE),
    (200, b""),
    (200, b'{"id": "order_1"'),
    (200, {"entity": "something else"}),
    (200, [1]),
    (400, PAGE),
    HANG_UP,
]


@pytest.mark.parametrize("answer", SENT)
@pytest.mark.parametrize("operation", DOES)
async def test_what_was_sent_and_not_answered_readably_may_have_been_done(operation: str, answer: Any, redis: Redis) -> None:
    assert isinstance(await end(DOES[operation], redis, answer), Unknown)


@pytest.mark.parametrize("answer", SENT)
@pytest.mark.parametrize("operation", ASKS)
async def test_look_up_without_a_readable_answer_can_be_made_again(operation: str, answer: Any, redis: Redis) -> None:
    assert isinstance(await end(ASKS[operation], redis, answer), Unavailable)


async def test_time_that_runs_out_after_sending_leaves_it_unknown_and_a_look_up_unavailable(redis: Redis) -> None:
    assert isinstance(await end(DOES["charge"], redis, SILENCE, time_factor=0.01), Unknown)
    assert isinstance(await end(ASKS["payment"], redis, SILENCE, time_factor=0.01), Unavailable)


@contextmanager
def full_server() -> Iterator[str]:
    """The address of a server that lets nobody else in: the kernel leaves further connections without an answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for one in waiting:
            one.close()


@pytest.mark.parametrize("operation", DOES | ASKS)
async def test_gateway_that_cannot_be_reached_has_done_nothing(operation: str, redis: Redis) -> None:
    gateway = razorpay_at(f"http://127.0.0.1:{free_port()}", redis)
    answer = await (DOES | ASKS)[operation](gateway)
    await gateway.close()

    assert isinstance(answer, Unavailable)
    assert answer.retry_after_s == 15.0


async def test_gateway_that_lets_nobody_in_has_done_nothing(redis: Redis) -> None:
    with full_server() as url:
        gateway = razorpay_at(url, redis, time_factor=0.01)
        answer = await gateway.charge(CHARGE)
        await gateway.close()

    assert isinstance(answer, Unavailable)


async def test_connection_that_breaks_while_the_request_is_written_has_done_nothing(redis: Redis) -> None:
    # More than the kernel takes for somebody who does not read.
    call = Call("refund", "POST", "/", content=b"x" * 20_000_000, does=True, repeatable=True)
    async with scripted_api() as server:
        server.answers.append(HANG_UP_IN_BODY)
        calls = GatewayCalls(
            "razorpay", "razorpay", HttpApi(server.url, "test", connections=1), Circuits(redis, "payments"), system_clock
        )
        answer = await calls.make(call)
        await calls.close()

    assert isinstance(answer, Unavailable)


@pytest.mark.parametrize("operation", DOES | ASKS)
async def test_account_that_is_throttled_has_done_nothing_and_waits_as_long_as_it_is_told(operation: str, redis: Redis) -> None:
    answer = await end((DOES | ASKS)[operation], redis, (429, wire.error("Too many requests"), {"Retry-After": "17"}))

    assert answer == Unavailable("razorpay takes no more calls for now (429)", 17.0)


async def test_retry_after_of_an_unknown_end_is_told_along(redis: Redis) -> None:
    answer = await end(DOES["refund"], redis, (503, wire.error("later"), {"Retry-After": "30"}))

    assert (type(answer), answer.retry_after_s) == (Unknown, 30.0)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, wire.error("Authentication failed"), Refusal.SETUP),
        (401, PAGE, Refusal.SETUP),
        (400, wire.error("The api key provided is invalid", "NA", "NA"), Refusal.SETUP),
        (403, PAGE, Refusal.SETUP),
        (404, PAGE, Refusal.SETUP),
        (301, b"", Refusal.SETUP),
        (400, wire.error("The requested URL was not found on the server."), Refusal.SETUP),
        (400, wire.error("The id provided does not exist"), Refusal.NOT_FOUND),
        (400, wire.error("pay_x is not a valid id"), Refusal.NOT_FOUND),
        (400, wire.error("This payment has already been captured"), Refusal.STATE),
        (400, wire.error("The payment has been fully refunded already"), Refusal.STATE),
        (400, wire.error("The refund amount provided is greater than amount captured"), Refusal.STATE),
        (400, wire.error("The order is already paid", "order_already_paid"), Refusal.STATE),
        (400, wire.error("The amount must be an integer"), Refusal.INVALID),
        (409, wire.error("Different request with the same idempotency key has already been processed."), Refusal.INVALID),
    ],
)
async def test_refusal_of_a_request_says_whose_fault_it_is(status: int, body: Any, why: Refusal, redis: Redis) -> None:
    for ask in (DOES["refund"], DOES["charge"], ASKS["payment"]):
        answer = await end(ask, redis, (status, body))
        assert (type(answer), answer.why) == (Refused, why)
        await redis.flushall()


async def test_refund_that_is_still_at_work_is_asked_for_later(redis: Redis) -> None:
    said = "Another request with the same idempotency key is still in progress."
    answer = await end(DOES["refund"], redis, (409, wire.error(said)))

    assert answer == Unknown(f"razorpay: {said}", 2.0)


async def test_refund_is_repeated_once_under_the_same_key_where_no_reply_came(redis: Redis) -> None:
    async with scripted(razorpay_at, redis) as script:
        script.server.answers.append(HANG_UP)
        script.say((200, wire.refund()))
        answer = await script.gateway.refund(REFUND)

    assert isinstance(answer, Answered)
    first, second = script.server.requests
    assert first == second
    assert first[1]["x-refund-idempotency"] == REFUND.receipt


async def test_refund_whose_repetition_ends_no_better_stays_unknown(redis: Redis) -> None:
    async with scripted(razorpay_at, redis) as script:
        script.server.answers.append(HANG_UP)
        answer = await script.gateway.refund(REFUND)

    assert (type(answer), len(script.server.requests)) == (Unknown, 2)


@pytest.mark.parametrize("operation", ["create_order", "charge", "capture"])
async def test_call_that_razorpay_would_carry_out_twice_is_made_once(operation: str, redis: Redis) -> None:
    async with scripted(razorpay_at, redis) as script:
        script.server.answers.append(HANG_UP)
        await DOES[operation](script.gateway)

    assert len(script.server.requests) == 1


async def test_nothing_is_repeated_once_the_accounts_budget_is_used_up(redis: Redis) -> None:
    async with scripted(razorpay_at, redis) as script:
        script.server.answers.append(HANG_UP)
        while await script.gateway.may_retry():
            pass
        await script.gateway.refund(REFUND)

    assert len(script.server.requests) == 1


async def test_account_that_does_not_answer_is_left_alone_by_all_workers(redis: Redis) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    one, other, another = razorpay_at(url, redis), razorpay_at(url, redis), razorpay_at(url, redis, name="acme/razorpay")
    await one.payment("pay_1")
    left = await other.charge(CHARGE)
    asked = await another.payment("pay_1")
    for gateway in (one, other, another):
        await gateway.close()

    assert isinstance(left, Unavailable)
    assert "is left alone for now" in left.detail
    assert 14 < left.retry_after_s <= 15
    assert isinstance(asked, Unavailable)
    assert "is left alone for now" not in asked.detail


@pytest.mark.parametrize(("status", "calls"), [(401, 1), (403, 2)])
async def test_key_that_is_not_known_closes_the_account_and_a_missing_permission_does_not(
    status: int, calls: int, redis: Redis
) -> None:
    async with scripted(stripe_at, redis) as script:
        script.say((status, {"error": {"type": "invalid_request_error", "message": "no"}}))
        await script.gateway.settlement("po_1")
        answer = await script.gateway.payment("pi_1")

    assert len(script.server.requests) == calls
    if status == 401:
        assert isinstance(answer, Unavailable)
        assert CONFIG_S - 1 < answer.retry_after_s <= CONFIG_S


@pytest.mark.parametrize("make", [razorpay_at, stripe_at])
async def test_request_that_cannot_be_meant_is_refused_before_any_call(make: Any, redis: Redis) -> None:
    async with scripted(make, redis) as script:
        gateway: Gateway = script.gateway
        answers = [
            await gateway.create_order(type(ORDER)("attempt-0000000001", 1, "INR")),
            await gateway.create_order(type(ORDER)("short", 150_000, "INR")),
            await gateway.create_order(type(ORDER)("attempt/with/slash", 150_000, "INR")),
            await gateway.create_order(type(ORDER)(ORDER.receipt, 150_000, "INR", notes={"a": "x" * 257})),
            await gateway.refund(type(REFUND)(REFUND.receipt, "pay_1", 0, "INR")),
            await gateway.capture("pay_1", 1, "INR"),
        ]

    assert [(type(one), getattr(one, "why", None)) for one in answers] == [(Refused, Refusal.INVALID)] * 6
    assert script.server.requests == []
