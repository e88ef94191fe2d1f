"""What the preferences say no with.

Invalid (422)
├── CategoryLocked       nobody can decline what is transactional
├── CategoryUnknown      a choice names a category that there is not
├── ChoiceImpossible     a choice that the channel or the category does not have
└── PauseUnusable        a pause that is over already, or too long
NotFound (404)
└── TokenInvalid         the token of a link was not made by us, or was altered
"""

from shared.runtime.errors import Invalid, NotFound


class CategoryLocked(Invalid):
    code, title = "category_locked", "The category cannot be declined"


class CategoryUnknown(Invalid):
    code, title = "category_unknown", "No such category"


class ChoiceImpossible(Invalid):
    code, title = "choice_impossible", "The choice is not offered there"


class PauseUnusable(Invalid):
    code, title = "pause_unusable", "The pause cannot be kept"


class TokenInvalid(NotFound):
    code, title = "link_invalid", "The link is not valid"
