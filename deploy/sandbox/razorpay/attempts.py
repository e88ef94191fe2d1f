"""What becomes of an attempt to pay: well, declined, late, or nothing for a while; by the rules, the amount, or whoever pays."""

from dataclasses import dataclass

from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay import payments
from deploy.sandbox.razorpay.books import Books, Told
from deploy.sandbox.razorpay.reasons import LATE, MAGIC_DECLINES, MAGIC_S, PENDING, PENDING_THEN_FAILED, decline_of


@dataclass(frozen=True, slots=True)
class Course:
    """now: "authorized", "failed" or "created". later: what it then becomes, if anything, after so many seconds.

    reason: for which it fails, now or later.
    """

    now: str = "authorized"
    reason: str = "payment_failed"
    later: str | None = None
    seconds: float = MAGIC_S


def outcome(name: str, seconds: float | None = None) -> Course:
    """The course that whoever pays has asked for: `captured`, `pending`, `pending_failed`, `late`, or a reason to decline."""
    late_s = MAGIC_S if seconds is None else seconds
    match name:
        case "captured" | "authorized":
            return Course()
        case "pending":
            return Course("created", later="authorized", seconds=late_s)
        case "pending_failed":
            return Course("created", "payment_timed_out", "failed", late_s)
        case "late":
            return Course("failed", "payment_timed_out", "authorized", late_s)
        case reason:
            return Course("failed", reason)


def course_of(books: Books, payment: Document, wanted: Course) -> Course:
    """What becomes of a payment: the first rule about it decides, then its amount, then what was wanted."""
    rule = books.fate(payment, "decline", "pending", "late_authorisation")
    if rule is not None:
        seconds = MAGIC_S if rule.seconds is None else rule.seconds
        match rule.action:
            case "decline":
                return Course("failed", rule.reason or "payment_failed")
            case "pending":
                return Course("created", rule.reason or "", "failed" if rule.reason else "authorized", seconds)
            case _:
                return Course("failed", rule.reason or "payment_timed_out", "authorized", seconds)
    magic = payment["amount"] % 1000 if books.account.magic_amounts else 0
    if magic in MAGIC_DECLINES:
        return Course("failed", MAGIC_DECLINES[magic])
    names = {PENDING: "pending", PENDING_THEN_FAILED: "pending_failed", LATE: "late"}
    return outcome(names[magic]) if magic in names else wanted


def run(books: Books, payment: Document, course: Course) -> list[Told]:
    """Take a new payment through the first step of its course, and plan the second."""
    told: list[Told] = []
    if course.now == "authorized":
        told = payments.authorize(books, payment)
    elif course.now == "failed":
        told = payments.fail(books, payment, decline_of(course.reason))
    if course.later is not None:
        books.do_later(course.seconds, "attempt", payment["id"], status=course.later, reason=course.reason)
    return told


def go_on(books: Books, payment_id: str, status: str, reason: str) -> Document:
    """The bank has answered at last. A payment that has gone on by itself is left as it is, and one fails only once."""
    payment = books.get("payment", payment_id)
    if payment["status"] != "created" and (payment["status"], status) != ("failed", "authorized"):
        return payment
    told = payments.authorize(books, payment) if status == "authorized" else payments.fail(books, payment, decline_of(reason))
    books.tell(*told)
    return payment
