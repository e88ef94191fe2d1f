"""What is refused about tariffs and billable trips.

NotFound (404)
├── TariffNotFound
└── TripNotFound
Conflict (409)
├── TariffVersionExists     a version holds from this moment already
├── TariffTooEarly          it would price trips that are completed by now
└── NoTariff                none was in force for the trip
"""

from shared.runtime.errors import Conflict, NotFound


class TariffNotFound(NotFound):
    code, title = "tariff_not_found", "No such tariff"


class TripNotFound(NotFound):
    code, title = "trip_not_found", "No such billable trip"


class TariffVersionExists(Conflict):
    code, title = "tariff_version_exists", "A version holds from this moment already"


class TariffTooEarly(Conflict):
    code, title = "tariff_too_early", "A tariff holds for trips that are still to come"


class NoTariff(Conflict):
    code, title = "no_tariff", "No tariff was in force for the trip"
