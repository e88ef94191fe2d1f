"""What an SMTP reply means: by its code, then by its enhanced status code (RFC 5321 §4.2, RFC 3463, RFC 4954 §6)."""

import re
from enum import IntEnum
from typing import Final

from services.notifications.providers.answers import ASCII_ALONE, Verdict


class Stage(IntEnum):
    """How far a mail has come. After BODY has begun, a lost connection leaves open whether the server has it."""

    CONNECT = 0
    MAIL = 1
    RCPT = 2
    DATA = 3
    BODY = 4


LOGIN_CODES: Final = frozenset({530, 534, 535, 538})
_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
_GREYLIST: Final = re.compile(r"gr[ea]y.?list", re.IGNORECASE)
NOBODY: Final = re.compile(
    r"(un|not a )known (user|recipient|mailbox|address|account)|(user|recipient|mailbox|address|account) (is )?unknown"
    r"|no such (user|recipient|mailbox|address|account|person)|not a registered (\w+ )?(user|recipient|address)"
    r"|no mailbox here|does(n't| not) exist"
    r"|(invalid|bad|unroute?able|undeliverable) (recipient|mailbox|address|user)"
    r"|(user|recipient|mailbox|account)( name)? (is )?"
    r"(unavailable|not found|not available|not allowed|disabled|inactive|deactivated)",
    re.IGNORECASE,
)
"""Words that say of a recipient that there is none. Without them, and without a code that does, nobody is given up for ever: a
server that refuses us, for what we are or have done, uses the same codes."""
_LISTED: Final = re.compile(
    r"(black|block|deny) ?-?list|spamhaus|dnsbl|\brbl\b|reputation|spam|\bblocked\b|\bbanned\b|polic(y|ies)", re.IGNORECASE
)
_FULL: Final = re.compile(
    r"(mail ?box|inbox|mail ?drop|user|recipient|account)('s)?( \w+)?( is)?( \w+)? full\b|over ?quota"
    r"|(mail ?box|inbox|storage|disk)('s)? (size )?limit|(user|recipient|mail ?box|inbox|account|storage|disk)('s)? (size )?quota"
    r"|quota (has been |is )?(exceeded|reached|full)"
    r"|exceed\w* ([\w']+ ){0,3}(quota|storage)",
    re.IGNORECASE,
)
"""Of the recipient's room, where a recipient has been named; before that it can only be the sender's."""
_TOO_FAST: Final = re.compile(r"receiving (e-?mails?|mails?|messages) (too (quickly|fast)|at a rate)", re.IGNORECASE)
"""Gmail's words of a recipient who is sent more than they may get at a time. It says them with 5.2.1, the code of a mailbox that
is disabled."""
_WORDS: Final[tuple[tuple[re.Pattern[str], Verdict], ...]] = (
    # For what we have named before, and for a loop: no waiting heals that.
    (re.compile(r"too many (hops|received|(invalid|bad|unknown|non-?existent) )", re.IGNORECASE), Verdict.BLOCKED),
    (re.compile(r"(sending|daily|hourly|rate|message|connection) (limit|quota)", re.IGNORECASE), Verdict.THROTTLED),
    (_FULL, Verdict.SOFT_RECIPIENT),
    (_TOO_FAST, Verdict.SOFT_RECIPIENT),
    (
        re.compile(r"\bsize\b.*(exceed|limit|too)|exceed.*\bsize\b|too (big|large)\b|larger than", re.IGNORECASE),
        Verdict.BAD_CONTENT,
    ),
    (re.compile(r"limit exceeded|too many", re.IGNORECASE), Verdict.THROTTLED),
    (_LISTED, Verdict.BLOCKED),
    (
        re.compile(r"relay|authenti|(un|not )authori[sz]ed|rcpthosts|not permitted|log ?in", re.IGNORECASE),
        Verdict.CONFIG,
    ),
    (NOBODY, Verdict.BAD_RECIPIENT),
)
"""The first that is found counts: of us first, since a server that refuses us often names the recipient as well."""

_BY_ENHANCED: Final[dict[str, Verdict]] = {
    "1.7": Verdict.CONFIG,  # bad sender's address syntax
    "1.8": Verdict.CONFIG,  # bad sender's system address
    "2.2": Verdict.SOFT_RECIPIENT,  # mailbox full
    "2.3": Verdict.BAD_CONTENT,  # larger than this mailbox takes
    "3.4": Verdict.BAD_CONTENT,  # larger than this system takes
    "6.7": Verdict.BLOCKED,  # ASCII_ALONE
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.4", "1.6", "1.10"), Verdict.BAD_RECIPIENT),  # addressing
    "2.1": Verdict.BAD_RECIPIENT,  # mailbox disabled, where no words say otherwise
    **dict.fromkeys(("4.1", "4.4", "4.310"), Verdict.BAD_RECIPIENT),  # Exchange's unknown recipient; no host for the domain
}
_BY_SUBJECT: Final[dict[str, Verdict]] = {
    "6": Verdict.BAD_CONTENT,  # conversion, media
    "7": Verdict.BLOCKED,  # policy
}
_BY_CODE: Final[dict[int, Verdict]] = {
    500: Verdict.BAD_CONTENT,
    501: Verdict.BAD_CONTENT,
    502: Verdict.BAD_CONTENT,
    503: Verdict.BAD_CONTENT,
    504: Verdict.BAD_CONTENT,
    521: Verdict.BAD_RECIPIENT,  # RFC 7504: the host takes no mail
    552: Verdict.SOFT_RECIPIENT,
    555: Verdict.BAD_CONTENT,
    556: Verdict.BAD_RECIPIENT,  # RFC 7504: the domain takes no mail
}


def enhanced_status(code: int, text: str) -> str | None:
    """The enhanced status code at the beginning of the text, where it fits the reply's code (RFC 2034 §4)."""
    match = _ENHANCED.match(text)
    return match[0] if match and match[1] == str(code)[0] else None


def is_of_recipient(stage: Stage, code: int, text: str) -> bool:
    """Whether a reply is about the one recipient that it answers: for another one the server may do its work."""
    enhanced = enhanced_status(code, text)
    # 421 and X.3.X are about the server itself (RFC 3463 §3.4).
    return stage is Stage.RCPT and code >= 400 and code != 421 and (enhanced is None or enhanced[1:3] != ".3")


def classify(stage: Stage, code: int, text: str) -> Verdict:
    """The verdict on a reply that came at `stage`. text: what follows the code, from its first line on."""
    if code < 400 and stage is Stage.BODY:
        return Verdict.ACCEPTED if 200 <= code < 300 else Verdict.UNKNOWN
    if code < 400:
        # No answer that makes sense here, however kind; aiosmtplib says -1 for one that cannot be read at all.
        return Verdict.THROTTLED if stage is Stage.CONNECT else Verdict.TRANSIENT
    if code == 421:
        return Verdict.THROTTLED
    if code in LOGIN_CODES:
        return Verdict.CONFIG
    if code < 500:
        return _temporary(stage, code, text)
    return _permanent(stage, code, text)


def _temporary(stage: Stage, code: int, text: str) -> Verdict:
    if stage is Stage.CONNECT:
        # The server refuses us for now, as in an AUTH that fails for a while (454): no mail may lose its tries by that.
        return Verdict.THROTTLED
    enhanced = enhanced_status(code, text)
    if enhanced == "4.2.2" or _GREYLIST.search(text) or _TOO_FAST.search(text):
        return Verdict.SOFT_RECIPIENT
    is_full = enhanced is None and stage is not Stage.MAIL and _FULL.search(text)
    return Verdict.SOFT_RECIPIENT if is_full else Verdict.TRANSIENT


def _permanent(stage: Stage, code: int, text: str) -> Verdict:
    if stage is Stage.CONNECT:
        # The server refuses us and not a mail: failing every mail for it would lose them all.
        return Verdict.CONFIG
    words = by_words(text)
    verdict = _by_enhanced(code, text, words) or words or _BY_CODE.get(code, Verdict.BLOCKED)
    if stage is Stage.MAIL and words is Verdict.SOFT_RECIPIENT:
        return Verdict.THROTTLED
    if stage is Stage.MAIL:
        # Before any recipient was named, an address that is wrong and one that is not allowed are the sender's.
        is_ours = verdict in (Verdict.BAD_RECIPIENT, Verdict.BLOCKED) and enhanced_status(code, text) != ASCII_ALONE
        return Verdict.CONFIG if is_ours else verdict
    if stage is not Stage.RCPT and verdict is Verdict.BAD_RECIPIENT and enhanced_status(code, text) is None:
        # Without a code of its own, a refusal of the text is about the text.
        return Verdict.BLOCKED
    return verdict


def _by_enhanced(code: int, text: str, words: Verdict | None) -> Verdict | None:
    enhanced = enhanced_status(code, text)
    if enhanced is None:
        return None
    _, subject, detail = enhanced.split(".")
    if (subject, detail) == ("2", "1") and words in (Verdict.SOFT_RECIPIENT, Verdict.THROTTLED, Verdict.BLOCKED):
        # This code alone gives a mailbox up for ever, and servers use it for one that takes nothing now, or nothing of us.
        return Verdict.BLOCKED if words is Verdict.BLOCKED else Verdict.SOFT_RECIPIENT
    return _BY_ENHANCED.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)


def by_words(text: str) -> Verdict | None:
    """What the words say where no code does."""
    return next((verdict for pattern, verdict in _WORDS if pattern.search(text)), None)
