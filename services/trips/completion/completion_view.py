"""A completion as it is shown, with its steps."""

from uuid import UUID

from services.trips.completion.repository import CompletionReader
from services.trips.completion.schemas import CompletionOut, MileageOut, StepOut
from services.trips.completion.service import completion_of


async def shown(completions: CompletionReader, trip_id: UUID, organization_id: UUID | None) -> CompletionOut:
    """Raises CompletionNotFound."""
    found = await completion_of(completions, trip_id, organization_id)
    own = {name: getattr(found, name) for name in CompletionOut.model_fields if name not in ("steps", "mileage")}
    return CompletionOut(
        **own,
        steps=[StepOut.model_validate(one) for one in await completions.steps(trip_id)],
        mileage=[MileageOut.model_validate(one) for one in await completions.mileage(trip_id)],
    )
