"""What made-up shipments must lead to, told without the service: the default policy, and who hears of it how."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

from deploy.local.sample_shipments import SampleShipment

SEVERITIES: Final = ("critical", "high", "warning", "info")
"""The worst one first."""
DIGEST_ABOVE: Final = 20
"""A recipient with more shipments than this, critical ones and others apart, hears of all of them in one mail."""
_STEPS: Final = ((7, "critical"), (5, "high"), (3, "warning"), (1, "info"))

Mail = tuple[str, str]
"""Recipient and subject."""


def expected_severity(shipment: SampleShipment, day: date) -> str | None:
    """Of which severity the shipment's alert is; None where it raises none."""
    late = shipment.days_late(day)
    return next((severity for days, severity in _STEPS if late >= days), None)


def expected_severities(shipments: Iterable[SampleShipment], day: date) -> Counter[str]:
    """How many alerts of each severity the shipments must raise on a day."""
    found = (expected_severity(shipment, day) for shipment in shipments)
    return Counter(severity for severity in found if severity is not None)


def expected_mails(shipments: Iterable[SampleShipment], day: date) -> Counter[Mail]:
    """The mails that tell of these alerts, where nobody was told of any before."""
    told: dict[tuple[str, bool], list[tuple[str, SampleShipment]]] = {}
    for shipment in shipments:
        severity = expected_severity(shipment, day)
        for recipient in shipment.recipients.split(";") if severity is not None else ():
            told.setdefault((recipient, severity == "critical"), []).append((str(severity), shipment))
    mails: Counter[Mail] = Counter()
    for (recipient, _), late in told.items():
        if len(late) > DIGEST_ABOVE:
            mails[recipient, _digest(Counter(severity for severity, _ in late))] += 1
        else:
            mails.update((recipient, _single(severity, shipment, day)) for severity, shipment in late)
    return mails


def is_digest(subject: str) -> bool:
    """Whether a mail with this subject tells of many shipments."""
    return "shipments are late: " in subject


def is_critical(subject: str) -> bool:
    """Whether a mail with this subject tells of critical alerts."""
    return subject.startswith("Critical: ") or subject.endswith(" critical")


def _single(severity: str, shipment: SampleShipment, day: date) -> str:
    late = shipment.days_late(day)
    return f"{severity.capitalize()}: shipment {shipment.reference} is {late} {'day' if late == 1 else 'days'} late"


def _digest(counts: Counter[str]) -> str:
    parts = [f"{counts[severity]:,} {severity}" for severity in SEVERITIES if counts[severity]]
    return f"{counts.total():,} shipments are late: {', '.join(parts)}"
