"""Bulk mails share requests, each reads as it was written, and one that is refused costs the others nothing."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.email.mime import Attachment
from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.sendgrid_batches import Batches
from services.notifications.email.sendgrid_payload import groups, together
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.tests.email.arrange import email, sandbox_with, sendgrid
from shared.testing.scripted_api import scripted_api
from shared.testing.wait import eventually

LAYOUT = "<p>" + "x" * 15_000 + "</p>\n<p>Hello {name}</p>\n<p>" + "y" * 15_000 + "</p>\n<a href='https://w.example/u/{name}'>"


def many(count: int, **fields: Any) -> list[OutgoingEmail]:
    """Bulk mails, each with a text of its own."""
    return [
        email(f"p{number}@example.com", text=f"Hello {number}\nBye", html=f"<p>Hello {number}</p>", bulk=True, **fields)
        for number in range(count)
    ]


async def test_bulk_mails_that_come_together_share_one_request() -> None:
    mails = many(250)
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answers = await asyncio.gather(*map(provider.send, mails))
        (request,) = await sandbox.requests("sendgrid")
        arrived = await sandbox.mails("p7@example.com")

    assert {answer.verdict.value for answer in answers} == {"accepted"}
    assert len({answer.provider_message_id for answer in answers}) == 1
    assert [one["custom_args"]["ref"] for one in request["personalizations"]] == [str(mail.delivery_id) for mail in mails]
    assert (arrived[0]["text"], arrived[0]["html"]) == ("Hello 7\r\nBye", "<p>Hello 7</p>")
    assert (arrived[0]["message_id"], arrived[0]["ref"]) == (mails[7].message_id, str(mails[7].delivery_id))


async def test_mail_that_is_not_bulk_and_one_with_a_file_go_alone_and_at_once() -> None:
    file = Attachment("a.txt", "text/plain", b"a")
    mails = [*many(5), email("now@example.com"), email("file@example.com", bulk=True, attachments=(file,))]
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await asyncio.gather(*map(provider.send, mails))
        requests = await sandbox.requests("sendgrid")

    assert sorted(len(request["personalizations"]) for request in requests) == [1, 1, 5]


async def test_large_mails_share_a_request_where_only_a_little_differs() -> None:
    mails = [email(f"p{number}@example.com", html=LAYOUT.format(name=f"n{number}"), bulk=True) for number in range(20)]
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await asyncio.gather(*map(provider.send, mails))
        (request,) = await sandbox.requests("sendgrid")
        arrived = await sandbox.mails("p11@example.com")

    assert sum(map(len, request["personalizations"][11]["substitutions"].values())) < 10
    assert arrived[0]["html"] == LAYOUT.format(name="n11").replace("\n", "\r\n")


async def test_mails_that_differ_too_much_go_alone_and_arrive_whole() -> None:
    texts = [letter * 12_000 for letter in "abc"]
    mails = [email(f"{text[0]}@example.com", text=text, html=None, bulk=True) for text in texts]
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answers = await asyncio.gather(*map(provider.send, mails))
        arrived = await sandbox.mails()

    assert [answer.verdict.value for answer in answers] == ["accepted"] * 3
    assert sorted(mail["text"] for mail in arrived) == texts


async def test_same_address_twice_goes_in_two_requests() -> None:
    mails = [email("ann@example.com", text=f"{number}", bulk=True) for number in range(3)]
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answers = await asyncio.gather(*map(provider.send, mails))
        requests = await sandbox.requests("sendgrid")

    assert [answer.verdict.value for answer in answers] == ["accepted"] * 3
    assert [len(request["personalizations"]) for request in requests] == [1, 1, 1]


async def test_one_thousand_recipients_with_three_bad_ones_reach_the_other_997() -> None:
    mails = many(1000)
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        bad = ("p3@example.com", "p500@example.com")
        rules = [{"match": address, "action": 400} for address in bad]
        await sandbox.faults("sendgrid", *rules, {"match": "p999@example.com", "action": 400, "code": "subject"})
        answers = await asyncio.gather(*map(provider.send, mails))
        arrived = (await sandbox.http.get("/mail/stats")).json()
        requests = await sandbox.requests("sendgrid")

    refused = {number: answer.verdict.value for number, answer in enumerate(answers) if answer.verdict is not Verdict.ACCEPTED}
    assert refused == {3: "bad_recipient", 500: "bad_recipient", 999: "bad_content"}
    assert (arrived["messages"], arrived["surplus"], len(requests)) == (997, 0, 1)


async def test_batch_that_is_too_large_is_halved_until_it_is_taken() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"action": 413, "times": 3})
        answers = await asyncio.gather(*map(provider.send, many(16)))
        requests = await sandbox.requests("sendgrid")

    assert {answer.verdict.value for answer in answers} == {"accepted"}
    assert [len(request["personalizations"]) for request in requests] == [4, 4, 4, 4]


async def test_refusal_that_names_nobody_is_narrowed_down_to_the_mail_it_is_about() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"match": "p5@example.com", "action": "error_inside_200"})
        answers = await asyncio.gather(*map(provider.send, many(8)))
        arrived = await sandbox.recipients()

    assert [answer.verdict.value for answer in answers] == ["accepted"] * 5 + ["bad_content"] + ["accepted"] * 2
    assert arrived == sorted(f"p{number}@example.com" for number in range(8) if number != 5)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ({"action": 401}, "config"),
        ({"action": 400, "code": "from.email"}, "config"),
        ({"action": 500}, "transient"),
        ({"action": "rate_limit", "seconds": 5}, "throttled"),
        ({"action": "drop_connection", "recorded": True}, "unknown"),
    ],
)
async def test_refusal_of_the_account_is_one_call_for_the_whole_batch(rule: dict[str, Any], verdict: str) -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"id": "all", **rule})
        answers = await asyncio.gather(*map(provider.send, many(8)))
        hits = (await sandbox.http.get("/faults/sendgrid")).json()["rules"][0]["hits"]

    assert ({answer.verdict.value for answer in answers}, hits) == ({verdict}, 1)


async def test_detail_of_a_batch_quotes_none_of_its_recipients() -> None:
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(403, {"errors": [{"message": "p1@example.com and p2@example.com are ours"}]})
        answers = await asyncio.gather(*map(provider.send, many(4)))

    assert {answer.detail for answer in answers} == {"(address) and (address) are ours"}


async def test_index_that_names_no_mail_of_the_batch_is_not_believed() -> None:
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(400, {"errors": [{"message": "no", "field": "personalizations.7.to"}]})
        api.say(202)
        answers = await asyncio.gather(*map(provider.send, many(4)))

    assert [answer.verdict.value for answer in answers] == ["accepted"] * 4
    assert [len(json.loads(body)["personalizations"]) for _, _, body in api.requests] == [4, 2, 2]


async def test_full_batch_does_not_wait() -> None:
    handed: list[int] = []

    async def deliver(mails: Any) -> list[Answer]:
        handed.append(len(mails))
        return [Answer(Verdict.ACCEPTED, "") for _ in mails]

    batches = Batches(deliver, most=3, linger_s=3600)
    await asyncio.gather(*map(batches.send, many(3)))

    assert handed == [3]


async def test_mail_that_nobody_waits_for_any_more_is_not_handed_over_and_closing_hands_over_the_rest() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid", time_factor=1000) as provider:
        first, second = [asyncio.create_task(provider.send(mail)) for mail in many(2)]
        await eventually(lambda: len(provider._batches._waiting) == 2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await provider.close()
        answer = await second
        arrived = await sandbox.recipients()

    assert (answer.verdict.value, arrived) == ("accepted", ["p1@example.com"])


async def test_batch_that_breaks_down_leaves_its_mails_unknown(caplog: pytest.LogCaptureFixture) -> None:
    async def deliver(_: Any) -> list[Answer]:
        raise RuntimeError("broken")

    batches = Batches(deliver, most=2)
    answers = await asyncio.gather(*map(batches.send, many(2)))

    assert [answer.verdict.value for answer in answers] == ["unknown", "unknown"]
    assert [record.message for record in caplog.records] == ["batch_failed"]


_lines = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8), max_size=4).map("\n".join)


@settings(max_examples=300)
@given(st.lists(st.tuples(_lines, st.none() | _lines), min_size=1, max_size=6))
def test_every_mail_reads_as_it_was_written(contents: list[tuple[str, str | None]]) -> None:
    mails = [email(f"p{n}@example.com", text=text, html=html, bulk=True) for n, (text, html) in enumerate(contents)]

    for group in groups(mails):
        batch = together(group)
        request = json.loads(batch.request)
        for mail, one in zip(batch.mails, request["personalizations"], strict=True):
            shown = [_substituted(part["value"], one.get("substitutions", {})) for part in request["content"]]
            wanted = [part for part in (mail.content.text, mail.content.html) if part is not None]
            assert [text if text != " " else "" for text in shown] == [text if text != " " else "" for text in wanted]
    assert sum(len(group) for group in groups(mails)) == len(mails)


def test_groups_hold_at_most_1000_mails() -> None:
    assert [len(group) for group in groups(many(2001))] == [1000, 1000, 1]


def _substituted(text: str, substitutions: dict[str, str]) -> str:
    for tag, value in substitutions.items():
        text = text.replace(tag, value)
    return text
