"""What follows from each verdict."""

from datetime import timedelta

import pytest

from services.notifications.deliveries.decision import MAX_WAIT, decide
from services.notifications.providers.answers import Answer, Verdict
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

SECOND = timedelta(seconds=1)
ROWS: dict[str, Outcome] = {
    "accepted": Done(),
    "transient": Retry("450 later", after_s=7.0, error_class="transient"),
    "throttled": Retry("450 later", after_s=7.0, counts=False, error_class="throttled"),
    "config": Retry("450 later", after_s=7.0, counts=False, error_class="config"),
    "unknown": Retry("450 later", after_s=600.0, error_class="unknown"),
    "soft_recipient": Retry("450 later", after_s=1800.0, error_class="soft_recipient"),
    "bad_recipient": Failed("450 later", "bad_recipient", "bad_recipient"),
    "opted_out": Failed("450 later", "opted_out", "opted_out"),
    "do_not_call": Failed("450 later", "do_not_call", "do_not_call"),
    "complained": Failed("450 later", "complained", "complained"),
    "blocked": Failed("450 later", "blocked", "blocked"),
    "bad_content": Failed("450 later", "bad_content", "bad_content"),
}


def answer(verdict: Verdict) -> Answer:
    return Answer(verdict, "later", 450, None, 7.0)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_outcome(verdict: Verdict) -> None:
    assert decide(answer(verdict), tries=1, max_retries=3, urgent=False, waited=SECOND) == ROWS[verdict.value]


def test_urgent_mail_of_unknown_fate_is_sent_again_at_once_and_only_once() -> None:
    first, again = [
        decide(answer(Verdict.UNKNOWN), tries=tries, max_retries=3, urgent=True, waited=SECOND, is_resent=is_resent)
        for tries, is_resent in ((1, False), (2, True))
    ]

    assert (first, again) == (Retry("450 later", error_class="unknown"), Failed("450 later", "unknown", "unknown"))


def test_urgent_mail_that_another_account_has_sent_again_goes_to_no_third() -> None:
    unknown = answer(Verdict.UNKNOWN)
    first, again = [
        decide(unknown, tries=1, max_retries=3, urgent=True, waited=SECOND, instead_of="sendgrid", is_resent=is_resent)
        for is_resent in (False, True)
    ]

    assert (first, again) == (
        Retry("sendgrid: 450 later; another provider is next", counts=False, error_class="failover"),
        Failed("450 later", "unknown", "unknown"),
    )


def test_full_mailbox_is_tried_twice_more_over_hours() -> None:
    decided = [
        decide(answer(Verdict.SOFT_RECIPIENT), tries=tries, max_retries=5, urgent=False, waited=SECOND, soft_tries=soft_tries)
        # Two tries of another kind have gone before.
        for tries, soft_tries in ((3, 0), (4, 1), (5, 2))
    ]

    assert [outcome.after_s for outcome in decided if isinstance(outcome, Retry)] == [1800.0, 7200.0]
    assert decided[2] == Failed("450 later", "soft_recipient", "soft_recipient")


@pytest.mark.parametrize("verdict", [Verdict.THROTTLED, Verdict.CONFIG])
def test_tries_that_do_not_count_end_after_a_day(verdict: Verdict) -> None:
    at_the_end = decide(answer(verdict), tries=1, max_retries=3, urgent=False, waited=MAX_WAIT)
    after_it = decide(answer(verdict), tries=1, max_retries=3, urgent=False, waited=MAX_WAIT + SECOND)

    assert isinstance(at_the_end, Retry)
    assert after_it == Failed("given up after 24 hours: 450 later", verdict.value, verdict.value)


def test_answer_without_a_code_is_told_in_its_words() -> None:
    decided = decide(Answer(Verdict.TRANSIENT, "nobody there"), tries=1, max_retries=3, urgent=False, waited=SECOND)

    assert decided == Retry("nobody there", error_class="transient")
