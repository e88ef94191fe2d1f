"""What the templates say no with.

Permanent (422)
└── TemplateUnusable        the template is none, or cannot be rendered with what it is given
NotFound (404)
├── TemplateNotFound        no published version, or another organization's template
└── VersionNotFound
Conflict (409)
└── VersionNotPublished     what is not published cannot be retired
"""

from shared.runtime.errors import Conflict, NotFound, Permanent


class TemplateUnusable(Permanent):
    code, title = "template_unusable", "The template cannot be used"


class TemplateNotFound(NotFound):
    code, title = "template_not_found", "No such template"


class VersionNotFound(NotFound):
    code, title = "template_version_not_found", "No such version of the template"


class VersionNotPublished(Conflict):
    code, title = "template_version_not_published", "The version is not published"
