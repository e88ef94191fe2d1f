"""Shipments of real shape, made up: the same ones for the same seed.

References are container numbers with their check digit (ISO 6346), places are UN/LOCODEs.
"""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Final

# With the owner codes that their containers carry.
_CARRIERS: Final = {
    "Maersk": ("MAEU", "MSKU", "MRKU"),
    "MSC": ("MSCU", "MEDU"),
    "CMA CGM": ("CMAU", "CGMU"),
    "Hapag-Lloyd": ("HLXU", "HLBU"),
    "Ocean Network Express": ("ONEU",),
    "Evergreen": ("EGHU", "EISU"),
    "COSCO": ("CBHU", "CSNU"),
    "ZIM": ("ZIMU", "ZCSU"),
}
_ORIGINS: Final = ("CNSHA", "CNNGB", "CNYTN", "SGSIN", "KRPUS", "VNSGN", "INNSA", "MYPKG", "TRMER", "BRSSZ")
_DESTINATIONS: Final = ("DEHAM", "NLRTM", "BEANR", "FRLEH", "GBFXT", "ESVLC", "ITGOA", "USNYC", "USLAX", "USSAV")
_CUSTOMERS: Final = (
    "Nordlicht Handels GmbH",
    "Van Houten & Zoon B.V.",
    "Ateliers Lemaire S.A.",
    "Castillo Hermanos, S.L.",
    "Harbour & Finch Ltd",
    "Prairie Outfitters Inc.",
    'Müller "Alpin" Sport AG',
)
_STATUSES: Final = {"in_transit": 60, "arrived": 12, "customs_hold": 12, "released": 6, "delivered": 8, "cancelled": 2}
_WATCHED: Final = frozenset({"in_transit", "arrived", "customs_hold"})

# ISO 6346: letters count from 10 on, leaving out the multiples of 11.
_SIGN_VALUES: Final = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", [*range(10), *(n for n in range(10, 39) if n % 11)], strict=True)
)


@dataclass(frozen=True, slots=True)
class SampleShipment:
    """One row of an import; the fields are its columns."""

    reference: str
    customer: str
    carrier: str
    origin: str
    destination: str
    current_eta: date
    status: str
    recipient_email: str

    def days_late(self, day: date) -> int:
        """Days past the ETA; 0 where lateness does not matter, or not yet."""
        return max(0, (day - self.current_eta).days) if self.status in _WATCHED else 0


def generate(count: int, *, seed: int, today: date, domain: str) -> list[SampleShipment]:
    """So many different shipments, with ETAs from 12 days before `today` to 24 days after.

    domain: of the recipients' addresses.
    """
    draw = random.Random(seed)
    shipments: dict[str, SampleShipment] = {}
    while len(shipments) < count:
        carrier = draw.choice(list(_CARRIERS))
        customer = draw.randrange(len(_CUSTOMERS))
        reference = container_number(draw.choice(_CARRIERS[carrier]), draw.randrange(1_000_000))
        shipments[reference] = SampleShipment(
            reference=reference,
            customer=_CUSTOMERS[customer],
            carrier=carrier,
            origin=draw.choice(_ORIGINS),
            destination=draw.choice(_DESTINATIONS),
            current_eta=today + timedelta(days=draw.randint(-12, 24)),
            status=draw.choices(list(_STATUSES), list(_STATUSES.values()))[0],
            recipient_email=f"customs.desk.{customer + 1}@{domain}",
        )
    return list(shipments.values())


def container_number(owner: str, serial: int) -> str:
    """A container number with its check digit, after ISO 6346: `CSQU3054383`."""
    number = f"{owner}{serial:06}"
    total = sum(_SIGN_VALUES[sign] << place for place, sign in enumerate(number))
    return f"{number}{total % 11 % 10}"


def as_csv(shipments: Sequence[SampleShipment]) -> bytes:
    """The file that `POST /v1/shipments/import` takes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(SampleShipment)])
    writer.writeheader()
    writer.writerows(asdict(shipment) for shipment in shipments)
    return out.getvalue().encode()
