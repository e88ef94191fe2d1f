"""What estimates of distances and arrivals assume."""

from datetime import timedelta
from typing import Final

DETOUR: Final = 1.3
"""Roads between two places of a town, beside the straight line: 1.2 to 1.4 in what is published of detour indices."""
OLDEST: Final = timedelta(minutes=30)
"""From an older fix nothing follows."""
RECENT: Final = timedelta(minutes=10)
USUAL_MPS: Final = 7.0
"""25 km/h, of traffic in a town; what is assumed of a vehicle that has not driven yet."""
USUAL_S: Final = 180.0
"""So much time at the usual speed counts beside what was driven, so that a red light does not mean for ever."""
