"""Whether a message may be made of a template at all."""

from services.notifications.categories.models import Law
from services.notifications.deliveries.errors import MarketingLocked, TemplateUnknown
from services.notifications.templates.models import TemplateSource


def fit(source: TemplateSource | None, name: str, category: str, law: Law) -> TemplateSource:
    """The source, if there is one and messages of this category may say it. law: of the category.

    Raises TemplateUnknown and MarketingLocked.
    """
    if source is None:
        raise TemplateUnknown(f"no version of the template {name} is published; GET /v1/templates lists those that there are")
    # What nobody can decline passes all choices of its readers, so it would reach those who have declined advertising.
    if source.is_marketing and not law.can_be_declined:
        raise MarketingLocked(
            f"the template {name} is marketing, and messages about {category} cannot be declined; "
            "name the category marketing, or another that can be"
        )
    return source
