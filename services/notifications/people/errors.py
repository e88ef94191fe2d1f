"""What the people say no with.

Permanent (422)
└── PersonUnusable      something of the person cannot be what it is said to be
NotFound (404)
└── PersonNotFound      there is none, or it is another organization's
"""

from shared.runtime.errors import NotFound, Permanent


class PersonUnusable(Permanent):
    code, title = "person_unusable", "The person cannot be kept as described"


class PersonNotFound(NotFound):
    code, title = "person_not_found", "No such person"
