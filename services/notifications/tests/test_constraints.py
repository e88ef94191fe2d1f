"""Constraints that migrations have added without a look at the rows that were there."""

from sqlalchemy import text

from shared.runtime.db import Session


async def test_every_constraint_is_known_to_be_true_of_all_rows(session: Session) -> None:
    unproven = await session.scalars(
        text("SELECT conname FROM pg_constraint WHERE connamespace = CAST('notifications' AS regnamespace) AND NOT convalidated")
    )

    assert list(unproven) == []
