"""Cursors of lists that are ordered by id alone."""

from uuid import UUID

from shared.runtime.http.cursors import PageRequest


def after_id(paging: PageRequest) -> UUID | None:
    """The id of the last row that the client has seen; None on the first page."""
    if paging.after is None:
        return None
    (last,) = paging.after
    assert isinstance(last, UUID), "cursors are signed, so this list has made it"
    return last
