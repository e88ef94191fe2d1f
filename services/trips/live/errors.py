"""What is refused about live streams.

Invalid (422)
└── TooManyTrips
TooManyRequests (429)
└── TooManyStreams
"""

from shared.runtime.errors import Invalid, TooManyRequests


class TooManyTrips(Invalid):
    code, title = "too_many_trips", "One stream follows fewer trips"


class TooManyStreams(TooManyRequests):
    code, title = "too_many_streams", "This process holds as many streams as it can"
