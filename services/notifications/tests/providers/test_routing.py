"""Which account carries a message."""

import pytest

from services.notifications.providers.answers import Verdict
from services.notifications.providers.routing import PATIENCE_S, Choice, Past, choose, of_unknown_fate
from shared.runtime.outside.circuits import Standing

OPEN = [Standing("a"), Standing("b")]
SHUT_A = [Standing("a", closed_s=30.0, closed_since_s=5.0), Standing("b")]


def failed(account: str, verdict: Verdict = Verdict.TRANSIENT, times: int = 1) -> list[Past]:
    return [Past(account, verdict)] * times


def test_first_choice_carries_what_nothing_has_gone_wrong_with() -> None:
    assert choose(OPEN, [], urgent=False, max_retries=3) == Choice("a", others=True)
    assert choose(OPEN, [], urgent=True, max_retries=3) == Choice("a", others=True)
    assert choose(OPEN[:1], [], urgent=True, max_retries=3) == Choice("a")


@pytest.mark.parametrize("verdict", [Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.UNKNOWN, Verdict.CONFIG])
def test_urgent_message_leaves_an_account_that_has_failed_it_once(verdict: Verdict) -> None:
    assert choose(OPEN, failed("a", verdict), urgent=True, max_retries=3) == Choice("b")


def test_urgent_message_that_all_have_failed_begins_again_with_the_first() -> None:
    assert choose(OPEN, [*failed("a"), *failed("b")], urgent=True, max_retries=3) == Choice("a", others=False)


def test_other_messages_stay_until_the_last_transient_try() -> None:
    chosen = [choose(OPEN, failed("a", times=times), urgent=False, max_retries=3) for times in range(1, 5)]

    assert chosen == [Choice("a", others=True)] * 3 + [Choice("b")]


def test_unknown_fate_stays_with_the_account_that_may_have_sent_it() -> None:
    past = failed("a", Verdict.UNKNOWN, times=4)

    assert choose(OPEN, past, urgent=False, max_retries=3).account == "a"


@pytest.mark.parametrize("later", [Verdict.THROTTLED, Verdict.CONFIG, Verdict.TRANSIENT, Verdict.SOFT_RECIPIENT])
def test_unknown_fate_of_one_try_holds_whatever_later_ones_have_met(later: Verdict) -> None:
    past = [*failed("a", Verdict.UNKNOWN), *failed("a", later, times=4)]
    long_closed = [Standing("a", closed_s=30.0, closed_since_s=PATIENCE_S + 100), Standing("b")]

    assert choose(OPEN, past, urgent=False, max_retries=3) == Choice("a")
    assert choose(long_closed, past, urgent=False, max_retries=3) == Choice(None, 30.0)
    assert choose(OPEN, past, urgent=True, max_retries=3).account == "b"


def test_try_that_was_taken_settles_the_unknown_fate_of_those_before_it() -> None:
    settled = [*failed("a", Verdict.UNKNOWN), *failed("a", Verdict.ACCEPTED), *failed("a", Verdict.CONFIG)]
    again = [*settled, *failed("a", Verdict.UNKNOWN), *failed("a")]

    assert (of_unknown_fate([]), of_unknown_fate(settled), of_unknown_fate(again)) == ([], [], failed("a", Verdict.UNKNOWN))
    assert choose(OPEN, settled, urgent=False, max_retries=3).account == "b"


def test_refused_login_fails_over_at_once() -> None:
    refuses = [Standing("a", closed_s=300.0, refuses_us=True), Standing("b")]

    assert choose(OPEN, failed("a", Verdict.CONFIG), urgent=False, max_retries=3) == Choice("b")
    assert choose(refuses, [], urgent=False, max_retries=3) == Choice("b", others=True)


def test_closed_account_is_waited_for_ten_minutes_and_not_by_urgent_messages() -> None:
    patient = [Standing("a", closed_s=30.0, closed_since_s=PATIENCE_S - 20), Standing("b")]
    long_closed = [Standing("a", closed_s=30.0, closed_since_s=PATIENCE_S), Standing("b")]

    assert choose(SHUT_A, [], urgent=True, max_retries=3) == Choice("b", others=True)
    assert choose(SHUT_A, [], urgent=False, max_retries=3) == Choice(None, 30.0)
    assert choose(patient, [], urgent=False, max_retries=3) == Choice(None, 20.0)
    assert choose(long_closed, [], urgent=False, max_retries=3) == Choice("b", others=True)


def test_where_all_are_closed_the_one_that_opens_first_is_waited_for() -> None:
    shut = [Standing("a", closed_s=30.0), Standing("b", closed_s=10.0)]

    assert choose(shut, [], urgent=True, max_retries=3) == Choice(None, 10.0)


def test_urgent_message_goes_again_by_an_open_account_that_has_failed_it_rather_than_wait() -> None:
    assert choose(SHUT_A, failed("b"), urgent=True, max_retries=3) == Choice("b")


def test_attempts_at_an_account_that_is_no_longer_in_the_route_do_not_count() -> None:
    assert choose([Standing("b")], [], urgent=False, max_retries=0) == Choice("b")


@pytest.mark.parametrize("standing", [Standing("a", 30.0, PATIENCE_S * 2), Standing("a", 30.0, 5.0, refuses_us=True)])
def test_what_a_closed_account_may_have_sent_waits_for_it_unless_it_is_urgent(standing: Standing) -> None:
    past = failed("a", Verdict.UNKNOWN)

    assert choose([standing, Standing("b")], past, urgent=False, max_retries=3) == Choice(None, 30.0)
    assert choose([standing, Standing("b")], past, urgent=True, max_retries=3) == Choice("b")
