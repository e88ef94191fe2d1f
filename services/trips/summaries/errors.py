"""What is refused about summaries.

NotFound (404)
└── PersonUnknown
"""

from shared.runtime.errors import NotFound


class PersonUnknown(NotFound):
    code, title = "person_unknown", "Trips has nothing to do with this person"
