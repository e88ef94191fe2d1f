"""Every row of the classification of SMTP replies."""

import pytest

from services.notifications.email import smtp_classification
from services.notifications.email.smtp_classification import Stage, classify, enhanced_status
from services.notifications.providers.answers import Verdict

CONNECT, MAIL, RCPT, DATA, BODY = Stage

ROWS = [
    (BODY, 250, "2.0.0 OK", "accepted"),
    # What cannot be a reply here.
    (BODY, 354, "go on", "unknown"),
    (BODY, -1, "unreadable", "unknown"),
    (RCPT, -1, "unreadable", "transient"),
    # 421 is about the whole server, at any stage.
    (CONNECT, 421, "4.3.2 try later", "throttled"),
    (MAIL, 421, "too many connections", "throttled"),
    (RCPT, 421, "4.7.0 rate limited", "throttled"),
    (BODY, 421, "4.3.2 shutting down", "throttled"),
    # Before any mail was named, every 4xx is.
    (CONNECT, 454, "4.7.0 temporary authentication failure", "throttled"),
    (CONNECT, 454, "4.7.0 TLS not available", "throttled"),
    (CONNECT, 450, "4.3.2 not now", "throttled"),
    (CONNECT, 451, "4.7.1 greylisting in action", "throttled"),
    # Other 4xx pass by themselves.
    (RCPT, 450, "4.2.1 mailbox busy", "transient"),
    (RCPT, 451, "4.3.0 local error", "transient"),
    (RCPT, 452, "4.5.3 too many recipients", "transient"),
    (RCPT, 451, "4.7.1 policy service unavailable", "transient"),
    (BODY, 452, "4.3.1 out of disk", "transient"),
    (DATA, 451, "no enhanced code", "transient"),
    (RCPT, 452, "4.2.2 mailbox full", "soft_recipient"),
    (RCPT, 450, "4.2.0 Greylisted, see postgrey", "soft_recipient"),
    (RCPT, 451, "4.7.1 greylisting in action", "soft_recipient"),
    (RCPT, 452, "mailbox full", "soft_recipient"),
    (RCPT, 452, "Requested action not taken: insufficient system storage", "transient"),
    (RCPT, 450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents", "soft_recipient"),
    (MAIL, 452, "quota exceeded", "transient"),
    # The login is ours, whatever the enhanced code says.
    (CONNECT, 535, "5.7.8 bad credentials", "config"),
    (CONNECT, 534, "5.7.9 mechanism too weak", "config"),
    (CONNECT, 538, "5.7.11 encryption required", "config"),
    (MAIL, 530, "5.7.0 authentication required", "config"),
    # A server that refuses us refuses no mail.
    (CONNECT, 554, "5.7.1 no service for you", "config"),
    (CONNECT, 550, "bad HELO", "config"),
    # By enhanced code.
    (RCPT, 550, "5.1.1 user unknown", "bad_recipient"),
    (RCPT, 550, "5.1.2 bad domain", "bad_recipient"),
    (RCPT, 501, "5.1.3 bad address syntax", "bad_recipient"),
    (RCPT, 550, "5.1.4 ambiguous mailbox", "bad_recipient"),
    (RCPT, 550, "5.1.6 has moved", "bad_recipient"),
    (RCPT, 556, "5.1.10 null MX", "bad_recipient"),
    (BODY, 550, "5.1.1 user unknown", "bad_recipient"),
    (RCPT, 550, "5.2.1 mailbox disabled", "bad_recipient"),
    # Gmail says of a mailbox that is sent too much what others say of one that there is no more.
    (RCPT, 550, "5.2.1 is receiving mail at a rate that prevents additional messages\n5.2.1 from being", "soft_recipient"),
    (RCPT, 550, "5.2.1 mailbox disabled: over quota", "soft_recipient"),
    (RCPT, 550, "5.2.1 mailbox unavailable, 192.0.2.1 is blocked", "blocked"),
    (RCPT, 550, "5.4.1 access denied", "bad_recipient"),
    (RCPT, 553, "5.6.7 no SMTPUTF8", "blocked"),
    # The server was told of it before it knew the recipient, and the next mail may be for another one.
    (MAIL, 553, "5.6.7 no SMTPUTF8", "blocked"),
    (RCPT, 550, "5.4.4 no route to the domain", "bad_recipient"),
    (RCPT, 550, "5.4.310 no DNS of the domain", "bad_recipient"),
    # Codes that servers use for us as well: the words decide, and nobody is given up for ever without any.
    (RCPT, 550, "5.4.5 Daily user sending limit exceeded", "throttled"),
    (RCPT, 550, "5.4.6 routing loop", "blocked"),
    (RCPT, 554, "5.4.7 delivery expired", "blocked"),
    (RCPT, 550, "5.1.0 address rejected", "blocked"),
    (RCPT, 550, "5.1.0 unknown address", "bad_recipient"),
    (RCPT, 550, "5.2.0 something about the mailbox", "blocked"),
    (RCPT, 550, "5.3.0 other mail system problem", "blocked"),
    (RCPT, 550, "5.3.2 system not accepting messages", "blocked"),
    (RCPT, 550, "5.0.350 remote server returned an error", "blocked"),
    (RCPT, 550, "5.5.0 mailbox unavailable", "bad_recipient"),
    (RCPT, 550, "5.0.0 mailbox unavailable (IP blocked, see policy)", "blocked"),
    (RCPT, 550, "Requested action not taken: mailbox unavailable\nReject due to policy restrictions", "blocked"),
    # Whose quota it is: a recipient's, unless none was named or it is one of sending.
    (RCPT, 552, "Mailbox quota exceeded", "soft_recipient"),
    (RCPT, 550, "User quota exceeded", "soft_recipient"),
    (RCPT, 550, "Mailbox is full", "soft_recipient"),
    (RCPT, 554, "ann's mailbox is over quota", "soft_recipient"),
    (RCPT, 552, "Mailbox size limit exceeded", "soft_recipient"),
    (BODY, 552, "Requested mail action aborted: exceeded storage allocation", "soft_recipient"),
    (BODY, 552, "Message would exceed the user's quota", "soft_recipient"),
    (MAIL, 552, "quota exceeded", "throttled"),
    (RCPT, 550, "Daily sending quota exceeded", "throttled"),
    (RCPT, 550, "too many messages", "throttled"),
    (RCPT, 550, "Message rejected: too many invalid recipients", "blocked"),
    (BODY, 554, "5.4.6 Too many hops", "blocked"),
    (MAIL, 552, "Message size exceeds fixed limit", "bad_content"),
    (BODY, 552, "Message exceeds fixed maximum message size", "bad_content"),
    (BODY, 552, "message too large", "bad_content"),
    (RCPT, 550, "relay not permitted", "config"),
    (RCPT, 550, "authentication required", "config"),
    (RCPT, 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "config"),
    (RCPT, 550, "Rejected because 1.2.3.4 is in a black list at zen.spamhaus.org", "blocked"),
    (RCPT, 550, "Requested action not taken: mailbox unavailable", "bad_recipient"),
    (RCPT, 550, "<ann@example.com>: Recipient address rejected: User unknown in local table", "bad_recipient"),
    (RCPT, 550, "unrouteable address", "bad_recipient"),
    (RCPT, 550, "rejected", "blocked"),
    (MAIL, 550, "5.1.7 bad sender", "config"),
    (MAIL, 553, "5.1.8 sender domain unknown", "config"),
    (MAIL, 550, "5.1.0 address rejected", "config"),
    (RCPT, 550, "5.2.2 mailbox full", "soft_recipient"),
    (BODY, 552, "5.2.2 over quota", "soft_recipient"),
    (BODY, 552, "5.2.3 too large", "bad_content"),
    (BODY, 552, "5.3.4 too large for the system", "bad_content"),
    (BODY, 554, "5.6.0 malformed", "bad_content"),
    (RCPT, 550, "5.7.1 policy", "blocked"),
    (MAIL, 550, "5.7.1 sender not allowed", "config"),
    (MAIL, 554, "5.7.60 no permission to send as this sender", "config"),
    (BODY, 554, "5.7.1 looks like spam", "blocked"),
    # By code, where the enhanced one says nothing of use or does not fit.
    (RCPT, 550, "no such user", "bad_recipient"),
    (RCPT, 551, "not local", "blocked"),
    (RCPT, 553, "mailbox name not allowed", "bad_recipient"),
    (RCPT, 521, "host takes no mail", "bad_recipient"),
    (RCPT, 556, "domain takes no mail", "bad_recipient"),
    (RCPT, 550, "5.0.0 rejected", "blocked"),
    (RCPT, 550, "4.2.2 does not fit its code", "blocked"),
    (BODY, 552, "exceeded storage allocation", "soft_recipient"),
    (MAIL, 550, "sender refused", "config"),
    (MAIL, 553, "sender refused", "config"),
    (BODY, 550, "content refused", "blocked"),
    (BODY, 554, "transaction failed", "blocked"),
    (RCPT, 571, "blocked", "blocked"),
    (RCPT, 501, "syntax", "bad_content"),
    (MAIL, 500, "line too long", "bad_content"),
    (MAIL, 502, "not implemented", "bad_content"),
    (DATA, 503, "bad sequence", "bad_content"),
    (MAIL, 504, "parameter", "bad_content"),
    (MAIL, 555, "option", "bad_content"),
]


@pytest.mark.parametrize(("stage", "code", "text", "verdict"), ROWS)
def test_reply_has_its_verdict(stage: Stage, code: int, text: str, verdict: str) -> None:
    assert classify(stage, code, text) == Verdict(verdict)


def test_every_code_of_the_tables_has_a_row() -> None:
    enhanced = [found.split(".") for _, code, words, _ in ROWS if (found := enhanced_status(code, words)) is not None]
    told = {f"{subject}.{detail}" for kind, subject, detail in enhanced if kind == "5"}

    assert set(smtp_classification._BY_ENHANCED) <= told
    assert set(smtp_classification._BY_SUBJECT) <= {one.partition(".")[0] for one in told}
    assert {*smtp_classification._BY_CODE, *smtp_classification.LOGIN_CODES} <= {code for _, code, _, _ in ROWS}


def test_no_two_rows_are_the_same() -> None:
    assert len({(stage, code, text) for stage, code, text, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        (550, "5.1.1 unknown", "5.1.1"),
        (550, "5.1.10", "5.1.10"),
        (550, "5.1.1\n5.1.1 second line", "5.1.1"),
        (550, "4.1.1 does not fit", None),
        (550, "see 5.1.1", None),
        (550, "5.1.1x", None),
        (550, "", None),
    ],
)
def test_enhanced_status_stands_at_the_beginning_and_fits_the_code(code: int, text: str, found: str | None) -> None:
    assert enhanced_status(code, text) == found
