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
_SHARES: Final = (34, 22, 15, 11, 8, 6, 4)
"""How many shipments each customer has: few have most of them."""
_STATUSES: Final = {"in_transit": 60, "arrived": 12, "customs_hold": 12, "released": 6, "delivered": 8, "cancelled": 2}
# References are container numbers, so nothing flies.
_MODES: Final = {"sea": 82, "multimodal": 12, "rail": 4, "road": 2}
_DOCUMENTS: Final = (
    "Bill of lading",
    "Commercial invoice",
    "Packing list",
    "Certificate of origin",
    "Import licence",
    "Phytosanitary certificate",
)
_DESKS: Final = ("customs.desk", "import.ops", "broker")
_FREE_DAYS: Final = (5, 10)
"""How many days after its arrival a container may stand for nothing."""
_MISSING: Final = {"customs_hold": (35, 45, 20), "arrived": (75, 20, 5)}
"""How often no, one or two papers are missing; elsewhere seldom."""
_WATCHED: Final = frozenset({"in_transit", "arrived", "customs_hold"})

# ISO 6346: letters count from 10 on, leaving out the multiples of 11.
_SIGN_VALUES: Final = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", [*range(10), *(n for n in range(10, 39) if n % 11)], strict=True)
)


@dataclass(frozen=True, slots=True)
class SampleShipment:
    """One row of an import; the fields are its columns, and what is a list is separated by semicolons."""

    reference: str
    customer: str
    carrier: str
    origin: str
    destination: str
    current_eta: date
    status: str
    recipients: str
    mode: str
    last_free_day: date | None
    missing_documents: str
    holds: str

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
        shipment = _draw_one(draw, today, domain)
        shipments[shipment.reference] = shipment
    return list(shipments.values())


def _draw_one(draw: random.Random, today: date, domain: str) -> SampleShipment:
    carrier = draw.choice(list(_CARRIERS))
    (customer,) = draw.choices(range(len(_CUSTOMERS)), _SHARES)
    reference = container_number(draw.choice(_CARRIERS[carrier]), draw.randrange(1_000_000))
    origin, destination = draw.choice(_ORIGINS), draw.choice(_DESTINATIONS)
    eta = today + timedelta(days=draw.randint(-12, 24))
    status = draw.choices(list(_STATUSES), list(_STATUSES.values()))[0]
    told = draw.choices((1, 2, 3), (70, 22, 8))[0]
    missing = draw.sample(_DOCUMENTS, draw.choices((0, 1, 2), _MISSING.get(status, (92, 7, 1)))[0])
    return SampleShipment(
        reference=reference,
        customer=_CUSTOMERS[customer],
        carrier=carrier,
        origin=origin,
        destination=destination,
        current_eta=eta,
        status=status,
        recipients=";".join(f"{desk}.{customer + 1}@{domain}" for desk in _DESKS[:told]),
        mode=draw.choices(list(_MODES), list(_MODES.values()))[0],
        last_free_day=None if status == "in_transit" else eta + timedelta(days=draw.randint(*_FREE_DAYS)),
        missing_documents=";".join(missing),
        holds=";".join(_draw_holds(draw, status, is_missing=bool(missing))),
    )


def _draw_holds(draw: random.Random, status: str, *, is_missing: bool) -> list[str]:
    """The kinds of hold in force: what customs holds is held by customs, often for want of a paper or until it is looked at."""
    if status not in ("arrived", "customs_hold"):
        return []
    chances = {
        "customs": status == "customs_hold",
        "freight": draw.random() < 0.15,
        "document": is_missing,
        "inspection": status == "customs_hold" and draw.random() < 0.35,
        "other": draw.random() < 0.03,
    }
    return [kind for kind, is_held in chances.items() if is_held]


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
