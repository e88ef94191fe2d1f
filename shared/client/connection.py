"""A connection to the analytics service's API. It blocks: for use outside of event loops."""

import os
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

URL: Final = "http://127.0.0.1:8005"
TIMEOUT_S: Final = 30.0


class WaybillError(Exception):
    """The API said no, or did not answer.

    status: of the answer; 0 where there was none. code: stable, for programs. problem: the whole document.
    """

    def __init__(
        self, detail: str, *, status: int = 0, code: str = "unreachable", problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.problem = dict(problem or {})


class Connection:
    """Made when it is first used. url, token: WAYBILL_URL and WAYBILL_TOKEN, read then, where they are not given."""

    def __init__(self, url: str | None = None, token: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._token = token
        self._timeout_s = timeout_s
        self._client: httpx.Client | None = None

    def get(self, path: str, **query: Any) -> Any:
        """The decoded answer. Raises WaybillError."""
        params = {name: value for name, value in query.items() if value is not None}
        return self._decoded(self._request("GET", path, params=params))

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        """The decoded answer. Raises WaybillError. key: the Idempotency-Key under which it is carried out once; a new one else.

        An answer that was lost on the way is asked for once more under the same key.
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        try:
            return self._decoded(self._request("POST", path, json=dict(body), headers=headers))
        except WaybillError as error:
            if error.status:
                raise
            return self._decoded(self._request("POST", path, json=dict(body), headers=headers))

    def close(self) -> None:
        """Give back connections; the next call makes new ones."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _request(self, method: str, path: str, **parts: Any) -> httpx.Response:
        try:
            return self._connected().request(method, f"/v1/monitoring{path}", **parts)
        except httpx.HTTPError as error:
            url = self._connected().base_url
            raise WaybillError(f"the API at {url} does not answer ({type(error).__name__}); is WAYBILL_URL right?") from None

    def _connected(self) -> httpx.Client:
        if self._client is None:
            token = self._token or os.environ.get("WAYBILL_TOKEN")
            if not token:
                raise WaybillError("set WAYBILL_TOKEN to a token or an API key; `waybill token` makes one", code="no_token")
            self._client = httpx.Client(
                base_url=self._url or os.environ.get("WAYBILL_URL", URL),
                headers={"Authorization": f"Bearer {token}"},
                timeout=self._timeout_s,
            )
        return self._client

    def _decoded(self, response: httpx.Response) -> Any:
        try:
            said = response.json()
        except ValueError:
            said = None
        if response.is_success and said is not None:
            return said
        problem = said if isinstance(said, dict) else {}
        detail = str(problem.get("detail") or problem.get("title") or f"the API answered {response.status_code}")
        raise WaybillError(detail, status=response.status_code, code=str(problem.get("code", "unknown")), problem=problem)
