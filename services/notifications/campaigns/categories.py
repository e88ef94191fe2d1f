"""A campaign is nothing that its readers must get: its category is one that they may decline."""

from uuid import UUID

from services.notifications.campaigns.errors import CampaignUnusable
from services.notifications.categories.repository import CategoryReader


class CategoryCheck:
    """Looks at the legal class of a campaign's category."""

    def __init__(self, categories: CategoryReader) -> None:
        self._categories = categories

    async def check(self, category: str, organization_id: UUID | None) -> None:
        """Raises CampaignUnusable for a category that is transactional, or that nobody has declared."""
        found = await self._categories.find(category, organization_id)
        if found is None:
            raise CampaignUnusable(f"there is no category {category}; GET /v1/categories lists those that there are")
        if found.locked:
            raise CampaignUnusable(
                f"messages about {category} cannot be declined, so no campaign may be sent as such; use marketing or reminders"
            )
