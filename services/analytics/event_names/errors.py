"""What is refused about names of events.

Conflict (409)
└── NameReserved
"""

from shared.runtime.errors import Conflict


class NameReserved(Conflict):
    code, title = "name_reserved", "The name is somebody else's"
