"""Shifts: two of a kind never overlap."""

from services.trips.tests.fleet import THEIRS, Fleet, at, code, fleet_of
from shared.testing.service import ApiClient


async def test_shifts_of_a_kind_do_not_overlap_and_may_follow_each_other(fleet: Fleet) -> None:
    path = f"/v1/drivers/{await fleet.driver()}/shifts"

    async def add(begin: str, end: str, kind: str = "duty") -> int:
        return (await fleet.api.post(path, json={"starts_at": begin, "ends_at": end, "kind": kind})).status_code

    added = [await add(at(8), at(12)), await add(at(12), at(16)), await add(at(11), at(13)), await add(at(9), at(10), "absence")]
    backwards = await add(at(12), at(12))
    listed = (await fleet.ok("GET", path))["items"]

    assert (added, backwards) == ([201, 201, 409, 201], 422)
    assert [(one["kind"], one["starts_at"]) for one in listed] == [("duty", at(8)), ("duty", at(12)), ("absence", at(9))]


async def test_a_shift_is_deleted_once_and_by_its_own_organization(fleet: Fleet, client: ApiClient) -> None:
    path = f"/v1/drivers/{await fleet.driver()}/shifts"
    shift = await fleet.ok("POST", path, json={"starts_at": at(8), "ends_at": at(12)})
    callers = (fleet_of(client, THEIRS), fleet, fleet)

    answers = [await caller.api.delete(f"{path}/{shift['id']}") for caller in callers]

    assert [one.status_code for one in answers] == [404, 204, 404]
    assert [code(answers[0])[1], code(answers[2])[1]] == ["driver_not_found", "shift_not_found"]
