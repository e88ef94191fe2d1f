"""What is refused about organizations.

NotFound (404)
└── OrganizationNotFound
Conflict (409)
└── OrganizationTaken
"""

from shared.runtime.errors import Conflict, NotFound


class OrganizationNotFound(NotFound):
    code, title = "organization_not_found", "There is no such organization"


class OrganizationTaken(Conflict):
    code, title = "organization_taken", "Another organization has this id"
