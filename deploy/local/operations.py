"""A client of the services' operations API, `/v1/operations`, as an administrator of the local stack, or of one elsewhere."""

from collections.abc import Iterator
from typing import Any

import httpx

from deploy.local import elsewhere
from deploy.local.failures import StackError
from deploy.local.keys import mint_token
from deploy.local.stack import Stack
from shared.contracts.lanes import LANES, SERVICES

Json = dict[str, Any]


class Operations:
    """One service's operations."""

    def __init__(self, stack: Stack, service: str) -> None:
        if service not in SERVICES:
            raise StackError(f"There is no service called {service}.", f"choose from {', '.join(SERVICES)}")
        self._service = service
        if token := elsewhere.token():
            url, self._look = elsewhere.url(service), f"does {service.upper()}_URL lead to it?"
        else:
            url, self._look = stack.addresses.url(f"{service}-api"), "`waybill status` shows what runs, `make run` starts it"
            token = mint_token(stack.home, subject="operator:local", roles=["admin"], audience=service, ttl_s=300)
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=f"{url}/v1/operations", headers=headers, timeout=30, trust_env=False)

    def call(self, method: str, path: str, *, json: Any = None, params: Json | None = None) -> Any:
        """The decoded answer. StackError with the problem document's sentence when it is refused."""
        return self._decoded(self._request(method, path, json=json, params=params))

    def find(self, path: str, *, method: str = "GET", json: Any = None, params: Json | None = None) -> Any:
        """As `call`; None when the service knows no such thing."""
        response = self._request(method, path, json=json, params=params)
        return None if response.status_code == httpx.codes.NOT_FOUND else self._decoded(response)

    def _request(self, method: str, path: str, *, json: Any = None, params: Json | None = None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=json, params=params)
        except httpx.HTTPError as error:
            sentence = f"The {self._service} API does not answer ({type(error).__name__})."
            raise StackError(sentence, self._look) from None

    def _decoded(self, response: httpx.Response) -> Any:
        if response.is_error:
            sentence = f"{self._service} refused with {response.status_code}: {_detail(response)}"
            raise StackError(sentence, log=_wrong_places(response))
        return response.json() if response.content else None

    def pages(self, path: str, *, params: Json, limit: int) -> Iterator[Json]:
        """The items of a paged list, newest page after newest page, `limit` of them at most."""
        wanted, cursor = limit, None
        while wanted > 0:
            query = {**params, "limit": min(wanted, 100)} | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", path, params=query)
            yield from page["items"][:wanted]
            wanted -= len(page["items"])
            cursor = page.get("next_cursor")
            if not cursor or not page["items"]:
                return


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
        return str(problem.get("detail") or problem.get("title") or problem)
    except (ValueError, AttributeError):
        return response.text[:200]


def _wrong_places(response: httpx.Response) -> list[str]:
    """What is wrong with each part of the request, where the problem lists them."""
    try:
        return [
            f"{error['pointer'].removeprefix('#/') or 'the whole'} ({error['in']}): {error['detail']}"
            for error in response.json().get("errors", [])
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def known_lane(lane: str) -> str:
    """The lane itself; StackError when there is no such one."""
    if lane not in LANES:
        raise StackError(f"There is no lane called {lane}.", f"choose from {', '.join(LANES)}")
    return lane
