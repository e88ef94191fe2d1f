"""What the categories say no with.

NotFound (404)
└── CategoryNotFound     there is none of this name for this organization
Conflict (409)
├── CategoryBuiltIn      Waybill's own categories are the same for everybody
└── LegalClassFixed      a category keeps the legal class that it was made with
"""

from shared.runtime.errors import Conflict, NotFound


class CategoryNotFound(NotFound):
    code, title = "category_not_found", "No such category"


class CategoryBuiltIn(Conflict):
    code, title = "category_built_in", "The category is built in"


class LegalClassFixed(Conflict):
    code, title = "legal_class_fixed", "The legal class of a category does not change"
