"""What the registry of Indian SMS texts says no with.

Invalid (422)
└── DltTemplateUnusable     the text and its variables do not go together
NotFound (404)
└── DltTemplateNotFound     there is none of this id, or it is another organization's
Conflict (409)
└── DltTemplateExists       the registry's id is entered already
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class DltTemplateUnusable(Invalid):
    code, title = "dlt_template_unusable", "The registered text cannot be used"


class DltTemplateNotFound(NotFound):
    code, title = "dlt_template_not_found", "No such registered text"


class DltTemplateExists(Conflict):
    code, title = "dlt_template_exists", "The text is entered already"
