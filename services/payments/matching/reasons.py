"""Why manufacturers are left out, and why none was found, in sentences for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.payments.matching.planning import LineVerdict, Verdict
from services.payments.matching.pool_models import Member, Rule

NO_MANUFACTURER: Final = "no_manufacturer"
TOO_MANY_NEEDED: Final = "too_many_needed"
NOT_FOUND_IN_TIME: Final = "not_found_in_time"

_LINES_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line asks of a manufacturer. days: until the last day on which it is good; negative where that is past."""

    currency: str
    state_code: str | None
    quantity: int
    days: int
    until: date


def _says_region(asked: Asked) -> str:
    if asked.state_code is None:
        return "not delivering everywhere, and the order names no state"
    return f"not delivering to state {asked.state_code}"


def _says_lead_time(asked: Asked) -> str:
    return f"in need of more than {asked.days} days" if asked.days >= 0 else f"too late, because {asked.until} is past"


_RULE_SAYS: Final[Mapping[Rule, Callable[[Asked], str]]] = {
    "active": lambda _: "not active",
    "blocked": lambda _: "blocked",
    "excluded": lambda _: "left out by the question",
    "asked_before": lambda _: "asked before, and did not take it",
    "currency": lambda asked: f"not paid in {asked.currency}",
    "region": _says_region,
    "minimum_quantity": lambda asked: f"making more than {asked.quantity} at once only",
    "lead_time": _says_lead_time,
    "capacity": lambda _: "without so many free",
}
_MEMBER_SAYS: Final[Mapping[Rule, Callable[[Member], str]]] = {
    "active": lambda _: "is not active",
    "blocked": lambda _: "is blocked",
    "excluded": lambda _: "was left out",
    "asked_before": lambda _: "has declined it, or let an offer lapse",
    "currency": lambda member: f"is paid in {member.currency}",
    "region": lambda member: f"delivers to {', '.join(sorted(member.serves or ()))}",
    "minimum_quantity": lambda member: f"makes {member.minimum_quantity:,} or more at once",
    "lead_time": lambda member: f"needs {member.lead_time_days} days",
}


def rule_says(rule: Rule, asked: Asked) -> str:
    """What a rule says of those whom it leaves out, to be put after their number."""
    return _RULE_SAYS[rule](asked)


def member_says(rule: Rule, member: Member, free: int) -> str:
    """What a rule found at a manufacturer. free: units that it had left."""
    return f"has {free:,} units free" if rule == "capacity" else _MEMBER_SAYS[rule](member)


def reason_of(verdict: Verdict) -> tuple[str, str]:
    """(code, sentences) for an order that cannot be made."""
    without = [one for one in verdict.lines if not one.rated.able]
    if without:
        told = [_line_says(one, verdict) for one in without[:_LINES_TOLD]]
        more = len(without) - len(told)
        return NO_MANUFACTURER, " ".join([*told, *([f"And {more} more lines."] if more else [])])
    if not verdict.complete:
        return NOT_FOUND_IN_TIME, "There are too many ways to divide the lines among manufacturers; divide the order."
    partners = len(verdict.demand.partners)
    already = f", {partners} of whom make a part of it already" if partners else ""
    return TOO_MANY_NEEDED, (
        f"Each line has a manufacturer, but not as few together as the policy allows for one order{already}. "
        "Allow more of them, or divide the order."
    )


def _line_says(judged: LineVerdict, verdict: Verdict) -> str:
    line, window = judged.line, verdict.window
    wanted = f"Line {line.number}, {line.quantity:,} of {line.capability} until {window.until}"
    if not judged.pool.members:
        return f"{wanted}: no manufacturer can make it."
    asked = Asked(verdict.demand.currency, verdict.demand.state_code, line.quantity, window.days, window.until)
    counts: dict[Rule, int] = {rule: mask.bit_count() for rule, mask in judged.sifted.refused.items()}
    if judged.rated.short:
        counts["capacity"] = len(judged.rated.short)
    said = [f"{count} {rule_says(rule, asked)}" for rule, count in counts.items()]
    return f"{wanted}: of {len(judged.pool.members)} manufacturers {', '.join(said)}."
